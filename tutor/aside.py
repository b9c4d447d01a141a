"""Questions to the tutor; while a card waits, answered without that card and checked before a word is shown.

A question that comes near the waiting card is answered in other cards' own words: a language model knows the world, so
no prompt could keep it from telling, translating or nodding. A question about something else may go to the model, which
is told nothing of the card that waits.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from corpus.card import Card
from corpus.errors import CorpusError
from tutor.clauses import STOP, prepare
from tutor.errors import TutorError, plain
from tutor.explain import Notice, Reply, Said
from tutor.history import Play
from tutor.learner import Learner

GUESS = (
    "While a card is open I say neither yes nor no to a guess, right or wrong. "
    "If it is your answer, send it as your answer; or ask for a hint."
)
WAITS = (
    "A card is waiting for your answer, and no other card says more about this. "
    "Answer it first, or ask for a hint; then ask me again."
)
_TURNS = 10
_QUOTES = 3  # so many replies near the waiting card; many harmless ones together could tell what none of them does
_TOLD = 0.6
_SENTENCES = re.compile(r"(?<=[?!:;\n])\s+|(?<=\w\w\.)\s+")
_LEAD = r"^\W*(?:(?:so|and|or|then|ok|okay|well|but|um+|hm+|please|just|the|an?|also)\W+)*"
_GUESS = re.compile(
    rf"{_LEAD}(?:is|isn't|are|aren't|was|were|am i|do|does|don't|doesn't|did|can|could|would|should|has|have|will|"
    r"maybe|perhaps|it's|its|it is|they are|i think|i guess|i'd say|my answer|answer (?:is|would|should|must)|"
    r"true or false)\b|\b(?:right|correct|true|yes|no|am i right|isn't it|warm|close)\W*$",
    re.IGNORECASE,
)
_WONDER = re.compile(
    rf"{_LEAD}(?:what|why|how|when|where|which|who|whose|explain|define|describe|compare|differences?|examples?|"
    r"give|show|tell|translate|complete)\b",
    re.IGNORECASE,
)


class Explains(Protocol):
    """Answers questions from the cards; `tutor.explain.Explainer` is one."""

    def ask(
        self,
        question: str,
        *,
        decks: Sequence[str] = (),
        exclude: Collection[str] = (),
        history: Sequence[tuple[str, str]] = (),
    ) -> Iterator[Said | Notice | Reply]:
        """Pieces of text, notices, and at the end a Reply."""


class Replies(Protocol):
    """What replies to questions."""

    @property
    def explainer(self) -> Explains:
        """Answers questions, with a language model where one is in use."""

    @property
    def quoter(self) -> Explains:
        """Answers questions in the cards' own words; no model is asked, so none can tell what it knows."""

    def related(self, question: str, card: Card) -> bool:
        """Whether `question` comes near `card`."""

    def leaks(self, text: str, card: Card) -> Collection[str]:
        """The ids of the key points of `card` that `text` tells."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InPlay:
    """The card in play, what its hints have told so far, and what was said beside it."""

    card: Card
    hints: tuple[str, ...] = ()
    talk: tuple[tuple[str, str], ...] = ()


def is_guess(text: str) -> bool:
    """Whether `text` asks for a yes or no, or names a candidate, judged by its form alone.

    What the card says plays no part, so the same reply to every guess confirms none of them.

    >>> is_guess("is it the forget gate?"), is_guess("the forget gate?"), is_guess("what is a gate?")
    (True, True, False)
    """
    sentences = _SENTENCES.split(text.strip())
    return any(_GUESS.search(one) for one in sentences) or not any(_WONDER.search(one) for one in sentences)


def aside(parts: Replies, question: str, play: InPlay) -> Iterator[Said | Notice | Reply]:
    """Reply to `question` without giving away the card in play; the last event is a Reply."""
    if is_guess(question):
        yield from _spoken(GUESS)
        return
    related = parts.related(question, play.card)
    explainer = parts.quoter if related else parts.explainer
    reply: Reply | None = None
    for event in explainer.ask(question, exclude={play.card.id}, history=play.talk[-2 * _TURNS :]):
        if isinstance(event, Notice):
            yield event
        elif isinstance(event, Reply):
            reply = event
        else:
            # Says nothing yet, but lets whoever listens stop here, which stops the search too.
            yield Said(text="")
    said = [text for role, text in play.talk if role == "tutor" and text not in (GUESS, WAITS)]
    spent = related and len(said) >= _QUOTES
    # What gives the card away and what no card answers get the same words: being refused tells nothing either.
    if reply is None or not reply.answerable or spent or _gives_away(parts.leaks, reply, said[-_QUOTES:], play):
        yield from _spoken(WAITS)
        return
    yield Said(text=reply.text)
    yield reply


def _gives_away(leaks: Callable[[str, Card], Collection[str]], reply: Reply, said: Sequence[str], play: InPlay) -> bool:
    """Whether a key point is told by this reply, or by it and those before together, that no hint has told."""
    now = "\n".join([reply.text, *(text for one in reply.citations for text in (one.question, one.quote))])
    together = "\n".join([WAITS, GUESS, *dict.fromkeys([*said, now])])
    found = {*leaks(now, play.card), *leaks(together, play.card), *_spoken_points(together, play.card)}
    if found and play.hints:
        hinted = "\n".join(play.hints)
        found -= set(leaks(hinted, play.card)) | _spoken_points(hinted, play.card)
    return bool(found)


def _spoken_points(text: str, card: Card) -> set[str]:
    """The ids of the key points most of whose own words, those that the question does not hold, stand in `text`."""
    there = prepare(text).stems
    asked = prepare(card.question).stems
    told = set()
    for point in card.key_points:
        new = prepare(point.text).stems - asked - STOP
        if new and len(new & there) / len(new) >= _TOLD:
            told.add(point.id)
    return told


class Talk:
    """The questions of one session and the replies to them, kept in the log beside the card they were asked at."""

    def __init__(
        self,
        learner: Learner,
        parts: Replies,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._learner = learner
        self._parts = parts
        self._clock = clock
        self._new_id = new_id
        self.loose: tuple[tuple[str, str], ...] = ()

    def ask(
        self, question: str, *, id: str, play: Play | None, secret: Card | None, decks: Sequence[str]
    ) -> Iterator[Said | Notice | Reply]:
        """Reply to `question`; `play` is the card it stands beside, `secret` that card until it is answered."""
        history = play.talk if play is not None else self.loose
        self._keep("learner", question, play, id)
        told: list[str] = []
        try:
            for event in self._replies(question, play, secret, decks, history):
                if isinstance(event, Said):
                    told.append(event.text)
                elif isinstance(event, Reply):
                    told = [event.text]
                yield event
        finally:
            if text := "".join(told).strip():
                self._keep("tutor", text, play)

    def _replies(
        self,
        question: str,
        play: Play | None,
        secret: Card | None,
        decks: Sequence[str],
        history: tuple[tuple[str, str], ...],
    ) -> Iterator[Said | Notice | Reply]:
        try:
            if play is not None and secret is not None:
                hints = tuple(given.text for given in play.hints)
                in_play = InPlay(card=secret, hints=hints, talk=history)
                yield from aside(self._parts, question, in_play)
            else:
                yield from self._parts.explainer.ask(question, decks=decks, history=history)
        except (TutorError, CorpusError) as error:
            yield Notice(text=plain(error))

    def _keep(self, role: str, text: str, play: Play | None, id: str = "") -> None:
        card, ask = (play.card, play.ask) if play is not None else ("", "")
        body = {"role": role, "text": text}
        self._learner.record("said", id=id or self._new_id(), at=self._clock(), card=card, ask=ask, body=body)
        if play is None:
            self.loose = (*self.loose, (role, text))


def _spoken(text: str) -> Iterator[Said | Reply]:
    yield Said(text=text)
    yield Reply(text=text, citations=(), answerable=False, model="", usage=None, seconds=0.0)
