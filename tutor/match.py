"""An answer against the key points of a card with no language model: support, contradiction, a calibrated probability.

Gives no verdict and no score; `grade.py` does. The coefficients in `match.json` are made by `python -m tutor.fit`.
"""

import math
import re
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corpus.card import KeyPoint

from .attack import both_ways, copied, guard, guesses, scattered, soup
from .clauses import Prepared, Word, prepare
from .coefficients import coefficients
from .features import POINT_VECTORS, POINT_WORDS, Measured, Target, measure
from .short import SAID, told, weigh
from .states import Seen, attach, seen
from .subjects import parts

if TYPE_CHECKING:
    from corpus.minilm import MiniLM, TokenVectors

Floats = NDArray[np.floating[Any]]
_Spans = tuple[tuple[int, int], ...]
_Passed = tuple["Match", tuple[_Spans, _Spans]]
_ROUNDS = 2  # how often what is left is looked at again: idle sentences first, then clauses set apart
_SINGLY = 3  # up to so many idle sentences are also left out one at a time
_BLOCK = 150
STATED = 0.9  # what a point is made at least where the answer holds it word by word
# Beside a recited point another is missed up to the one share of its words, and made for sure from the other. Set on
# halves of the bundled cards (points left out: .23 in the middle) and points in other words beside a recited one (.62).
_UNSAID, _SAID = 0.15, 0.6
_CARDS = 2_000
_BLOCKS = 128  # the texts read last: those of the batch that is graded and of the next
_SURE = ("exchanged", "misquoted", "formula")  # clashes that stand whatever else is measured


