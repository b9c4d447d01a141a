"""Questions to the tutor; while a card waits, answered without that card and checked before a word is shown.

A question that comes near the waiting card is answered in other cards' own words: a language model knows the world, so
no prompt could keep it from telling, translating or nodding. A question about something else may go to the model, which
is told nothing of the card that waits.
"""

import re
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Protocol

from corpus.card import Card
from corpus.errors import CorpusError
from tutor.clauses import STOP, prepare, stem
from tutor.disguise import disguised, unreadable
from tutor.disguise import said as said_words
from tutor.errors import TutorError, plain
from tutor.explain import Notice, Reply, Said
from tutor.feedback import first_looks
from tutor.hint import hint
from tutor.history import Play
from tutor.learner import Learner, Progress
from tutor.speech import ENGLISH, Speech

_TURNS = 10
_QUOTES = 1  # so many replies near the waiting card; several harmless ones together could tell what none of them does
_TOLD = 0.6
_LONGEST = 4_000  # a longer reply could hide its end from the matcher
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

# What speaks of the waiting card without naming it: its answer, its letters, its words, or just "it".
_OF_IT = re.compile(
    r"\b(?:it|its|this|that|these|those|they|them|their|answers?|cards?|gaps?|blanks?|letters?|spell\w*|words?|"
    r"reference|solution|hints?|secret|hidden|context|above|instructions?|prompt|question|backwards?|revers\w*|"
    r"base64|encod\w*|rhymes?|acrostics?|initials?|acronym|translat\w*)\b",
    re.IGNORECASE,
)
# What only the log can say, and only the session can do.
_CLAIM = re.compile(
    r"\b(?:I(?:'ve| have|'ll| will)? (?:just |now |also )?(?:sav|stor|record|mark|updat|schedul|not|chang|remember|add)"
    r"(?:e|ed|ing)?\b|your (?:progress|schedule|score|streak|answer) (?:is|was|has been)|you(?:'ve| have) "
    r"(?:now )?(?:learn(?:ed|t)|master|complet|review|answer)\w* \d|due (?:tomorrow|today|again|in \d))",
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
    def model(self) -> object | None:
        """The language model in use; None where there is none."""

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


def aside(parts: Replies, question: str, play: InPlay, speech: Speech = ENGLISH) -> Iterator[Said | Notice | Reply]:
    """Reply to `question` without giving away the card in play; the last event is a Reply."""
    if is_guess(question):
        yield from _spoken(speech.guess)
        return
    related = bool(_OF_IT.search(question)) or parts.related(question, play.card)
    explainer = parts.quoter if related else parts.explainer
    # A model is told nothing of what was said beside the card: the learner may have told it what waits.
    history = play.talk[-2 * _TURNS :] if related else ()
    reply: Reply | None = None
    for event in explainer.ask(question, exclude={play.card.id}, history=history):
        if isinstance(event, Notice):
            yield Notice(text=speech.of(event.text))
        elif isinstance(event, Reply):
            reply = event
        else:
            # Says nothing yet, but lets whoever listens stop here, which stops the search too.
            yield Said(text="")
    own = (speech.guess, speech.waits)
    said = [text for role, text in play.talk if role == "tutor" and text not in own]
    spent = related and len(said) >= _QUOTES
    # What gives the card away and what no card answers get the same words: being refused tells nothing either.
    if reply is None or not reply.answerable or spent or _gives_away(parts.leaks, reply, said[-_TURNS:], speech, play):
        yield from _spoken(speech.waits)
        return
    yield Said(text=reply.text)
    yield reply


def _gives_away(
    leaks: Callable[[str, Card], Collection[str]], reply: Reply, said: Sequence[str], speech: Speech, play: InPlay
) -> bool:
    """Whether a key point is told by this reply, or by it and all that stands around it, that no hint has told.

    That are the replies before it and the tutor's own sentences, those of a first look and of hints to come too.
    """
    own, around = (speech.guess, speech.waits), _around(play.card, speech)
    cited = [text for one in reply.citations for text in (one.question, one.quote)]
    if len(reply.text) > _LONGEST or (reply.model and claims(reply.text)):
        return True
    if reply.model and (
        unreadable(reply.text, "\n".join([play.card.text, *cited])) or disguised(_secrets(play.card), reply.text)
    ):
        return True
    now = "\n".join([reply.text, *cited])
    together = "\n".join([now, *reversed([*own, *said])])
    hinted = "\n".join(play.hints)
    told = spoken_points(together, play.card) - (spoken_points(hinted, play.card) if hinted else set())
    if told:
        return True
    known = set(leaks(hinted, play.card)) if hinted else set()
    # More text can hide from the matcher what less shows, so each is looked at.
    ways = ([now], [*own, *said, now], [*own, *around, *said, now], [*own, *said, now, *around])
    texts = ["\n".join(way) for way in ways] + ([together] if said else [])
    return any(set(leaks(text, play.card)) - known for text in texts)


def _around(card: Card, speech: Speech) -> tuple[str, ...]:
    """What the tutor itself may say of a card before its answer is shown, but for the cloze and the point told."""
    rungs = (hint(card, level, speech=speech).text for level in (1, 2, 3))
    return (*first_looks(len(card.key_points), speech), *rungs)


def claims(text: str) -> bool:
    """Whether a model says that something was stored, or what the log holds: neither is known to it."""
    return bool(_CLAIM.search(text))


def spoken_points(text: str, card: Card) -> set[str]:
    """The ids of the key points most of whose own words, those that the question does not hold, `text` says somehow."""
    wanted = _wanted(card)
    there = {stem(word) for word in said_words(set().union(*wanted.values()), text)}
    return {id for id, own in wanted.items() if own and _share(own, there) >= _TOLD}


def _secrets(card: Card) -> frozenset[str]:
    """The words of a card's points that its question does not hold: nobody has a reason to say one in disguise."""
    return frozenset().union(*_wanted(card).values())


def _wanted(card: Card) -> dict[str, frozenset[str]]:
    """Each point's own words, those that the question does not hold, by the point's id."""
    asked = prepare(card.question).stems
    return {point.id: _own_words(point.text, asked) for point in card.key_points}


def _own_words(text: str, asked: frozenset[str]) -> frozenset[str]:
    words = re.findall(r"[^\W_]+", text.casefold())
    return frozenset(word for word in words if word not in STOP and stem(word) not in asked)


def _share(own: frozenset[str], there: Collection[str]) -> float:
    stems = {stem(word) for word in own}
    return len(stems & set(there)) / len(stems)


class Talk:
    """The questions of one session and the replies to them, kept in the log beside the card they were asked at."""

    def __init__(
        self,
        learner: Learner,
        parts: Replies,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        progress: Callable[[], Progress],
        speech: Speech,
    ) -> None:
        self._learner = learner
        self._parts = parts
        self._progress = progress
        self._speech = speech
        self._clock = clock
        self._new_id = new_id
        self.loose: tuple[tuple[str, str], ...] = ()

    def ask(
        self, question: str, *, id: str, play: Play | None, secret: Card | None, decks: Sequence[str]
    ) -> Iterator[Said | Notice | Reply]:
        """Reply to `question`; `play` is the card it stands beside, `secret` that card until its answer is shown."""
        history = play.talk if play is not None else self.loose
        yield from self.keep(question, self._replies(question, play, secret, decks, history), id=id, play=play)

    def keep(
        self, question: str, replies: Generator[Said | Notice | Reply], *, id: str, play: Play | None
    ) -> Iterator[Said | Notice | Reply]:
        """Pass `replies` on, and keep the question and what was said to it in the log."""
        self._keep("learner", question, play, id)
        told: list[str] = []
        try:
            with closing(replies):
                for event in replies:
                    if isinstance(event, Said):
                        told.append(event.text)
                    elif isinstance(event, Reply):
                        told = [event.text]
                    yield event
                    if isinstance(event, Reply) and event.model and claims(event.text):
                        yield Notice(text=self._speech.unbacked.format(**asdict(self._progress())))
        except (TutorError, CorpusError) as error:
            yield Notice(text=self._speech.of(plain(error)))
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
    ) -> Generator[Said | Notice | Reply]:
        if play is not None and secret is not None:
            hints = tuple(given.text for given in play.hints)
            yield from aside(self._parts, question, InPlay(card=secret, hints=hints, talk=history), self._speech)
        else:
            yield from self._parts.explainer.ask(question, decks=decks, history=history)

    def _keep(self, role: str, text: str, play: Play | None, id: str = "") -> None:
        card, ask = (play.card, play.ask) if play is not None else ("", "")
        body = {"role": role, "text": text}
        self._learner.record("said", id=id or self._new_id(), at=self._clock(), card=card, ask=ask, body=body)
        if play is None:
            self.loose = (*self.loose, (role, text))


def _spoken(text: str) -> Iterator[Said | Reply]:
    yield Said(text=text)
    yield Reply(text=text, answerable=False)
