from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest

from corpus.chunk import Chunk, chunk_cards
from corpus.lexical import Lexical, split_words
from corpus.read import read_decks


def chunk(text: str) -> Chunk:
    return Chunk(id=text, card=text, deck="d", path="p", part=0, text=text)


TEXTS = [
    "What does the forget gate do?\ncontrols how much of the previous cell state is forgotten",
    "What does the input gate do?\ndecides which information to store",
    "What is pooling?\nsummarises each region of the feature map",
    "Was ist Rückpropagierung?\nGradienten rückwärts durch das Netz",
]


@pytest.fixture(scope="module")
def lexical() -> Lexical:
    return Lexical([chunk(text) for text in TEXTS])


def best(lexical: Lexical, query: str) -> int:
    return int(np.argmax(lexical.scores(query)))


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("forget gate", 0),
        ("frget gate", 0),
        ("input gates", 1),
        ("POOLING", 2),
        ("summarising regions", 2),
        ("ruckpropagierung", 3),
        ("Rückpropagierungen", 3),
    ],
)
def test_words_their_endings_and_slips_find_the_chunk(query: str, place: int, lexical: Lexical) -> None:
    assert best(lexical, query) == place


def test_words_nobody_wrote_score_nothing(lexical: Lexical) -> None:
    assert not lexical.scores("zebra quokka").any()
    assert not lexical.scores("").any()
    assert not lexical.scores("???").any()


def test_a_query_of_stop_words_alone_is_still_matched(lexical: Lexical) -> None:
    assert lexical.scores("what does").any()


def test_scores_are_a_share_of_the_query_between_zero_and_about_one(lexical: Lexical) -> None:
    scores = lexical.scores("forget gate zebra")
    assert scores.dtype == np.float32
    assert 0 < scores[1] < scores[0] < 1
    assert lexical.scores("forget gate")[0] > scores[0]


def test_no_chunks_give_no_scores() -> None:
    assert Lexical([]).scores("anything").shape == (0,)


def test_the_words_that_matched_are_named(lexical: Lexical) -> None:
    assert lexical.shared("what forgets the gates", TEXTS[0]) == ("forget", "gate")


def test_words_are_folded() -> None:
    assert split_words("The LSTM’s naïve gates, x=0 (BPTT)") == ["the", "lstm", "naive", "gates", "x", "0", "bptt"]


def test_every_card_is_found_by_its_own_question(bundled: tuple[Path, ...]) -> None:
    cards = {card.id: card for deck in read_decks(bundled) for card in deck.cards}
    chunks = chunk_cards(cards.values())
    lexical = Lexical(chunks)
    for place, made in enumerate(chunks):
        scores = lexical.scores(cards[made.card].question)
        assert int((scores > scores[place]).sum()) < 4, cards[made.card].question


def test_threads_may_keep_one_word_index_at_the_same_moment(tmp_path: Path) -> None:
    made = [chunk(text) for text in TEXTS]
    start = Barrier(4)

    def kept(turn: int) -> Lexical:
        start.wait()
        return Lexical.kept(made, tmp_path / f"words-{turn // 4}.npz")

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(kept, range(40)))
    assert all(best(one, "forget gate") == 0 for one in found)
    assert {path.suffix for path in tmp_path.iterdir()} == {".npz"}


def test_a_few_words_that_all_stand_in_the_question_name_it() -> None:
    index = Lexical([chunk("What is a generative adversarial network?\nTwo networks that compete")])
    question = "What is a generative adversarial network?"
    assert all(index.named(query, question) for query in ("adversarial network", "gan", "what are GANs", "networks"))
    assert not any(index.named(query, question) for query in ("compete", "adversarial heron", "", "vae"))
