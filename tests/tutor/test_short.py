"""Short answers: what was said decides."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from corpus.keypoints import split
from corpus.minilm import MiniLM
from tutor.grade import Grade, Grader
from tutor.match import Matcher
from tutor.short import Outcome, compare


@pytest.mark.parametrize(
    ("question", "reference", "answer", "outcome"),
    [
        ("What is the capital of Peru?", "Lima", "  lima. ", "same"),
        ("What is the capital of Peru?", "Lima", "La Paz", "other"),
        ("What is the capital of Australia?", "Canberra", "It's Canbera", "same"),  # a slip
        ("Last part of the small intestine", "Ileum", "ilium", "else"),  # no slip: another word
        ("Cell division that makes gametes", "Meiosis", "mitosis", "opposite"),
        ("Which hormone raises it?", "hyperglycaemia", "hypoglycaemia", "opposite"),
        ("When did it end?", "8 May 1945", "May 8th, 1945", "same"),
        ("When did it end?", "8 May 1945", "8.5.1945", "same"),
        ("When did it end?", "8 May 1945", "1945", "part"),
        ("When did it end?", "8 May 1945", "8 May 1944", "opposite"),
        ("How many are there?", "46", "forty-six", "same"),
        ("Speed of light", "3 × 10^8 m/s", "300,000,000 m/s", "same"),
        ("Derivative of sin x", "cos x", "-cos x", "else"),
        ("Newton's second law", "F = m * a", "F=ma", "same"),
        ("traurig", "sad, unhappy", "unhappy", "same"),  # glosses of a bare term
        ("Name the primary colours.", "red, yellow", "red", "part"),  # members of a list
        ("Which bond shares electrons?", "Covalent bond", "covalent", "same"),  # the question says the rest
        ("Who wrote Faust?", "Johann Wolfgang von Goethe", "Goethe", "same"),
        ("Who wrote Faust?", "Johann Wolfgang von Goethe", "Johann", "part"),
        ("食べる", "to eat", "eat", "same"),
        ("reading of 山", "やま", "いま", "else"),
        ("What is the past tense of 'go'?", "went", "gone", "other"),  # stems alike are not the same form
        ("Is it Lima?", "Lima", "not Lima", ""),
        ("What is it?", "Lima", "word " * 40, ""),
        ("What kind of function is it?", "not linear", "linear", ""),
        ("What is the base case?", "When the size of the array to be sorted is 1 (or 2)", "array of length 1", ""),
        ("What is the base case?", "1 (or 2)", "1", "same"),
        ("Why does the saxophone make the lowest sounds?", "the fattest tube", "it is bigger and slower", "else"),
        ("Which are they?", "1, 2, 3", "1,2,3", "same"),
        ("Which are they?", "1, 2, 3", "1,2,3,4,5", "opposite"),
        ("What does it cost?", "1234.56", "1.234,56", "same"),
        ("What is big?", "1" * 70, "2 × 10^99", "opposite"),
    ],
)
def test_short_answers_are_told_apart(question: str, reference: str, answer: str, outcome: Outcome) -> None:
    vocabulary = {"ilium"}
    assert compare(question, reference, answer, vocabulary) == outcome


@pytest.fixture(scope="module")
def grader(minilm: MiniLM) -> Grader:
    return Grader(Matcher(minilm))


def graded(grader: Grader, half: str, kind: str) -> Iterator[Grade]:
    lines = Path(__file__).with_name("short_answers.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [case for case in map(json.loads, lines) if case["half"] == half and case["kind"] == kind]
    return grader.grade_many(cases)


def share(grades: Sequence[Grade], *verdicts: str) -> float:
    return sum(grade.settled and grade.verdict in verdicts for grade in grades) / len(grades)


@pytest.mark.parametrize("half", ["tune", "kept"])
def test_other_names_are_not_let_through_and_right_ones_are(grader: Grader, half: str) -> None:
    wrong, right = (list(graded(grader, half, kind)) for kind in ("wrong", "right"))
    assert share(wrong, "correct", "partial") <= 0.03
    assert share(right, "wrong") <= 0.03
    assert share(right, "correct") >= 0.88


def test_gloss_or_reading_that_stands_in_a_list_is_made(grader: Grader) -> None:
    points = split("to be, to have\nreading: ある", "在る")
    reference = "to be, to have\nreading: ある"

    def verdicts(answer: str) -> list[str]:
        grade = grader.grade(question="在る", reference=reference, answer=answer, key_points=points)
        return [grade.verdict, *(point.verdict for point in grade.key_points)]

    assert verdicts("to have, ある") == ["correct", "made", "made"]
    assert verdicts("to be") == ["partial", "made", "missed"]
    assert verdicts("to go") == ["wrong", "missed", "missed"]
