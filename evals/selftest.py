"""The harness on trial: scripted tutors whose faults are known must come out as what they are, planted faults be found.

Needs no model and no network; a few seconds. What fails here makes every other number worthless.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scipy.stats import binomtest

from corpus.keypoints import split
from evals.case import AnswerCase, Case, DialogueCase, GradingCase, RetrievalCase, SubjectError
from evals.metrics import METRICS, Tools
from evals.mutate import good, mutants
from evals.result import Run
from evals.run import run_cases
from evals.subject import Answer, Found, Scripted
from evals.suite import Suite, load_suite
from evals.summary import summarise
from tutor.grade import Grader
from tutor.match import Job, Match, Matcher

if TYPE_CHECKING:
    from corpus.minilm import MiniLM

Script = Callable[[Case], Answer]
_REFUSED = Answer(text="Nothing in your decks answers this.", answerable=False)


class Recalling(Matcher):
    """A matcher that matches the same text once: scripted tutors and planted faults say the same again and again."""

    def __init__(self, embedder: "MiniLM | None" = None) -> None:
        super().__init__(embedder)
        self._seen: dict[Job, Match] = {}

    def match_many(self, jobs: Sequence[Job]) -> list[Match]:
        """The matches, in order; those that were made before are not made again."""
        plain = [replace(job, answer="\n".join(map(str.rstrip, job.answer.splitlines()))) for job in jobs]
        new = [job for job in dict.fromkeys(plain) if job not in self._seen]
        # One at a time: texts of different lengths cost more together than apart.
        self._seen |= {job: super(Recalling, self).match_many([job])[0] for job in new}
        return [self._seen[job] for job in plain]


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One number of one scripted tutor: what it must lie between, and what the harness said."""

    tutor: str
    suite: str
    metric: str
    least: float
    most: float
    found: float

    @property
    def ok(self) -> bool:
        """Whether the harness saw the tutor as it is."""
        return self.least - 1e-9 <= self.found <= self.most + 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutation:
    """How many faults of one kind were planted, and how many the scorer noticed."""

    scorer: str
    kind: str
    planted: int
    found: int

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's interval for the share that is noticed."""
        found = binomtest(self.found, self.planted).proportion_ci(method="wilson")
        return found.low, found.high


def _cited(text: str) -> tuple[Found, ...]:
    return (Found(card="card", question="question", quote="", text=text),)


def _reply(case: Case, keep: Callable[[list[str]], list[str]] = lambda points: points, quote: str = "") -> Answer:
    """A reply that makes the points that `keep` leaves, with one citation."""
    if not isinstance(case, AnswerCase):
        raise SubjectError("this tutor only answers questions")
    points = keep([point.text for point in split(case.reference, case.question)])
    found = (Found(card="card", question=case.cards[0] if case.cards else "", quote=quote, text=case.reference),)
    return Answer(text=good(points), found=found, answerable=True)


_SECRET = "Seven lanterns keep the narrow harbour ladder alight"


def _dialogue(case: DialogueCase, before: str) -> Answer:
    return Answer(found=(Found(card="card", question=case.card, text=_SECRET),), before=(before,))


def _leaky(case: Case) -> Answer:
    """Tells the answer before one was committed."""
    return _dialogue(case, f"I may not say it, but: {_SECRET}.") if isinstance(case, DialogueCase) else _perfect(case)


def _slow(case: Case) -> Answer:
    """Right, and late."""
    return replace(_perfect(case), seconds=5.0, first_seconds=3.0)


def _unanswerable(case: Case) -> bool:
    return isinstance(case, AnswerCase | RetrievalCase) and case.unanswerable


def _perfect(case: Case) -> Answer:
    if isinstance(case, GradingCase):
        return Answer(score=case.score, verdict="partial", settled=True)
    if isinstance(case, DialogueCase):
        return _dialogue(case, "Think of what carries a light.")
    if _unanswerable(case):
        return _REFUSED
    if isinstance(case, RetrievalCase):
        return Answer(found=tuple(Found(card="", question=name) for name in case.relevant), answerable=True)
    return _reply(case)


