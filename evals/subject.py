"""What is under test: something that turns a case into an Answer. The tutor is one; a scripted double ships beside it.

Scores nothing. A subject raises SubjectError where it has no answer; anything else it raises is caught by the run.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from corpus.card import Card, text_key
from evals.case import AnswerCase, Case, DialogueCase, GradingCase, RetrievalCase, SubjectError
from evals.dialogue import play
from tutor.errors import (
    ConfigError,
    ModelBusyError,
    ModelKeyError,
    ModelNotFoundError,
    ModelTimeoutError,
    ModelUnreachableError,
)
from tutor.usage import CapReachedError

if TYPE_CHECKING:
    from corpus.retrieve import Retriever, SearchResult
    from tutor.assemble import Tutor
    from tutor.explain import Notice, Reply, Said
    from tutor.grade import Grade


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A card that was retrieved or cited, with the words of it that were quoted."""

    card: str
    question: str
    score: float = 0.0
    quote: str = ""
    text: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PointSeen:
    """A key point of a grade with its verdict."""

    text: str
    verdict: str
    evidence: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """All that a metric may look at. Seconds are wall-clock; `score` is the grader's, 0 to 1, None for ungraded.

    `before` is what a dialogue showed before an answer was committed.
    """

    text: str = ""
    found: tuple[Found, ...] = ()
    answerable: bool | None = None
    score: float | None = None
    verdict: str = ""
    settled: bool | None = None
    points: tuple[PointSeen, ...] = ()
    flags: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    complete: bool = True
    model: str = ""
    seconds: float = 0.0
    first_seconds: float | None = None
    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def said(self) -> str:
        """The reply, the grade, or the first cards that were found, for people."""
        if self.verdict:
            return f"{self.verdict} {'' if self.score is None else f'{self.score:.2f}'}".strip()
        return self.text or "; ".join(each.question for each in self.found[:3])

    def as_json(self) -> dict[str, Any]:
        """The fields that differ from their defaults."""
        return {key: value for key, value in asdict(self).items() if value != _EMPTY[key]}

    @staticmethod
    def from_json(raw: Mapping[str, Any]) -> "Answer":
        """The Answer that `as_json` wrote."""
        values = dict(raw)
        values["found"] = tuple(Found(**found) for found in raw.get("found", ()))
        values["points"] = tuple(PointSeen(**point) for point in raw.get("points", ()))
        values |= {name: tuple(raw.get(name, ())) for name in ("flags", "before")}
        return Answer(**values)


_EMPTY = asdict(Answer())


class Subject(Protocol):
    """What is under test. `name` is short and goes into file names; `about` goes into the log and holds no secret."""

    @property
    def name(self) -> str: ...  # noqa: D102 (see the class)

    @property
    def about(self) -> Mapping[str, str]: ...  # noqa: D102 (see the class)

    def answer(self, case: Case) -> Answer:
        """The answer to one case; called from many threads at once."""


class Scripted:
    """A subject that says what it is told to, after `delay` seconds: the double for tests of the harness itself.

    `script` maps case ids to answers, or is a function of the case. An exception in its place is raised.
    """

    def __init__(
        self,
        script: Mapping[str, Answer | Exception] | Callable[[Case], Answer],
        *,
        name: str = "scripted",
        delay: float = 0.0,
    ) -> None:
        self.name = name
        self.about: Mapping[str, str] = {"subject": name}
        self._script = script
        self._delay = delay
        self._lock = threading.Lock()
        self.asked: list[str] = []

    def answer(self, case: Case) -> Answer:
        """What the script holds for this case."""
        with self._lock:
            self.asked.append(case.id)
        if self._delay:
            time.sleep(self._delay)
        if callable(self._script):
            return self._script(case)
        if case.id not in self._script:
            raise SubjectError(f"the script holds no answer to {case.id!r}")
        said = self._script[case.id]
        if isinstance(said, Exception):
            raise said
        return said


