import numpy as np
import pytest

from corpus.chunk import Chunk
from corpus.evidence import Evidence, Seen, gather, lead
from corpus.lexical import Lexical
from corpus.rerank import NO_STATES, SIZE, unpack

TEXTS = ["What does the forget gate do?\nIt clears 3 cells", "What does the reset gate do?\nIt limits memory"]


def states(*rows: int) -> np.ndarray:
    """One direction a row."""
    found = np.zeros((len(rows), SIZE), dtype=np.float32)
    found[np.arange(len(rows)), rows] = 1
    return found


def seen(query: str, rows: tuple[int, ...]) -> Evidence:
    """The evidence of the first text, whose question has the states 0 and 1 and whose answer has 2."""
    lexical = Lexical([Chunk(id=text, card=text, deck="d", path="p", part=0, text=text) for text in TEXTS])
    packed = (2).to_bytes(2, "little") + np.rint(states(0, 1, 2) * 127).astype(np.int8).tobytes()
    given = Seen(query=query, words=query.split(), states=states(*rows), card=TEXTS[0], told=unpack([packed])[0])
    return gather(given, [0.9, 0.5], (0.8, 0.7, 0.6), lexical, by_words=False)


def test_a_query_that_the_card_meets_has_no_gap() -> None:
    found = seen("forget gate", (0, 1))
    assert found.gap == pytest.approx(0, abs=1e-6)
    assert found.exact == 1
    assert found.question_worst == pytest.approx(1)
    assert found.margin == pytest.approx(0.4)
    assert found.strength == pytest.approx(0.4 * 0.8)
    assert found.asked == pytest.approx(np.log(3))


def test_the_gap_is_that_of_the_word_met_worst_and_more_for_terse_queries() -> None:
    terse, wordy = seen("forget zebra", (0, 9)), seen("what will the forget zebra be", (5, 6, 7, 0, 9, 8))
    assert terse.gap == pytest.approx(1)
    assert terse.terse_gap == pytest.approx(1)
    assert wordy.gap == pytest.approx(1)
    assert wordy.terse_gap == pytest.approx(1 / 3)
    assert terse.exact == 0


def test_a_word_in_the_answer_is_met_by_the_card_and_not_by_its_question() -> None:
    found = seen("clears", (2,))
    assert found.gap == pytest.approx(0, abs=1e-6)
    assert found.question_worst == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("query", "flags"),
    [
        ("the forget gate", {"named": 1.0}),
        ("forget or reset gate now", {"joins": 1.0}),
        ("who invented gate", {"fact": 1.0}),
        ("gate with 7 cells", {"number": 1.0}),
        ("gate with 3 cells", {}),
    ],
)
def test_the_kind_of_question_is_seen(query: str, flags: dict[str, float]) -> None:
    found = seen(query, tuple(range(len(query.split()))))
    for name in ("named", "joins", "fact", "number"):
        assert getattr(found, name) == pytest.approx(flags.get(name, 0.0)), name


def test_without_states_only_the_scores_and_the_count_of_words_are_known() -> None:
    lexical = Lexical([Chunk(id="1", card="1", deck="d", path="p", part=0, text=TEXTS[0])])
    nothing = np.zeros((0, SIZE), dtype=np.float32)
    given = Seen(query="forget the gate", words=[], states=nothing, card=TEXTS[0], told=NO_STATES)
    found = gather(given, [0.9], (0.0, 0.0, 0.6), lexical, by_words=True)
    assert (found.late, found.lexical, found.lead) == (0.0, 0.6, 0.9)
    assert found.asked == pytest.approx(np.log(3))
    assert found.gap == found.terse_gap == 0


def test_the_lead_is_over_the_mean_of_the_next_four() -> None:
    assert lead([1.0, 0.8, 0.6, 0.4, 0.2, 0.0], rest_is_zero=False) == pytest.approx(0.5)
    assert lead([1.0, 0.8], rest_is_zero=False) == pytest.approx(0.2)
    assert lead([1.0, 0.8], rest_is_zero=True) == pytest.approx(0.8)
    assert lead([0.9], rest_is_zero=False) == pytest.approx(0.3)