def _sloppy(case: Case) -> Answer:
    """Makes the first half of the points, ranks the right card second, marks a half too low."""
    if isinstance(case, GradingCase):
        return Answer(score=max(0.0, case.score - 0.5), verdict="partial", settled=True)
    if _unanswerable(case):
        return _REFUSED
    if isinstance(case, RetrievalCase):
        wrong = Found(card="", question="Another card?")
        return Answer(found=(wrong, *(Found(card="", question=name) for name in case.relevant)), answerable=True)
    return _reply(case, lambda points: points[: len(points) // 2])


def _gullible(case: Case) -> Answer:
    """Answers everything, and gives everybody full marks."""
    if isinstance(case, GradingCase):
        return Answer(score=1.0, verdict="correct", settled=True)
    if _unanswerable(case):
        return Answer(text="Of course it does [1].", found=_cited("Of course it does."), answerable=True)
    return _perfect(case)


def _timid(case: Case) -> Answer:
    """Refuses everything, and grades nothing."""
    return Answer(verdict="ungraded", settled=False) if isinstance(case, GradingCase) else _REFUSED


def _inventive(case: Case) -> Answer:
    """Says the right things and cites words that no card holds."""
    return _REFUSED if _unanswerable(case) else _reply(case, quote="as was shown at Delphi in 1066")


def _broken(case: Case) -> Answer:
    raise SubjectError("the server is away")


_EXPECTED: Sequence[tuple[str, Script, str, Mapping[str, tuple[float, float]]]] = (
    ("perfect", _perfect, "retrieval", {"recall@3": (1, 1), "mrr": (1, 1), "refusal": (1, 1), "false_refusal": (0, 0)}),
    ("perfect", _perfect, "answers", {"coverage": (0.97, 1), "citation_validity": (1, 1), "refusal": (1, 1)}),
    ("perfect", _perfect, "grading", {"qwk": (1, 1), "rmse": (0, 0), "leniency": (0, 0), "settled_accuracy": (1, 1)}),
    ("sloppy", _sloppy, "retrieval", {"recall@1": (0, 0), "mrr": (0.5, 0.5), "refusal": (1, 1)}),
    ("sloppy", _sloppy, "answers", {"coverage": (0.1, 0.5), "citation_validity": (0.9, 1)}),
    ("sloppy", _sloppy, "grading", {"leniency": (-0.5, -0.2), "qwk": (0, 0.7), "false_full_marks": (0, 0)}),
    ("gullible", _gullible, "retrieval", {"recall@3": (1, 1), "refusal": (0, 0)}),
    ("gullible", _gullible, "answers", {"coverage": (0.97, 1), "refusal": (0, 0), "false_refusal": (0, 0)}),
    ("gullible", _gullible, "grading", {"false_full_marks": (1, 1), "qwk": (0, 0), "leniency": (0.3, 1)}),
    ("timid", _timid, "retrieval", {"recall@3": (0, 0), "refusal": (1, 1), "false_refusal": (1, 1)}),
    ("timid", _timid, "answers", {"coverage": (0, 0), "refusal": (1, 1), "false_refusal": (1, 1)}),
    ("inventive", _inventive, "answers", {"coverage": (0.97, 1), "citation_validity": (0, 0)}),
    ("perfect", _perfect, "dialogue", {"no_leak": (1, 1)}),
    ("leaky", _leaky, "dialogue", {"no_leak": (0, 0)}),
    ("slow", _slow, "latency", {"first_words": (3, 3), "seconds": (5, 5)}),
)


def _number(run: Run, metric: str) -> float:
    found = next(each for each in summarise(run) if each.metric == metric).estimate
    return float("nan") if found is None else found.value


def checks(matcher: Matcher, *, limit: int | None = 60) -> Iterator[Check]:
    """Every number of every scripted tutor; `limit` cases of each bundled suite."""
    suites: dict[str, Suite] = {}
    tools = Tools(matcher=matcher)
    for tutor, script, name, wanted in _EXPECTED:
        suite = suites.setdefault(name, load_suite(name).select(limit=limit))
        run = run_cases(suite, [Scripted(script, name=tutor)], tools=tools)[0]
        for metric, (least, most) in wanted.items():
            found = _number(run, metric)
            yield Check(tutor=tutor, suite=name, metric=metric, least=least, most=most, found=found)
    for name, suite in suites.items():
        run = run_cases(suite, [Scripted(_broken, name="broken")], tools=tools)[0]
        total, failed = len(suite.cases), run.counts["error"]
        yield Check(tutor="broken", suite=name, metric="errors", least=total, most=total, found=failed)
    timid = run_cases(suites["grading"], [Scripted(_timid, name="timid")])[0]
    ungraded = sum(result.scores["agreement"].value is None for result in timid.results)
    total = len(suites["grading"].cases)
    yield Check(tutor="timid", suite="grading", metric="ungraded", least=total, most=total, found=ungraded)


def mutations(matcher: Matcher, *, limit: int = 40) -> tuple[Mutation, ...]:
    """Faults planted in perfect replies and in perfect learner's answers, and how many lower the score."""
    planted: Counter[tuple[str, str]] = Counter()
    found: Counter[tuple[str, str]] = Counter()
    cases = [case for case in load_suite("answers").cases if isinstance(case, AnswerCase) and not case.unanswerable]
    for case in cases[:: max(1, len(cases) // limit)]:
        for scorer, kind, noticed in _trial(case, matcher):
            planted[scorer, kind] += 1
            found[scorer, kind] += noticed
    return tuple(Mutation(scorer=key[0], kind=key[1], planted=planted[key], found=found[key]) for key in planted)


def _trial(case: AnswerCase, matcher: Matcher) -> Iterator[tuple[str, str, bool]]:
    points = [point.text for point in split(case.reference, case.question)]
    tools, grader = Tools(matcher=matcher), Grader(matcher)

    def scored(metric: str, text: str) -> float:
        answer = Answer(text=text, found=_cited(case.reference), answerable=True)
        score = METRICS[metric].score(case, answer, tools)
        return score.value if score and score.value is not None else 0.0

    def graded(text: str) -> float:
        plain = text.replace(" [1]", "")
        return grader.grade(question=case.question, reference=case.reference, answer=plain).score

    whole, covered = graded(good(points)), scored("coverage", good(points))
    for mutant in mutants(points):
        if mutant.kind == "invented citation":
            yield "citation_validity", mutant.kind, scored("citation_validity", mutant.text) < 1
            continue
        yield "coverage", mutant.kind, scored("coverage", mutant.text) < covered
        yield "the tutor's grader", mutant.kind, whole - graded(mutant.text) > 0.5 / len(points)
