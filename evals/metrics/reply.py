"""What a reply says: key points of the reference, forbidden words, citations. Exact words first, then the matcher, then
the judge for what is still open. Calls no model of its own.
"""

import re
import unicodedata
from typing import TYPE_CHECKING

from corpus.card import KeyPoint, text_key
from corpus.keypoints import split
from evals.case import AnswerCase, JudgeError
from evals.judge import Judge
from evals.metrics.score import Metric, Score, Tools
from evals.subject import Answer, Found

if TYPE_CHECKING:
    from tutor.match import Matcher

# A point counts as made from this support on; a judge, where there is one, is asked about those in between. On replies
# that quote the right card 98% of the points pass the mark, on replies to another question 11%. A log names the matcher
# by its fingerprint: where that changes, these marks have to be looked at again.
MADE, OPEN, AGAINST = 0.7, (0.5, 0.85), 0.5
WORTH = {"made": 1.0, "partly": 0.5, "missed": 0.0, "contradicted": 0.0}
_CLEAN = re.compile(r"[^\w]+")
_SENTENCE = re.compile(r"\n+|(?<=[.!?])\s+")
_MARK = re.compile(r"\[(\d{1,2})\]")


def plain(text: str) -> str:
    """Words and numbers alone, compatibility forms folded, single spaces: what an exact match compares."""
    return _CLEAN.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def within(needle: str, text: str) -> bool:
    """Whether the words of `needle` stand in `text`, one after another; both as `plain` gives them."""
    return bool(needle) and f" {needle} " in f" {text} "


def _settled_by_words(points: tuple[KeyPoint, ...], reply: str) -> dict[int, float]:
    """The points whose own words stand in the reply, by place."""
    text = plain(reply)
    return {place: 1.0 for place, point in enumerate(points) if within(plain(point.text), text)}


def _settled_by_matcher(
    case: AnswerCase, points: tuple[KeyPoint, ...], reply: str, matcher: "Matcher"
) -> tuple[dict[int, float], set[int]]:
    """Whether each point is made as the matcher sees it, by place, and the places where it is not sure."""
    text = _MARK.sub("", reply)
    match = matcher.match(case.question, points, case.reference, text)
    made = {place: float(seen.support >= MADE) for place, seen in enumerate(match.points)}
    against = [place for place, seen in enumerate(match.points) if seen.contradiction > AGAINST]
    if against:
        made |= dict.fromkeys(_contradicted(case, points, against, text, matcher), 0.0)
    unsure = {place for place, seen in enumerate(match.points) if OPEN[0] < seen.support < OPEN[1]}
    return made, unsure | set(against)


def _contradicted(
    case: AnswerCase, points: tuple[KeyPoint, ...], against: list[int], reply: str, matcher: "Matcher"
) -> list[int]:
    """Those of the points that the very sentence which comes nearest to them contradicts.

    A long reply says many things about neighbouring points; only its words on the point itself count against it.
    """
    from tutor.match import Job

    lines = [line for part in _SENTENCE.split(reply) if (line := part.strip(" -*•\n\t"))]
    jobs = [Job(question=case.question, points=points, reference=case.reference, answer=line) for line in lines]
    seen = matcher.match_many(jobs)
    nearest = {place: max(seen, key=lambda match: match.points[place].alone).points[place] for place in against}
    return [place for place, point in nearest.items() if point.contradiction > AGAINST]


def coverage(case: AnswerCase, answer: Answer, tools: Tools) -> Score | None:
    """The share of the reference's key points that the reply makes."""
    if case.unanswerable:
        return None
    points = split(case.reference, case.question)
    if not answer.text.strip() or answer.answerable is False:
        return Score(value=0.0, reason="the reply says nothing of it")
    made, how = _settled_by_words(points, answer.text), "exact words"
    unclear = set(range(len(points))) - set(made)
    if unclear and tools.matcher is not None:
        seen, unsure = _settled_by_matcher(case, points, answer.text, tools.matcher)
        made, how, unclear = seen | made, "the matcher", unclear & unsure
    if unclear and tools.judge is not None:
        made, how = _ask_judge(case, points, sorted(unclear), answer.text, tools.judge, made), "the judge"
    if len(made) < len(points):
        open_points = f"{len(points) - len(made)} of {len(points)} points"
        return Score(value=None, reason=f"{open_points} are settled neither by {how} nor by anything after it")
    missed = [points[place].text for place in range(len(points)) if made[place] < 1]
    told = f"by {how}: " + ("all points made" if not missed else f"not made: {'; '.join(missed)}")
    return Score(value=sum(made.values()) / len(points), reason=told)