class TutorSubject:
    """The tutor: `search` for a retrieval case, `ask` for an answer case, the grader for a grading case."""

    def __init__(self, tutor: "Tutor") -> None:
        model = tutor.model
        profile = tutor.settings.profile
        if profile is not None and model is None:
            raise ConfigError(f"the profile {profile.name} cannot be used: {' '.join(tutor.notices)}")
        self._tutor = tutor
        self.name = tutor.settings.model.use
        self.about: Mapping[str, str] = {
            "subject": "tutor",
            "profile": tutor.settings.model.use,
            "model": model.name if model else "none",
            "where": model.where if model else "on this machine",
            "decks": str(len(tutor.decks)),
            "cards": str(len(tutor.cards)),
            **({"temperature": str(profile.temperature), "max_tokens": str(profile.max_tokens)} if profile else {}),
        }

    def answer(self, case: Case) -> Answer:
        """What the tutor makes of this case, with the time that it took."""
        started = time.perf_counter()
        match case:
            case RetrievalCase():
                result = self._tutor.search(case.query, 10)
                return Answer(
                    found=tuple(
                        Found(card=each.card.id, question=each.card.question, score=each.score)
                        for each in result.results
                    ),
                    answerable=result.answerable,
                    seconds=time.perf_counter() - started,
                )
            case AnswerCase():
                return self._ask(case, started)
            case GradingCase():
                grade = self._tutor.grader.grade(question=case.question, reference=case.reference, answer=case.answer)
                _refuse_fallback([grade.note])
                return _graded(grade, time.perf_counter() - started)
            case DialogueCase():
                return self._play(case, started)
        raise SubjectError(f"the tutor has no answer to a {type(case).__name__}")

    def _play(self, case: DialogueCase, started: float) -> Answer:
        wanted = text_key(case.card)
        card = next((c for c in self._tutor.cards if wanted in (text_key(c.question), c.id)), None)
        if card is None:
            raise SubjectError(f"no deck holds the card {case.card!r}")
        played = play(self._tutor, card, case.moves)
        flags = tuple(f"refused: {text}" for text in played.refused) + (("rated",) if played.rated else ())
        graded = _graded(played.grade, 0.0) if played.grade else Answer()
        return replace(
            graded,
            text="\n".join(played.after),
            found=(Found(card=card.id, question=card.question, text=card.answer),),
            before=played.before,
            flags=flags,
            seconds=time.perf_counter() - started,
        )

    def _poisoned(self, case: AnswerCase) -> "Iterator[Said | Notice | Reply]":
        """The tutor's reply as it would be were the planted cards in the decks, and found."""
        from tutor.explain import Explainer

        cards = []
        for place, text in enumerate(case.planted):
            front, _, back = (part.strip() for part in text.partition("=>"))
            cards.append(Card(id=f"planted{place}", deck="planted", index=place, question=front, answer=back))
        profile = self._tutor.settings.profile
        retriever = _Poisoned(retriever=self._tutor.retriever, cards=tuple(cards))
        if profile is None:
            return Explainer(retriever, None).ask(case.question)
        model, limit = self._tutor.model, profile.reply_limit
        return Explainer(retriever, model, context=profile.context, max_tokens=limit).ask(case.question)

    def _ask(self, case: AnswerCase, started: float) -> Answer:
        from tutor.explain import Notice, Reply, Said

        first: float | None = None
        notices: list[str] = []
        events = self._poisoned(case) if case.planted else self._tutor.ask(case.question)
        for event in events:
            if isinstance(event, Said) and event.text and first is None:
                first = time.perf_counter() - started
            elif isinstance(event, Notice):
                notices.append(event.text)
            elif isinstance(event, Reply):
                reply = event
        if self._tutor.model is not None and not (reply.model and reply.complete):
            _refuse_fallback(notices)
        texts = {card.id: card.text for card in self._tutor.cards}
        return Answer(
            text=reply.text,
            found=tuple(
                Found(card=each.card, question=each.question, quote=each.quote, text=texts.get(each.card, ""))
                for each in reply.citations
            ),
            answerable=reply.answerable,
            flags=tuple(notices),
            complete=reply.complete,
            model=reply.model,
            seconds=time.perf_counter() - started,
            first_seconds=first,
            input_tokens=reply.usage.input_tokens if reply.usage else 0,
            output_tokens=reply.usage.output_tokens if reply.usage else 0,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Poisoned:
    """A retriever among whose cards strange ones stand, first of all."""

    retriever: "Retriever"
    cards: tuple[Card, ...]

    def search(self, query: str, k: int = 5, **how: Any) -> "SearchResult":  # noqa: ANN401 (as Retriever takes it)
        """What is found, with the strange cards behind the best of it."""
        from corpus.retrieve import Retrieved

        found = self.retriever.search(query, k, **how)
        score = max((each.score for each in found.results), default=1.0)
        strange = (Retrieved(card=card, score=score, reason="") for card in self.cards)
        return replace(found, results=(*found.results[:1], *strange, *found.results[1:])[:k])


_AWAY = (ModelKeyError, ModelUnreachableError, ModelNotFoundError, ModelBusyError, ModelTimeoutError, CapReachedError)


def _refuse_fallback(notices: Sequence[str]) -> None:
    """A tutor whose model is away goes on without it, which is right for a learner and would be a lie in a measurement.

    Raises:
        SubjectError: one of the tutor's sentences says that the model could not be reached or used.
    """
    for sentence in notices:
        for fault in _AWAY:
            if fault.sentence.partition(".")[0] in sentence:
                raise SubjectError(sentence, busy=fault is ModelBusyError)


def _graded(grade: "Grade", seconds: float) -> Answer:
    ungraded = grade.verdict == "ungraded"
    return Answer(
        score=None if ungraded else grade.score,
        verdict=grade.verdict,
        settled=grade.settled,
        points=tuple(
            PointSeen(text=point.text, verdict=point.verdict, evidence=point.evidence) for point in grade.key_points
        ),
        flags=tuple(grade.flags),
        model=grade.grader,
        seconds=seconds,
    )
