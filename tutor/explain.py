"""The retrieval chain: question -> retrieved cards -> Prompt -> streamed Reply whose citations are checked.

Without a model, or when it fails, quotes the cards instead. Never asks a model what the cards do not answer, and never
takes an order from a card.
"""

import contextlib
import re
import time
from collections.abc import Collection, Generator, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from typing import Protocol

from corpus.card import Card
from corpus.tokens import count_tokens, trim
from prompts import Prompt, render
from tutor.cite import Citation, CitationGate, cite, numbered
from tutor.errors import ModelBusyError, ModelError
from tutor.model import ChatModel, Completion, Usage
from tutor.quote import NEAREST, Ranked, not_in_cards, quote
from tutor.speech import ENGLISH, Speech

__all__ = ["Citation", "Explainer", "Notice", "Reply", "Said"]

_DEPENDENT = re.compile(
    r"\b(it|its|that|this|these|those|they|them|their|he|she|one|ones|former|latter|same|above|more|else|again|"
    r"first|second|third|last|other|another|such|both)\b|^\W*(and|but|so|why|how come|what about|or)\b",
    re.IGNORECASE,
)
_SENTINEL = "NOT IN THE CARDS"
_SPARE = 64  # tokens left for what a server's chat template adds
_TURNS = 6  # so much of the talk before is sent along at most
_LONGEST_QUERY = 400


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """One streamed piece of text; an empty one says that the model is still waited for."""

    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """A plain sentence about the tutor's own state, such as that the model failed."""

    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """A whole answer. `model` is empty where the cards were quoted; `complete` is false where the model was cut.

    `nearest` names the cards that come near where none answers; their answers are not quoted.
    """

    text: str
    citations: tuple[Citation, ...] = ()
    answerable: bool
    model: str = ""
    usage: Usage | None = None
    seconds: float = 0.0
    complete: bool = True
    nearest: tuple[Citation, ...] = ()


class Found(Protocol):
    """One retrieved card, as `corpus.retrieve` gives it."""

    @property
    def card(self) -> Card:
        """The card."""

    @property
    def score(self) -> float:
        """How well it fits, 0 to 1."""


class Result(Protocol):
    """What a search gives."""

    @property
    def answerable(self) -> bool:
        """Whether the cards answer the query."""

    @property
    def results(self) -> Sequence[Found]:
        """The nearest cards, best first."""


