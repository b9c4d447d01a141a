from evals.case import DialogueCase
from evals.metrics import METRICS, Tools
from evals.subject import Answer, Found
from tutor.match import Matcher

CASE = DialogueCase(id="d", card="What does pooling do?", moves=("hint", "don't know"))
CARD = Found(
    card="c",
    question="What does pooling do?",
    text="- compresses information across spatial locations\n- saves parameters and computation",
)


def _leak(*before: str, matcher: Matcher | None = None) -> float | None:
    score = METRICS["no_leak"].score(CASE, Answer(found=(CARD,), before=before), Tools(matcher=matcher))
    return score.value if score else None


def test_a_tutor_that_tells_a_point_too_early_is_caught_by_plain_words_and_by_the_matcher() -> None:
    told = "Well, it compresses the information across all spatial locations."
    assert _leak(told) == _leak("The answer has 2 points.", told) == 0
    assert _leak("It saves parameters and computation.", matcher=Matcher(None)) == 0


def test_hints_about_the_shape_and_other_cards_are_no_leak() -> None:
    assert _leak("The answer has 2 points, each short.", "A whale is a mammal.", matcher=Matcher(None)) == 1
    assert _leak() == 1


def test_without_the_card_a_leak_cannot_be_judged() -> None:
    score = METRICS["no_leak"].score(CASE, Answer(before=("x",)), Tools())
    assert score
    assert score.value is None


def test_refused_moves_count_beyond_those_expected() -> None:
    refused = Answer(found=(CARD,), flags=("refused: not now", "rated"))
    assert METRICS["went_through"].score(CASE, refused, Tools()).value == 0  # type: ignore[union-attr]
    expecting = DialogueCase(id="d", card="x", moves=("rate: 3",), refused=1)
    assert METRICS["went_through"].score(expecting, refused, Tools()).value == 1  # type: ignore[union-attr]