@dataclass(frozen=True, kw_only=True, slots=True)
class PointMatch:
    """One key point: how far the answer makes it, how far it says the opposite (both 0 to 1), and the learner's words.

    `alone` is the support seen from this point only; `support` is that in the light of the whole answer. `fresh` is the
    share of its words that is said in some way, where words that the question gives count little.
    """

    id: str
    support: float
    contradiction: float
    evidence: str
    alone: float = 0.0
    fresh: float = 0.0
    clash: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """`probability` is the calibrated chance that a person accepts the answer, `some` that a part of it is right.

    `extra` holds clauses about nothing asked.
    """

    probability: float
    some: float
    points: tuple[PointMatch, ...]
    weights: tuple[float, ...]
    flags: tuple[str, ...]
    extra: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One answer to be matched."""

    question: str
    points: tuple[KeyPoint, ...]
    reference: str
    answer: str


class Matcher:
    """Matches answers to key points, with the built-in embedder or from words alone. Thread-safe."""

    def __init__(self, embedder: "MiniLM | None" = None) -> None:
        self._embedder = embedder
        self._model = coefficients()["vectors" if embedder is not None else "words"]
        names = (*POINT_WORDS, *POINT_VECTORS)
        self._fresh = names.index("new_recall" if embedder is None else "hybrid")
        self._cards: OrderedDict[tuple[object, ...], Target] = OrderedDict()
        self._read: OrderedDict[str, TokenVectors] = OrderedDict()
        self._lock = Lock()

    @property
    def name(self) -> str:
        """What did the matching, for logs and reports."""
        return "matcher" if self._embedder is not None else "matcher (words only)"

    def match(self, question: str, points: Sequence[KeyPoint], reference: str, answer: str) -> Match:
        """One answer against one card's points."""
        job = Job(question=question, points=tuple(points), reference=reference, answer=answer)
        return self.match_many([job])[0]

    def told(self, question: str, points: Sequence[KeyPoint], reference: str, text: str) -> tuple[PointMatch, ...]:
        """Each point seen in the whole of `text`, nothing of it left out: what somebody who reads it is told."""
        job = Job(question=question, points=tuple(points), reference=reference, answer=text)
        ((match, _),) = self._pass([job], [text], [()])
        return match.points

    def match_many(self, jobs: Sequence[Job]) -> list[Match]:
        """Many answers at once, in order; the embedder sees them in one batch."""
        guarded = [guard(job.question, job.reference, job.answer) for job in jobs]
        first = self._pass(jobs, [one.text for one in guarded], [one.flags for one in guarded])
        found = [match for match, _ in first]
        # What says nothing of any point may not raise a grade, so such an answer is also matched without it.
        left = [(at, text) for at, (_, spans) in enumerate(first) for text in _bare(guarded[at].text, spans)]
        for _ in range(_ROUNDS):
            if not left:
                break
            again = self._pass([jobs[at] for at, _ in left], [text for _, text in left], [()] * len(left))
            for (at, _), (match, _) in zip(left, again, strict=True):
                found[at] = _lower(found[at], match)
            left = [
                (at, bare)
                for (at, text), (_, spans) in zip(left, again, strict=True)
                for bare in _bare(text, spans)[-1:]
            ]
        known = self._embedder.vocabulary if self._embedder is not None else ()
        return [_shortly(job, one.text, match, known) for job, one, match in zip(jobs, guarded, found, strict=True)]

    def _pass(self, jobs: Sequence[Job], texts: Sequence[str], flags: Sequence[Sequence[str]]) -> list[_Passed]:
        """Each answer's match, and the places of what it says about nothing asked."""
        targets = self._targets(jobs)
        answers = self._see([prepare(text) for text in texts])
        found = []
        for job, target, seen_flags, answer in zip(jobs, targets, flags, answers, strict=True):
            numbers = measure(target, answer)
            found.append((self._judge(job, target, seen_flags, answer, numbers), (numbers.idle, numbers.apart)))
        return found

    def measured(self, job: Job) -> tuple[Measured, tuple[float, ...]]:
        """The numbers behind a match and the weights of its points, for `tutor.fit`."""
        text = guard(job.question, job.reference, job.answer).text
        target = self._targets([job])[0]
        return measure(target, self._see([prepare(text)])[0]), target.weights

    def _targets(self, jobs: Sequence[Job]) -> list[Target]:
        keys = [(job.question, job.reference, tuple((p.head, p.text) for p in job.points)) for job in jobs]
        with self._lock:
            known = {key: self._cards[key] for key in keys if key in self._cards}
        for job, key in zip(jobs, keys, strict=True):
            if key not in known:
                known[key] = self._target(job)
        with self._lock:
            for key in keys:
                self._cards[key] = known[key]
                self._cards.move_to_end(key)
            while len(self._cards) > _CARDS:
                self._cards.popitem(last=False)
        return [known[key] for key in keys]

    def _target(self, job: Job) -> Target:
        texts = [f"{p.head}: {p.text}" if p.head else p.text for p in job.points] or [job.reference]
        prepared = self._see([prepare(text) for text in (job.question, job.reference, *texts)])
        weights = point_weights([one.text for one in prepared[2:]])
        marked = [_marked(one.text, job.points[at].head if job.points else "") for at, one in enumerate(prepared[2:])]
        heads = tuple(head for _, head, _ in marked)
        return Target(prepared[0], prepared[1], tuple(prepared[2:]), weights, heads, parts(marked))

    def read(self, answers: Sequence[str]) -> None:
        """Has the embedder read answers that will be matched next."""
        if self._embedder is not None and answers:
            self._tokens([block for _, _, block in _blocks([prepare(answer) for answer in answers])])

    def _see(self, texts: Sequence[Prepared]) -> list[Seen]:
        if self._embedder is None:
            return [seen(text, None) for text in texts]
        blocks = _blocks(texts)
        rows = [np.zeros((len(text.words), self._embedder.dimensions), np.float32) for text in texts]
        for (place, start, _), tokens in zip(blocks, self._tokens([block for _, _, block in blocks]), strict=True):
            attach(texts[place], tokens.spans, tokens.vectors, start, rows[place])
        return [seen(text, row) for text, row in zip(texts, rows, strict=True)]

    def _tokens(self, blocks: Sequence[str]) -> list["TokenVectors"]:
        """Each block's word pieces; an answer is held against several cards one after the other, and read once."""
        assert self._embedder is not None
        with self._lock:
            known = {block: self._read[block] for block in blocks if block in self._read}
        fresh = [block for block in dict.fromkeys(blocks) if block not in known]
        if fresh:
            known.update(zip(fresh, self._embedder.tokens(fresh), strict=True))
            with self._lock:
                self._read.update((block, known[block]) for block in fresh)
                while len(self._read) > _BLOCKS:
                    self._read.popitem(last=False)
        return [known[block] for block in blocks]

    def _judge(self, job: Job, target: Target, flags: Sequence[str], answer: Seen, numbers: Measured) -> Match:
        flags = [*flags, *_flags(target, answer)]
        card = (*target.question.text.words, *target.reference.text.words)
        if guesses(card, answer.text):
            flags.append("guesses")
        elif scattered(card, answer.text, numbers.apart):
            flags.append("scattered")
        alone = self._model.points(numbers.points)
        against = np.maximum(self._model.against(numbers.points), _exchanged(numbers))
        chance, some = self._model.answer(numbers.whole), self._model.some(numbers.whole)
        if copied(target.question.text, answer.text):
            chance, some = min(chance, 0.1), min(some, 0.1)
        supports = np.minimum(shifted(alone, np.array(target.weights), chance), _ceiling(alone, np.array(numbers.said)))
        supports = _recited(supports, numbers.points[:, self._fresh], np.array(numbers.stated, dtype=bool))
        extra = tuple(_evidence(answer.text, span) for span in numbers.apart)
        ids = [point.id for point in job.points] or [""]
        points = tuple(
            PointMatch(
                id=ids[at],
                support=float(supports[at]),
                alone=float(alone[at]),
                fresh=float(numbers.points[at, self._fresh]),
                contradiction=float(against[at]),
                evidence=_evidence(answer.text, numbers.spans[at]),
                clash="; ".join(f"{c.kind}: {c.ours} / {c.theirs}" for c in numbers.clashes[at] if c.strength >= 0.5),
            )
            for at in range(len(ids))
        )
        return Match(
            probability=chance,
            some=max(chance, some),
            points=points,
            weights=target.weights,
            flags=tuple(dict.fromkeys(flags)),
            extra=extra,
        )


