from pathlib import Path

from corpus.card import KeyPoint
from corpus.read import read_decks
from tutor.contrast import contrasts

POINTS = (
    KeyPoint(id="a", text="Low learning rates are slow", head=""),
    KeyPoint(id="b", text="Max pooling: selects the largest value"),
    KeyPoint(id="c", text="Average pooling: computes the mean of 4 values"),
)


def by_kind() -> dict[str, str]:
    return {made.kind: made.answer for made in contrasts("What is pooling?", POINTS, ["A volcano spits lava."])}


def test_each_kind_changes_what_it_says_it_changes() -> None:
    made = by_kind()
    assert "Low learning rates are not slow" in made["negated"]
    assert "Max pooling: computes the mean" in made["swapped"]
    assert "40 values" in made["number"]
    assert made["opposed"] != made["verbatim"]
    assert made["copied_question"] == "What is pooling?"
    assert made["other_card"] == "A volcano spits lava."


def test_terse_keeps_numbers_and_what_means_something() -> None:
    terse = by_kind()["terse"]
    assert "4" in terse
    assert " are " not in terse


def test_half_says_which_points_are_left_out() -> None:
    half = next(made for made in contrasts("What is pooling?", POINTS, []) if made.kind == "half")
    assert half.touched == (False, False, True)


def test_the_same_card_gives_the_same_answers() -> None:
    assert contrasts("q", POINTS, ["x y z"], seed=3) == contrasts("q", POINTS, ["x y z"], seed=3)


def test_every_bundled_card_can_be_turned_into_answers(bundled: tuple[Path, ...]) -> None:
    for deck in read_decks(bundled):
        for card in deck.cards:
            made = {one.kind for one in contrasts(card.question, card.key_points, ["Something else entirely."])}
            assert {"verbatim", "terse", "negated", "other_card", "attack", "soup"} <= made