def _ask_judge(
    case: AnswerCase, points: tuple[KeyPoint, ...], unclear: list[int], reply: str, judge: Judge, made: dict[int, float]
) -> dict[int, float]:
    """What is made with the unclear points settled by the judge; one that it is silent about is left out."""
    settled = {place: value for place, value in made.items() if place not in unclear}
    try:
        judged = judge.judge(case.question, [points[place].text for place in unclear], reply)
    except JudgeError:
        return settled
    return settled | {unclear[place]: WORTH[verdict] for place, verdict in judged.verdicts.items()}


def must_not(case: AnswerCase, answer: Answer, tools: Tools) -> Score | None:
    """1 where the reply holds none of the forbidden texts."""
    if not case.must_not:
        return None
    text = plain(answer.text)
    said = [forbidden for forbidden in case.must_not if within(plain(forbidden), text)]
    return Score(value=float(not said), reason=f"says {said[0]!r}" if said else "says none of what it must not")


def _faithful(found: Found) -> bool:
    """Whether the words of the quote stand in the card in that order; some between them may be left out."""
    card = iter(plain(found.text).split())
    return bool(found.card) and all(word in card for word in plain(found.quote).split())


def citation_validity(case: AnswerCase, answer: Answer, tools: Tools) -> Score | None:
    """The share of the citations, and of the marks [n] in the text, that point to a card whose words they quote."""
    if case.unanswerable or answer.answerable is False:
        return None
    if not answer.found:
        return Score(value=0.0, reason="nothing is cited")
    wrong = [f"[{place}] {each.question!r}" for place, each in enumerate(answer.found, 1) if not _faithful(each)]
    marks = {int(mark) for mark in _MARK.findall(answer.text)}
    wrong += [f"[{mark}] refers to no citation" for mark in sorted(marks) if not 0 < mark <= len(answer.found)]
    total = len(answer.found) + sum(not 0 < mark <= len(answer.found) for mark in marks)
    return Score(value=1 - len(wrong) / total, reason="; ".join(wrong) if wrong else "all citations hold")


def cites_card(case: AnswerCase, answer: Answer, tools: Tools) -> Score | None:
    """The share of the cards that the reply should cite and does."""
    if case.unanswerable or not case.cards:
        return None
    cited = {text_key(name) for each in answer.found for name in (each.card, each.question)}
    missing = [name for name in case.cards if text_key(name) not in cited]
    return Score(
        value=1 - len(missing) / len(case.cards),
        reason=f"does not cite {missing[0]!r}" if missing else "cites what it should",
    )


def invented(case: AnswerCase, answer: Answer, tools: Tools) -> Score | None:
    """1 where the model cited cards that it was not given; the tutor took those marks out, and said so."""
    if answer.answerable is False:
        return None
    said = next((flag for flag in answer.flags if "not retrieved" in flag), "")
    return Score(value=float(bool(said)), reason=said or "every mark named a card that was given")


_ON = ("answer",)
METRICS = (
    Metric(name="coverage", subjects=_ON, score=coverage, about="key points of the reference that are made"),
    Metric(name="must_not", subjects=_ON, score=must_not, about="replies that hold no forbidden text"),
    Metric(name="citation_validity", subjects=_ON, score=citation_validity, about="citations that hold"),
    Metric(name="invented", subjects=_ON, score=invented, about="replies with invented citations", better="low"),
    Metric(name="cites_card", subjects=_ON, score=cites_card, about="expected cards that are cited"),
)