def _blocks(texts: Sequence[Prepared]) -> list[tuple[int, int, str]]:
    """What the embedder reads at once: the place of the text, where in it the block begins, and the block."""
    blocks = []
    for place, text in enumerate(texts):
        for first in range(0, min(len(text.words), 4 * _BLOCK), _BLOCK):
            last = min(first + _BLOCK, len(text.words))
            start = text.words[first].start
            blocks.append((place, start, text.text[start : text.words[last - 1].end]))
    return blocks


def _bare(text: str, spans: tuple[_Spans, _Spans]) -> list[str]:
    """`text` without each of its idle sentences (where few), without all of them; else without clauses set apart."""
    idle, apart = spans
    ways = [[span] for span in idle] if 1 < len(idle) <= _SINGLY else []
    texts = [_without(text, way) for way in (*ways, idle or apart) if way]
    return [bare for bare in texts if re.search(r"\w", bare)]


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """`text` without what stands at `spans` and the marks that end it."""
    for start, end in sorted(spans, reverse=True):
        rest = text[end:].lstrip(" .,;:!?\"'”)")
        text = f"{text[:start].rstrip(' ,;:')} {rest}"
    return text.strip()


def _lower(whole: Match, bare: Match) -> Match:
    """Two matches of one answer as one, in which no point is made better or contradicted less than in either."""
    points = tuple(
        replace(
            min(one, other, key=lambda point: point.support),
            contradiction=max(one.contradiction, other.contradiction),
            clash=max(one, other, key=lambda point: point.contradiction).clash,
        )
        for one, other in zip(whole.points, bare.points, strict=True)
    )
    return replace(
        whole,
        probability=min(whole.probability, bare.probability),
        some=min(whole.some, bare.some),
        points=points,
        flags=tuple(dict.fromkeys([*whole.flags, *bare.flags])),
    )


def _shortly(job: Job, answer: str, match: Match, known: Collection[str]) -> Match:
    """The match of an answer to a card of short points, where what is said decides."""
    if len(job.points) != 1:
        return _listed(job, answer, match, known)
    worth = weigh(job.question, job.points[0].text, answer, match.probability, known)
    if worth is None:
        return match
    chance, support, against = worth
    said = answer.strip()
    clash = match.points[0].clash or f"said: {said}" if against else ""
    point = replace(match.points[0], support=support, alone=support, contradiction=against, evidence=said, clash=clash)
    return replace(match, probability=chance, some=max(chance, support), points=(point,))


