"""Scripted models beside the matcher: none may make the grade worse, and a perfect one must show."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

import pytest

from corpus.card import Card
from corpus.minilm import MiniLM
from corpus.read import read_decks
from prompts import Prompt
from tutor.errors import ModelTimeoutError
from tutor.grade import Grade, Grader
from tutor.match import Matcher
from tutor.model import Completion, Usage

Case = tuple[Card, str, bool]
Judge = Callable[[str, list[tuple[str, str]], str], str]


class Double:
    """A model that judges with a function of (question, points, answer)."""

    name = "double"
    where = "in this test"

    def __init__(self, judge: Judge) -> None:
        self.judge = judge

    def stream(
        self, prompt: Prompt, *, history: Sequence[tuple[str, str]] = (), max_tokens: int | None = None
    ) -> Iterator[str | Completion]:
        fence = re.findall(r"=====answer [0-9a-f]{16}=====", prompt.text)[0]
        answer = prompt.text.split(f"\n{fence}\n")[1]
        listed = prompt.text.split("Points, one a line")[1].split("First write")[0]
        text = self.judge(prompt.text, re.findall(r"^([0-9a-f]{6}): (.*)$", listed, re.MULTILINE), answer)
        yield text
        yield Completion(text=text, usage=Usage(), seconds=0.0, first_token_seconds=0.0, finish="stop")


@pytest.fixture(scope="module")
def matcher(minilm: MiniLM) -> Matcher:
    return Matcher(minilm)


@pytest.fixture(scope="module")
def cases() -> tuple[Case, ...]:
    decks = sorted((Path(__file__).parents[2] / "corpus" / "decks").glob("*.txt"))
    cards = {f"{Path(c.path).name[:3]}:{c.index}": c for deck in read_decks(decks) for c in deck.cards}
    lines = Path(__file__).with_name("answers.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return tuple((cards[row["card"]], row[key], key == "right") for row in rows for key in ("right", "against"))


@pytest.fixture(scope="module")
def alone(matcher: Matcher, cases: tuple[Case, ...]) -> list[Grade]:
    """What the matcher says without a model."""
    return grades(matcher, cases, None)


def line(key: str, verdict: str, answer: str) -> str:
    return f'POINT {key}: {verdict} | "{" ".join(answer.split()[:6]) if verdict != "missed" else ""}"'


def grades(matcher: Matcher, cases: Sequence[Case], judge: Judge | None) -> list[Grade]:
    grader = Grader(matcher, Double(judge) if judge else None)
    return [grader.grade_card(card, answer) for card, answer, _ in cases]


def accuracy(found: Sequence[Grade], cases: Sequence[Case]) -> float:
    return sum((grade.score >= 0.5) == right for grade, (_, _, right) in zip(found, cases, strict=True)) / len(cases)


def truth(cases: Sequence[Case]) -> Judge:
    right = {answer: good for _, answer, good in cases}
    own = {p.text for card, _, _ in cases for p in card.key_points}

    def judge(prompt: str, points: list[tuple[str, str]], answer: str) -> str:
        verdict = "made" if right[answer] else "contradicted"
        known = [any(" ".join(text.split()) in listed for text in own) for _, listed in points]
        return "\n".join(
            line(key, verdict if mine else "missed", answer) for (key, _), mine in zip(points, known, strict=True)
        )

    return judge


def test_a_perfect_model_makes_the_grade_right(matcher: Matcher, cases: tuple[Case, ...], alone: list[Grade]) -> None:
    helped = accuracy(grades(matcher, cases, truth(cases)), cases)
    assert helped > 0.95
    assert helped >= accuracy(alone, cases)


def test_a_sloppy_model_does_little_harm(matcher: Matcher, cases: tuple[Case, ...], alone: list[Grade]) -> None:
    perfect, random = truth(cases), Random(4)

    def sloppy(prompt: str, points: list[tuple[str, str]], answer: str) -> str:
        lines = perfect(prompt, points, answer).splitlines()
        return "\n".join(line(row.split()[1][:-1], "missed", answer) if random.random() < 0.2 else row for row in lines)

    assert accuracy(grades(matcher, cases, sloppy), cases) >= accuracy(alone, cases) - 0.02


def flattering(prompt: str, points: list[tuple[str, str]], answer: str) -> str:
    return "\n".join(line(key, "made", answer) for key, _ in points)


def rambling(prompt: str, points: list[tuple[str, str]], answer: str) -> str:
    return "What a lovely answer! I would say that it is mostly right. " * 20


def failing(prompt: str, points: list[tuple[str, str]], answer: str) -> str:
    raise ModelTimeoutError("too slow")


@pytest.mark.parametrize("judge", [flattering, rambling, failing])
def test_a_model_that_cannot_be_trusted_leaves_the_matchers_grade_with_a_note(
    matcher: Matcher, cases: tuple[Case, ...], alone: list[Grade], judge: Judge
) -> None:
    beside = grades(matcher, cases[:20], judge)
    assert [g.score for g in alone[:20]] == pytest.approx([g.score for g in beside], abs=1e-3)
    assert [g.verdict for g in alone[:20]] == [g.verdict for g in beside]
    assert all(g.note for g in beside)


def test_no_evidence_is_shown_that_the_learner_did_not_write(matcher: Matcher, cases: tuple[Case, ...]) -> None:
    for grade, (_, answer, _) in zip(grades(matcher, cases[:30], truth(cases)), cases, strict=False):
        assert all(point.evidence in answer for point in grade.key_points)