class Retrieves(Protocol):
    """Finds cards; `corpus.retrieve.Retriever` is one."""

    def search(self, query: str, k: int = 5, *, decks: Sequence[str] = (), exclude: Collection[str] = ()) -> Result:
        """The nearest cards, and whether they answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """A question with the cards that were found for it and the talk before it."""

    question: str
    found: tuple[Ranked, ...]
    history: tuple[tuple[str, str], ...]
    begun: float

    def seconds(self) -> float:
        return time.monotonic() - self.begun


@dataclass(frozen=True, kw_only=True)
class _Fitted:
    """What is sent: the question, and the cards and the talk that fit beside it."""

    asked: str
    cards: tuple[Card, ...]
    history: tuple[tuple[str, str], ...]

    @cached_property
    def prompt(self) -> Prompt:
        """The prompt; its cards are numbered from 1."""
        listed = numbered(self.cards)
        return render("explain", cards=listed, question=self.asked, fence=_fence(listed, self.asked))

    def size(self, model: str) -> int:
        """Tokens of all that is sent."""
        return sum(count_tokens(text, model) for text in (self.prompt.text, *(text for _, text in self.history)))


@dataclass(kw_only=True, slots=True)
class _Told:
    """What the model has told so far."""

    text: str = ""
    completion: Completion | None = None
    absent: bool = False
    error: ModelError | None = None


class _Start:
    """Holds the first words of a reply back until it is clear whether they say that the cards do not answer."""

    def __init__(self) -> None:
        self._held = ""
        self._open = False
        self.absent = False

    @property
    def is_sentinel(self) -> bool:
        """Whether the held words are just that."""
        return self._held.strip(" *.\n").upper() == _SENTINEL

    def feed(self, piece: str) -> str:
        """What may be shown now."""
        if self._open:
            return piece
        self._held += piece
        words = self._held.strip(" *\n").upper()
        self.absent = words.startswith(_SENTINEL) and not words[len(_SENTINEL) :][:1].isalnum() and words != _SENTINEL
        if self.absent or _SENTINEL.startswith(words):
            return ""
        self._open = True
        return self.finish()

    def finish(self) -> str:
        """What was held back to the last."""
        held, self._held = self._held, ""
        return held


class Explainer:
    """Answers questions from the cards.

    Args:
        retriever: finds the cards.
        model: writes the answer; None to quote the cards.
        k: how many cards are retrieved.
        context: tokens that prompt and reply may have together, as the model's profile says.
        max_tokens: the longest reply.
        cache: replies to the same question on the same cards by the same model; not asked where there is none.
    """

    def __init__(
        self,
        retriever: Retrieves,
        model: ChatModel | None,
        *,
        k: int = 5,
        context: int = 8192,
        max_tokens: int = 1024,
        cache: MutableMapping[str, str] | None = None,
        speech: Speech = ENGLISH,
    ) -> None:
        self._retriever = retriever
        self._model = model
        self._k = k
        self._room = context - max_tokens - _SPARE
        self._max_tokens = max_tokens
        self._cache = cache
        self._speech = speech

    def ask(
        self,
        question: str,
        *,
        decks: Sequence[str] = (),
        exclude: Collection[str] = (),
        history: Sequence[tuple[str, str]] = (),
    ) -> Iterator[Said | Notice | Reply]:
        """Answer `question`; the last event is a Reply. Closing the iterator stops the model.

        `history` holds pairs of role ("learner" or "tutor") and text, oldest first. Cards whose id is in `exclude` are
        left out, and near-duplicates of them.
        """
        begun = time.monotonic()
        question = question.strip()
        talk = tuple(history[-_TURNS:])
        query = yield from self._query(question, talk)
        result = self._retriever.search(query, self._k, decks=decks, exclude=exclude)
        found = tuple(Ranked(card=one.card, score=one.score) for one in result.results)
        asked = _Asked(question=question, found=found, history=talk, begun=begun)
        if not result.answerable or not found:
            yield from self._absent(asked)
        elif self._model is None:
            yield from self._quoted(asked)
        else:
            yield from self._explained(asked, self._model)

    # Searching.

    def _query(self, question: str, talk: Sequence[tuple[str, str]]) -> Generator[Said, None, str]:
        """What to search for: the question, made to stand alone where it leans on what was said before."""
        before = [text for role, text in talk if role != "tutor"]
        if not before or not (_DEPENDENT.search(question) or len(question.split()) < 3):
            return question[:_LONGEST_QUERY]
        if self._model is not None:
            lines = "\n".join(f"{role.capitalize()}: {trim(text, 200)}" for role, text in talk)
            prompt = render("rephrase", talk=lines, question=question, fence=_fence(lines, question))
            with contextlib.suppress(ModelError):  # the explanation itself will say that the model fails
                for piece in self._model.stream(prompt, max_tokens=120):
                    if isinstance(piece, Completion):
                        return piece.text.strip().splitlines()[0][:_LONGEST_QUERY]
                    yield Said(text="")
        return f"{before[-1]} {question}"[-_LONGEST_QUERY:]

    # Without a model.

    def _absent(self, asked: _Asked) -> Iterator[Said | Reply]:
        text = not_in_cards(asked.found, self._speech)
        yield Said(text=text)
        near = tuple(
            Citation(number=place, card=one.card.id, deck=one.card.deck, question=one.card.question, quote="")
            for place, one in enumerate(asked.found[:NEAREST], 1)
        )
        yield Reply(text=text, answerable=False, seconds=asked.seconds(), nearest=near)

    def _quoted(self, asked: _Asked) -> Iterator[Said | Reply]:
        text, citations = quote(asked.question, asked.found, self._speech)
        yield Said(text=text)
        yield Reply(text=text, citations=citations, answerable=True, seconds=asked.seconds())

    # With a model.

    def _explained(self, asked: _Asked, model: ChatModel) -> Iterator[Said | Notice | Reply]:
        fitted = self._fitted(asked)
        told, gate = _Told(), CitationGate(len(fitted.cards))
        with contextlib.closing(self._told(self._pieces(model, fitted), told)) as words:
            for piece in words:
                shown = gate.feed(piece)
                told.text += shown
                if shown or not piece:
                    yield Said(text=shown)
        if rest := gate.finish():
            told.text += rest
            yield Said(text=rest)
        if told.absent:
            yield from self._absent(asked)
        elif told.error is not None and not told.text.strip():
            yield Notice(text=self._speech.cards_say.format(error=_sentence(self._speech, told.error)))
            yield from self._quoted(asked)
        else:
            yield from _checked(self._speech, asked, fitted, model, told, gate)

    @staticmethod
    def _told(pieces: Generator[str | Completion, None, None], told: _Told) -> Generator[str, None, None]:
        """The words of a reply as they come; what else there is to know is noted in `told`."""
        start = _Start()
        with contextlib.closing(pieces):
            try:
                for piece in pieces:
                    if isinstance(piece, Completion):
                        told.completion = piece
                    else:
                        yield start.feed(piece)
                    if start.absent:
                        break
            except ModelError as error:
                told.error = error
        told.absent = start.absent or (told.error is None and start.is_sentinel)
        if not told.absent and (rest := start.finish()):
            yield rest

    def _pieces(self, model: ChatModel, fitted: _Fitted) -> Generator[str | Completion, None, None]:
        """The model's reply, or the one it gave to the very same prompt before."""
        prompt, history = fitted.prompt, fitted.history
        said = repr((model.name, model.where, prompt.fingerprint, prompt.text, history, self._max_tokens))
        key = sha256(said.encode()).hexdigest()
        if self._cache is not None and (text := self._cache.get(key)):
            yield text
            yield Completion(text=text, usage=Usage(), seconds=0.0, first_token_seconds=0.0, finish="stop")
            return
        pieces = model.stream(prompt, history=history, max_tokens=self._max_tokens)
        with contextlib.ExitStack() as stack:
            if (close := getattr(pieces, "close", None)) is not None:
                stack.callback(close)
            for piece in pieces:
                if isinstance(piece, Completion) and self._cache is not None:
                    self._cache[key] = piece.text
                yield piece

    def _fitted(self, asked: _Asked) -> _Fitted:
        """What fits into the model's context: the oldest talk goes first, then the last cards, never the question."""
        name = self._model.name if self._model else ""
        fitted = _Fitted(
            cards=tuple(ranked.card for ranked in asked.found), history=asked.history, asked=asked.question
        )
        while (over := fitted.size(name) - self._room) > 0:
            if fitted.history:
                fitted = replace(fitted, history=fitted.history[1:])
            elif len(fitted.cards) > 1:
                fitted = replace(fitted, cards=fitted.cards[:-1])
            else:
                card = fitted.cards[0]
                fits = max(16, count_tokens(card.answer, name) - over)
                return replace(fitted, cards=(replace(card, answer=trim(card.answer, fits, name)),))
        return fitted


