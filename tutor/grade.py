"""The grade of an answer: a verdict with evidence for each key point, and a score that is arithmetic over them.

No number a model gave enters the score. What words and vectors say about a point is measured in `match.py`.
"""

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Literal

from corpus.card import Card, KeyPoint, text_key
from corpus.keypoints import split

from .attack import guard
from .clauses import MAX_CHARS, clean, plain
from .errors import ModelError
from .match import Job, Match, Matcher, PointMatch
from .model import ChatModel
from .verdicts import Spoken, Verdict, ask

LIMIT = 0.25  # the risk above which the learner is asked; what it costs and buys is in match.md
CORRECT, WRONG = 0.7, 0.3
SURE = 1 - LIMIT  # what is not wholly made is correct only where that stands without asking the learner
MADE, PARTLY = CORRECT, 0.4  # an answer whose points are all made is correct, and never "partly right"
CONTRADICTED, DOUBTED = 0.25, 0.2  # from here on a clash is called one, or leaves the point unsure
COSTS = 0.1  # from here on a clash takes credit, by how likely it is
AGAINST = -0.25  # what a contradicted point earns: saying the opposite is worse than leaving the point out
# How far a contradiction at least so likely takes the credit of other points along, in full from 1 / WIDELY of the card
PLAIN, SPREAD, WIDELY = 0.3, 0.9, 3.0
TRUSTED = 0.85  # from this confidence on, the matcher's verdict on a point stands against a model's
OTHER_CARD = "Another card asks the same and answers it so, which is right as well."
_BATCH = 32
_CAPPED = {
    "keyword_soup": 0.1, "copied_question": 0.1, "guesses": 0.0, "both_ways": 0.25, "scattered": 0.4, "long": 0.6,
}  # fmt: skip


