from dataclasses import replace

import pytest

from corpus.card import Card, KeyPoint
from tutor.feedback import feedback, first_look, first_looks
from tutor.grade import Grade, PointGrade
from tutor.rules import not_known, ticked, ungraded


def grade(card: Card, *verdicts: str, settled: bool = True) -> Grade:
    """A grade with these verdicts, point by point; what was said stands in for what was meant."""
    share = 1 / len(verdicts)
    points = tuple(
        PointGrade(
            id=point.id,
            text=point.text,
            verdict=verdict,  # type: ignore[arg-type]
            evidence=f"my {point.text.split()[0]}" if verdict not in ("missed", "unsure") else "",
            weight=share,
            confidence=1,
            credit=float(verdict == "made"),
        )
        for point, verdict in zip(card.key_points, verdicts, strict=True)
    )
    score = sum(point.weight * point.credit for point in points)
    verdict = "correct" if score > 0.7 else "wrong" if score < 0.3 else "partial"
    return Grade(score=score, verdict=verdict, settled=settled, key_points=points)  # type: ignore[arg-type]


def test_partial_answer_is_told_what_was_right_what_was_missing_and_one_next_thing(cards: tuple[Card, ...]) -> None:
    assert feedback(cards[0], grade(cards[0], "made", "missed")) == (
        "Partly: 1 of 2 points.\n"
        "Right, in your words: “my nectar”.\n"
        "Missing [1], about 50% of the answer: small insects.\n"
        "Next: say the missing point once in your own words."
    )


def test_points_made_in_part_only_are_not_told_as_none(cards: tuple[Card, ...]) -> None:
    half = replace(grade(cards[0], "partly", "partly"), score=0.5, verdict="partial")
    assert feedback(cards[0], half).startswith("Partly: some of it is there.\n")
    assert first_look(half).split("\n")[0] in first_looks(2)


def test_contradiction_is_shown_beside_the_card(cards: tuple[Card, ...]) -> None:
    assert feedback(cards[4], grade(cards[4], "made", "contradicted", "made")) == (
        "Partly: 2 of 3 points.\n"
        "Right, in your words: “my quartz”; “my mica”.\n"
        "Against the card, about 30% of the answer: you said “my feldspar”, but the card says “feldspar” [1].\n"
        "Next: find the word in your answer that turns it round, and say it the card's way."
    )


def test_correct_answer_is_told_so_shortly(cards: tuple[Card, ...]) -> None:
    assert feedback(cards[1], grade(cards[1], "made")) == (
        "Correct: your answer says what the card says [1].\nNext: rate how well you knew it."
    )


def test_unsure_grader_does_not_pretend(cards: tuple[Card, ...]) -> None:
    words = feedback(cards[1], grade(cards[1], "made", settled=False))
    assert words.startswith("This seems to be the answer, but I am not sure.")
    assert words.endswith("Next: tick the points you made.")


def test_ticks_are_called_ticks(cards: tuple[Card, ...]) -> None:
    hers = ticked(grade(cards[4], "missed", "missed", "missed"), ["000001", "000003"])
    assert (hers.score, hers.settled, hers.grader) == (0.6667, True, "learner")
    assert "You ticked: quartz; mica." in feedback(cards[4], hers, ticked=True)


@pytest.mark.parametrize(
    ("made", "words"),
    [(not_known, "Here is what the card says [1]."), (lambda card: ungraded(card, "x"), "Nobody could grade this")],
)
def test_answer_that_nobody_judged_is_neither_praised_nor_blamed(
    cards: tuple[Card, ...], made: object, words: str
) -> None:
    given: Grade = made(cards[0])  # type: ignore[operator]
    assert feedback(cards[0], given, known=made is not not_known).startswith(words)


@pytest.mark.parametrize("verdicts", [("missed", "missed"), ("contradicted", "missed"), ("unsure", "missed")])
@pytest.mark.parametrize("settled", [True, False])
def test_wrong_answer_is_never_praised_and_asked_nothing(
    cards: tuple[Card, ...], verdicts: tuple[str, str], settled: bool
) -> None:
    words = feedback(cards[0], grade(cards[0], *verdicts, settled=settled))
    assert not {"right", "good", "well", "correct", "great"} & set(words.casefold().replace(":", " ").split())
    assert (words.count("Next:"), words.count("?")) == (1, 0)


def test_long_points_are_cut_at_a_word_and_heads_are_told(cards: tuple[Card, ...]) -> None:
    long = replace(cards[1].key_points[0], text="burrow " * 60, head="Where:")
    card = replace(cards[1], key_points=(long,))
    words = feedback(card, grade(card, "missed"))
    assert "Missing [1]: Where: burrow" in words
    assert "burrow …" in words
    assert len(words) < 320


@pytest.mark.parametrize("points", [1, 2, 5])
def test_all_that_a_first_look_says_of_its_own_is_known_before(cards: tuple[Card, ...], points: int) -> None:
    texts = [KeyPoint(id=f"p{at}", text=f"point {at}") for at in range(points)]
    card, known = replace(cards[0], key_points=tuple(texts)), first_looks(points)
    for made in range(points):
        given = grade(card, *["made"] * made, *["missed"] * (points - made))
        if given.verdict == "correct":
            continue  # is shown at once
        own = [line for line in first_look(given).split("\n") if not line.startswith("Right, in your words")]
        assert set(own) <= set(known)
