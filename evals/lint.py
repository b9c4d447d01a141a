"""What is wrong with the cases of a suite as a whole: doubles, contradictions, cases that give their answer away.

Single lines are checked when they are read (`evals.case`). Mends nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from corpus.card import text_key
from corpus.keypoints import split
from evals.case import AnswerCase, Case, GradingCase, RetrievalCase
from evals.metrics.reply import plain, within
from evals.suite import Suite

Kind = Literal["double", "contradiction", "leak", "unscorable"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseFinding:
    """A fault among the cases, in plain words, at the line of the later one."""

    suite: str
    case: str
    line: int
    kind: Kind
    message: str


def lint(suite: Suite) -> tuple[CaseFinding, ...]:
    """All findings, in the order of the file."""
    found = [*_doubles(suite), *_retrieval(suite), *_answer(suite), *_grading(suite)]
    return tuple(sorted(found, key=lambda finding: (finding.line, finding.kind)))


def _finding(suite: Suite, case: Case, kind: Kind, message: str) -> CaseFinding:
    return CaseFinding(suite=suite.name, case=case.id, line=case.line, kind=kind, message=message)


def _doubles(suite: Suite) -> Iterator[CaseFinding]:
    """The same thing asked twice, word for word."""
    first: dict[str, Case] = {}
    for case in suite.cases:
        if isinstance(case, GradingCase):
            continue
        earlier = first.setdefault(text_key(case.asked), case)
        if earlier is not case:
            yield _finding(suite, case, "double", f"asks the same as {earlier.id} on line {earlier.line}")


def _retrieval(suite: Suite) -> Iterator[CaseFinding]:
    for case in suite.cases:
        if isinstance(case, RetrievalCase) and "learner" in case.tags:
            named = {text_key(name) for name in case.relevant}
            if text_key(case.query) in named:
                yield _finding(suite, case, "leak", "is a card's own question, and tagged as a learner's words")


def _answer(suite: Suite) -> Iterator[CaseFinding]:
    for case in suite.cases:
        if not isinstance(case, AnswerCase) or case.unanswerable:
            continue
        reference = text_key(case.reference)
        if reference in text_key(case.question):
            yield _finding(suite, case, "leak", "the question says the whole reference")
        if not split(case.reference, case.question):
            yield _finding(suite, case, "unscorable", "the reference has no key point")
        for forbidden in case.must_not:
            if within(plain(forbidden), plain(case.reference)):
                yield _finding(suite, case, "contradiction", f"must not say {forbidden!r}, which its reference says")


def _grading(suite: Suite) -> Iterator[CaseFinding]:
    first: dict[tuple[str, str], GradingCase] = {}
    for case in suite.cases:
        if not isinstance(case, GradingCase):
            continue
        earlier = first.setdefault((text_key(case.question), text_key(case.answer)), case)
        if earlier is not case:
            message = f"has the same answer as {earlier.id} on line {earlier.line}"
            if earlier.score == case.score:
                yield _finding(suite, case, "double", message)
            else:
                marks = f"{message}, marked {earlier.score:g} there and {case.score:g} here"
                yield _finding(suite, case, "contradiction", marks)
        if text_key(case.answer) == text_key(case.reference) and case.score < 1:
            yield _finding(suite, case, "contradiction", f"repeats the reference and is marked {case.score:g}")