def _listed(job: Job, answer: str, match: Match, known: Collection[str]) -> Match:
    """The match of an answer that lists some of a card's short points as they stand."""
    made = [not point.head and told(job.question, point.text, answer, known) for point in job.points]
    if not any(made):
        return match
    points = tuple(
        replace(point, support=SAID, alone=SAID, contradiction=0.0, clash="") if is_made else point
        for point, is_made in zip(match.points, made, strict=True)
    )
    return replace(match, points=points, probability=SAID if all(made) else match.probability, some=SAID)


def _flags(target: Target, answer: Seen) -> list[str]:
    found = []
    if not re.search(r"\w", answer.text.text):
        found.append("empty")
    if copied(target.question.text, answer.text):
        found.append("copied_question")
    if both_ways(target.question.text, target.reference.text, answer.text):
        found.append("both_ways")
    if soup(target.question.text, target.reference.text, answer.text):
        found.append("keyword_soup")
    if answer.text.cut or len(answer.text.words) > max(400, 12 * len(target.reference.text.words)):
        found.append("long")
    return found


def _marked(text: Prepared, heading: str) -> tuple[Sequence[Word], int, int]:
    """A point's words, how many of them are its head, and how many stand before its own colon (0: none soon)."""
    start = len(heading) + 1 if heading else 0
    head = sum(word.start < start for word in text.words)
    at = min((place for mark in (":", " = ") if (place := text.text.find(mark, start)) > 0), default=-1)
    count = sum(word.end <= at for word in text.words)
    return text.words, head, count if head < count <= head + 6 else 0


def _evidence(text: Prepared, span: tuple[int, int]) -> str:
    return text.text[span[0] : span[1]].strip()


def point_weights(points: Sequence[Prepared]) -> tuple[float, ...]:
    """How much each point counts: equal parts, less for a point of a few words, nothing for one of no words."""
    spoken = any(point.words for point in points)
    sizes = np.array(
        [min(1.0, 0.4 + 0.2 * sum(w.content for w in p.words)) * bool(p.words or not spoken) for p in points]
    )
    return tuple(float(x) for x in sizes / sizes.sum())


def shifted(supports: Floats, weights: Floats, mean: float) -> Floats:
    """`supports` moved together on the logit scale until their weighted mean is `mean`; their order stays."""
    odds = np.clip(supports, 1e-3, 0.999) / (1 - np.clip(supports, 1e-3, 0.999))
    terms = list(zip(weights.tolist(), (1 / odds).tolist(), strict=True))  # a few numbers: no work for arrays
    low, high = -6.0, 6.0
    for _ in range(24):
        middle = (low + high) / 2
        fall = math.exp(-middle)
        value = sum(weight / (1 + inverse * fall) for weight, inverse in terms)
        low, high = (middle, high) if value < mean else (low, middle)
    moved: Floats = 1 / (1 + np.exp(-(low + high) / 2) / odds)
    return moved


def _recited(supports: Floats, fresh: Floats, stated: NDArray[np.bool_]) -> Floats:
    """`supports` where points stand in the answer word by word: who recites one says the others, or leaves them out.

    So no point is lifted by the whole answer above the share of its own words that is said.
    """
    if not stated.any():
        return supports
    most = np.clip((fresh - _UNSAID) / (_SAID - _UNSAID), 0.0, 1.0)
    return np.where(stated, np.maximum(supports, STATED), np.minimum(supports, most))


def _exchanged(numbers: Measured) -> Floats:
    """The least contradiction of each point: high where it is misquoted, subjects change places, a formula is wrong."""
    strengths = ([clash.strength for clash in row if clash.kind in _SURE] for row in numbers.clashes)
    return np.array([0.75 * max(row, default=0.0) for row in strengths])


def _ceiling(alone: Floats, said: Floats) -> Floats:
    """The most that each point may get: where none of its own words is said, no other point lifts it."""
    result: Floats = alone + (1 - alone) * np.clip((said - 0.2) / 0.2, 0.0, 1.0)
    return result