Outcome = Literal["correct", "partial", "wrong", "ungraded"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PointGrade:
    """One key point: the verdict, the learner's words that show it, its share, and how much of it is earned."""

    id: str
    text: str
    verdict: Verdict
    evidence: str
    weight: float
    confidence: float
    credit: float = 0.0
    why: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Grade:
    """`score` is the sum of weight times credit over the points; where not `settled`, the learner decides."""

    score: float
    verdict: Outcome
    settled: bool
    key_points: tuple[PointGrade, ...]
    flags: tuple[str, ...] = ()
    grader: str = ""
    seconds: float = 0.0
    note: str = ""
    extra: tuple[str, ...] = field(default=())


class Grader:
    """Grades answers with the matcher, and with a language model beside it where one is given. Raises on no text."""

    def __init__(self, matcher: Matcher, model: ChatModel | None = None, *, limit: float = LIMIT) -> None:
        self._matcher = matcher
        self._model = model
        self.limit = limit

    def grade(
        self,
        *,
        question: str,
        reference: str,
        answer: str,
        key_points: Sequence[KeyPoint] = (),
        accepted: Sequence[str] = (),
    ) -> Grade:
        """The grade of one answer; the points are split from the reference where none are given.

        `accepted` holds other answers that count as right for this card, as stored after an appeal.
        """
        points = tuple(key_points) or split(clean(reference), clean(question))
        job = Job(question=question, points=points, reference=reference, answer=answer)
        return self._accepted(job, accepted) or self._grade([job])[0]

    def grade_card(self, card: Card, answer: str, accepted: Sequence[str] = (), others: Sequence[str] = ()) -> Grade:
        """The grade of an answer to a card; `others` are other cards' answers to its question, right too."""
        better = (doubt.better for doubt in card.disputed if doubt.better)
        asked: dict[str, Any] = {"question": card.question, "reference": card.reference, "answer": answer}
        grade = self.grade(**asked, key_points=card.key_points, accepted=(*accepted, *better))
        if grade.verdict == "correct":
            return grade
        other = self._accepted(Job(**asked, points=card.key_points), others)
        return replace(other, note=OTHER_CARD) if other else grade

    def grade_many(self, cases: Iterable[Mapping[str, Any]]) -> Iterator[Grade]:
        """A grade for each case {question, reference, answer, key_points?}, in order, matched in batches.

        One batch ahead is read by the embedder, in a thread beside, while this one is graded.
        """
        jobs = map(_job, cases)
        batch = list(islice(jobs, _BATCH))
        with ThreadPoolExecutor(1, "tutor-reading") as beside:
            while batch:
                following = list(islice(jobs, _BATCH))
                reading = beside.submit(self._matcher.read, [job.answer for job in following])
                yield from self._grade(batch)
                reading.result()
                batch = following

    def appeal(
        self, *, question: str, reference: str, answer: str, reason: str, key_points: Sequence[KeyPoint] = ()
    ) -> Grade:
        """The answer graded again with the learner's reason as one more claim to check, never as an order.

        A point that only the reason makes is unsure, so the learner decides; nothing that was made is lost.
        """
        first = self.grade(question=question, reference=reference, answer=answer, key_points=key_points)
        said = guard(question, reference, reason).text
        again = self.grade(
            question=question, reference=reference, answer=f"{answer.rstrip()}\n{said}", key_points=key_points
        )
        points = tuple(_claimed(old, new) for old, new in zip(first.key_points, again.key_points, strict=True))
        if points == first.key_points:
            return replace(first, note="The reason shows nothing that the answer did not already show.")
        score = sum(point.weight * point.credit for point in points)
        return replace(
            first,
            key_points=points,
            score=round(min(1.0, max(first.score, score)), 4),
            settled=False,
            note="With your reason some points may count. Tick those that your answer makes.",
        )

    def _accepted(self, job: Job, accepted: Sequence[str]) -> Grade | None:
        """Full marks for an answer that is, or clearly says, one of the accepted alternatives."""
        said = text_key(clean(job.answer[:MAX_CHARS]))
        for other in accepted:
            whole = (KeyPoint(id="other", text=other),)
            if text_key(clean(other)) != said:
                found = self._matcher.match(job.question, whole, other, job.answer)
                if found.probability < 0.85 or found.points[0].contradiction >= DOUBTED or found.flags:
                    continue
            points = _plain_points(job, "made", job.answer.strip(), 1.0)
            return Grade(
                score=1.0, verdict="correct", settled=True, key_points=points, flags=("accepted",), grader="rule"
            )
        return None

    def _grade(self, jobs: Sequence[Job]) -> list[Grade]:
        start = time.perf_counter()
        ruled = [_by_rule(job) for job in jobs]
        open_jobs = [job for job, rule in zip(jobs, ruled, strict=True) if rule is None]
        matches = iter(self._matcher.match_many(open_jobs)) if open_jobs else iter(())
        each = (time.perf_counter() - start) / len(jobs)
        grades = []
        for job, rule in zip(jobs, ruled, strict=True):
            began = time.perf_counter()
            grade = rule or self._judge(job, next(matches))
            grades.append(replace(grade, seconds=each + time.perf_counter() - began))
        return grades

    def _judge(self, job: Job, match: Match) -> Grade:
        enough = wanted(job.question, job.points)
        if enough:
            match = replace(match, points=tuple(replace(point, support=point.alone) for point in match.points))
        doubts = (0.0,) * len(match.points) if enough else tainted(match)
        points = _best([_point(job, at, match, doubt) for at, doubt in enumerate(doubts)], enough)
        alone = self._sum(match, points, _chances(points) if enough else (match.probability, match.some))
        if self._model is None or "empty" in match.flags:
            return alone
        try:
            spoken = ask(self._model, job.question, job.reference, job.points, clean(job.answer[: 2 * MAX_CHARS]))
        except ModelError as error:
            return replace(alone, note=error.plain)
        merged = _best([_merged(point, spoken[point.id]) for point in points], enough)
        grade = self._sum(match, merged, _chances(merged))
        return replace(grade, grader=f"{self._model.name} + {self._matcher.name}")

    def _sum(self, match: Match, points: Sequence[PointGrade], chances: tuple[float, float]) -> Grade:
        """Score, verdict and whether it stands; `chances`: that the whole is right, that something of it is."""
        score = sum(point.weight * point.credit for point in points)
        cap = min((_CAPPED[flag] for flag in match.flags if flag in _CAPPED), default=1.0)
        if score > cap:
            points = [replace(point, credit=point.credit * cap / score) for point in points]
            score = cap
        verdict = outcome(score, {point.verdict for point in points})
        return Grade(
            score=round(min(1.0, max(0.0, score)), 4),
            verdict=verdict,
            settled=self._settled(verdict, points, chances, match.flags),
            key_points=tuple(points),
            flags=match.flags,
            grader=self._matcher.name,
            extra=match.extra,
        )

    def _settled(
        self, verdict: Outcome, points: Sequence[PointGrade], chances: tuple[float, float], flags: Sequence[str]
    ) -> bool:
        if "copied_question" in flags or "empty" in flags:
            return True
        if any(flag in _CAPPED for flag in flags):
            return False
        doubt = sum(point.weight for point in points if point.verdict == "unsure")
        right, some = chances
        risk = {"correct": 1 - right, "partial": 1 - some}.get(verdict, right)
        return doubt < 0.25 and risk <= self.limit


_ASKED = re.compile(
    r"\W*(?:name|list|give|state|mention|cite|tell)\s+(?:(?:me|any|at least)\s+)*(\w+)\s[^.?!]*\W*$", re.I
)
_ONE = ("a", "an", "one", "1")
# `Give a short definition of ...` asks for all that the definition says, not for one point of it.
_WHOLE = re.compile(
    r"\b(?:a|an|one)\s+(?:[\w-]+\s+){0,3}?(?:definition|description|explanation|overview|summary|account|outline|sketch|"
    r"proof|derivation|comparison|list|answer|interpretation|formulation)\b",
    re.I,
)


def wanted(question: str, points: Sequence[KeyPoint]) -> int:
    """How many of the points of a list are enough, where the question asks for fewer than there are; else 0.

    >>> points = [KeyPoint(id=t, text=t) for t in ("forget", "input", "output")]
    >>> wanted("Name two gates of the LSTM.", points), wanted("Give a short definition of the LSTM.", points)
    (2, 0)
    """
    found = _ASKED.match(question)
    if not found or len({point.head for point in points}) > 1 or _WHOLE.search(question):
        return 0
    word = plain(found.group(1))
    count = 1 if word in _ONE else int(word) if word.isdigit() else 0
    return count if count < len(points) else 0


def _best(points: Sequence[PointGrade], enough: int) -> list[PointGrade]:
    """The points with the weight on the best `enough` of them, in equal parts; as they are where all are asked for."""
    if not enough:
        return list(points)
    chosen = {point.id for point in sorted(points, key=lambda point: -point.credit)[:enough]}
    return [replace(point, weight=1 / enough if point.id in chosen else 0.0) for point in points]


def _chances(points: Sequence[PointGrade]) -> tuple[float, float]:
    """The chance that the whole is right, and that something of it is, from what each point says."""
    right = sum(p.weight * (p.confidence if p.verdict == "made" else 1 - p.confidence) for p in points)
    some = max((p.confidence if p.credit > 0.3 else 1 - p.confidence for p in points if p.weight), default=0.0)
    return right, some


def outcome(score: float, verdicts: set[Verdict]) -> Outcome:
    """What a score comes to beside its points: wrong where none is made, not correct where one is contradicted."""
    if score < WRONG or verdicts <= {"missed", "contradicted"}:
        return "wrong"
    enough = CORRECT if verdicts == {"made"} else SURE
    return "correct" if score >= enough and "contradicted" not in verdicts else "partial"


def _by_rule(job: Job) -> Grade | None:
    """The grades that need no measuring: nothing to grade by, nothing said, and the card's own words."""
    said = clean(job.answer[: 2 * MAX_CHARS])
    if not any(c.isalnum() for c in job.reference):
        points = _plain_points(job, "unsure", "", 0.0)
        note = "This card has no answer to grade by."
        return Grade(score=0.0, verdict="ungraded", settled=False, key_points=points, grader="rule", note=note)
    if not any(c.isalnum() for c in said):
        points = _plain_points(job, "missed", "", 0.0)
        return Grade(score=0.0, verdict="wrong", settled=True, key_points=points, flags=("empty",), grader="rule")
    if text_key(said) == text_key(clean(job.reference)):
        points = _plain_points(job, "made", said.strip(), 1.0)
        return Grade(score=1.0, verdict="correct", settled=True, key_points=points, flags=("verbatim",), grader="rule")
    return None


def _plain_points(job: Job, verdict: Verdict, evidence: str, credit: float) -> tuple[PointGrade, ...]:
    """The same verdict for every point, with the point's own words as evidence where the answer has them."""
    share = 1 / max(1, len(job.points))
    return tuple(
        PointGrade(
            id=point.id,
            text=point.text,
            verdict=verdict,
            evidence=point.text if point.text in evidence else evidence,
            weight=share,
            confidence=1.0,
            credit=credit,
        )
        for point in job.points
    )


def tainted(match: Match) -> tuple[float, ...]:
    """How much of each point's credit is in doubt, since the answer says the opposite of others (0 to 1).

    Who has one of three points the wrong way round has often but repeated the words of the other two. The more of the
    card the answer contradicts, the more the doubt spreads; one point of many does little.
    """
    against = [point.contradiction if point.contradiction >= PLAIN else 0.0 for point in match.points]
    share = sum(weight for weight, clash in zip(match.weights, against, strict=True) if clash)
    reach = SPREAD * min(1.0, WIDELY * share)
    return tuple(reach * max(against[:at] + against[at + 1 :], default=0.0) for at in range(len(against)))


def _point(job: Job, at: int, match: Match, doubt: float) -> PointGrade:
    """The matcher's verdict on one point; `doubt` is the share of its credit that other points take along."""
    found = match.points[at]
    verdict = _verdict(found)
    shown = found.evidence if verdict != "missed" and found.evidence in job.answer else ""
    clash = found.contradiction if found.contradiction >= COSTS else 0.0
    return PointGrade(
        id=found.id,
        text=job.points[at].text if job.points else job.reference,
        verdict=verdict,
        evidence=shown,
        weight=match.weights[at],
        confidence=_confidence(found, verdict),
        credit=(1 - clash) * (1 - doubt) * found.support + clash * AGAINST,
        why=found.clash if verdict in ("contradicted", "unsure") else "",
    )


def _verdict(found: PointMatch) -> Verdict:
    if found.contradiction >= CONTRADICTED:
        return "contradicted"
    if found.contradiction >= DOUBTED and found.support >= PARTLY:
        return "unsure"
    return "made" if found.support >= MADE else "partly" if found.support >= PARTLY else "missed"


def _confidence(found: PointMatch, verdict: Verdict) -> float:
    match verdict:
        case "contradicted":
            return found.contradiction
        case "missed":
            return 1 - found.support
        case "partly" | "unsure":
            return 0.5
        case _:
            return found.support * (1 - found.contradiction)


_WORTH: dict[Verdict, float] = {"made": 1.0, "partly": 0.5, "missed": 0.0, "contradicted": 0.0}


def _job(case: Mapping[str, Any]) -> Job:
    question, reference = clean(case["question"]), clean(case["reference"])
    points = tuple(case.get("key_points") or ()) or split(reference, question)
    return Job(question=question, points=points, reference=reference, answer=case["answer"])


def _merged(point: PointGrade, spoken: Spoken) -> PointGrade:
    """The matcher's verdict beside the model's: disagreement is unsure, never the higher of the two.

    Where the matcher itself was not sure, it has no verdict to disagree with, and the model's stands.
    """
    ours, theirs = point.verdict, spoken.verdict
    if theirs == "unsure":
        return point
    evidence = spoken.evidence or ("" if theirs == "missed" else point.evidence)
    worth = _WORTH[theirs]
    if ours == theirs:
        credit = (point.credit + 3 * worth) / 4
        return replace(point, evidence=evidence, confidence=max(point.confidence, 0.95), credit=credit)
    if ours in ("unsure", "partly") or point.confidence < TRUSTED:
        credit = AGAINST if theirs == "contradicted" else (point.credit + 3 * worth) / 4
        return replace(point, verdict=theirs, evidence=evidence, confidence=0.85, credit=credit)
    return replace(point, verdict="unsure", evidence=evidence, confidence=0.5, credit=(point.credit + worth) / 2)


def _claimed(old: PointGrade, new: PointGrade) -> PointGrade:
    """A point after an appeal: what the reason adds is a claim, so it makes the point unsure and no more."""
    if old.verdict == "made" or new.verdict not in ("made", "partly") or new.credit <= old.credit + 0.1:
        return old
    return replace(
        old,
        verdict="unsure",
        confidence=0.5,
        credit=(max(old.credit, 0.0) + new.credit) / 2,
        why="claimed in an appeal",
    )