def _checked(
    speech: Speech, asked: _Asked, fitted: _Fitted, model: ChatModel, told: _Told, gate: CitationGate
) -> Iterator[Notice | Reply]:
    """The end of a reply of which something was shown: what is wrong with it, and the reply."""
    if told.error is not None:
        yield Notice(text=speech.incomplete.format(error=_sentence(speech, told.error)))
    if gate.invented:
        marks = ", ".join(f"[{number}]" for number in dict.fromkeys(gate.invented))
        yield Notice(text=speech.invented.format(marks=marks))
    if not gate.used:
        yield Notice(text=speech.uncited)
    text = told.text.strip()
    if gate.invented:
        text = re.sub(r"(?<=\S) +(?=[ .,;:!?])", "", text)  # the gaps that marks left
    yield Reply(
        text=text,
        citations=tuple(cite(number, fitted.cards[number - 1], _around(text, number)) for number in sorted(gate.used)),
        answerable=True,
        model=(told.completion.model if told.completion else "") or model.name,
        usage=told.completion.usage if told.completion else None,
        seconds=asked.seconds(),
        complete=told.error is None,
    )


def _fence(*texts: str) -> str:
    """A line that no text can hold, since it is made from them."""
    return f"=== {sha256(repr(texts).encode()).hexdigest()[:16]} ==="


def _sentence(speech: Speech, error: ModelError) -> str:
    if isinstance(error, ModelBusyError) and error.retry_after:
        return f"{speech.of(error.plain)} {speech.pause.format(seconds=error.retry_after)}"
    return speech.of(error.plain)


def _around(text: str, number: int) -> str:
    """The sentences of `text` that carry the mark of `number`."""
    return " ".join(part for part in re.split(r"(?<=[.!?\]])\s+(?!\[)", text) if f"[{number}]" in part)
