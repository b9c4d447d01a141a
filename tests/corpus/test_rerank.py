import numpy as np
import pytest

from corpus.minilm import MiniLM, TokenVectors
from corpus.rerank import NO_STATES, SIZE, merged, met_words, pack, score, unpack, words_and_states

CARDS = [
    "What does the forget gate do?\nIt throws old information away",
    "What is pooling?\nIt summarises regions of a feature map",
    "Who was Mozart?\nA composer from Salzburg",
]


def test_word_pieces_become_words(minilm: MiniLM) -> None:
    [pieces] = minilm.tokens(["TBPTT truncates backpropagation"])
    words, states = words_and_states(pieces)
    assert words == ["tbptt", "truncates", "backpropagation"]
    assert states.shape == (3, SIZE)
    assert np.allclose(np.linalg.norm(states, axis=1), 1, atol=1e-5)
    assert merged(pieces)[1].shape == (3, 384)


def test_packing_keeps_directions_and_the_length_of_the_question(minilm: MiniLM) -> None:
    [pieces] = minilm.tokens(CARDS[:1])
    _, states = words_and_states(pieces)
    packed = pack(pieces, CARDS[0])
    assert len(packed) == 2 + SIZE * len(states)
    assert int.from_bytes(packed[:2], "little") == len("what does the forget gate do ?".split())
    assert float((unpack([packed])[0].rows * states).sum(axis=1).min()) > 0.999


def test_the_card_that_meets_the_words_scores_highest(minilm: MiniLM) -> None:
    cards = unpack([pack(pieces, text) for pieces, text in zip(minilm.tokens(CARDS), CARDS, strict=True)])
    for place, query in enumerate(("gate that drops stale memory", "shrinking the map of features", "music writer")):
        words, states = words_and_states(minilm.tokens([query])[0])
        whole, question = score(states, np.ones(len(words), dtype=np.float32), cards)
        assert int(whole.argmax()) == place
        assert (question <= whole + 1e-6).all()
        assert met_words(states, cards[place])[0].mean() == pytest.approx(float(whole[place]), abs=1e-3)


def test_texts_without_words_score_nothing(minilm: MiniLM) -> None:
    nothing = TokenVectors(words=(), spans=(), vectors=np.zeros((0, 384), dtype=np.float32))
    words, states = words_and_states(nothing)
    assert words == []
    cards = unpack([pack(nothing, ""), b"", pack(minilm.tokens(CARDS[:1])[0], CARDS[0])])
    asked_words, asked = words_and_states(minilm.tokens(["forget gate"])[0])
    weights = np.ones(len(asked_words), dtype=np.float32)
    whole, _ = score(asked, weights, cards)
    assert whole[0] == whole[1] == 0 < whole[2]
    assert not score(states, np.zeros(0, dtype=np.float32), cards)[0].any()
    assert not met_words(asked, NO_STATES)[0].any()
