"""A Profile -> a chat model that streams: deadlines, bounded retry, one typed error for every way it can fail.

Knows no cards and no prompts, counts no money (`tutor.usage` does), and passes nothing incomplete off as complete.
"""

import asyncio
import contextlib
import os
import random
import time
import weakref
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from corpus.tokens import count_tokens
from prompts import Prompt
from tutor.attempt import Attempt, Completion, Usage
from tutor.diagnose import no_key, transient
from tutor.errors import (
    ModelBusyError,
    ModelCutError,
    ModelError,
    ModelLongError,
)
from tutor.settings import Profile
from tutor.stream import Stream, background

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["ChatModel", "Completion", "Fallback", "Usage", "complete", "open_model", "read_key", "silence_tracing"]

TRACING = ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING")
_SHORT_WAIT = 2.0  # a server's Retry-After up to this is waited out in place; a longer one is told


class ChatModel(Protocol):
    """What the tutor asks of a language model."""

    @property
    def name(self) -> str:
        """The model's name."""

    @property
    def where(self) -> str:
        """Where it runs, in plain words."""

    def stream(
        self, prompt: Prompt, *, history: Sequence[tuple[str, str]] = (), max_tokens: int | None = None
    ) -> Iterator[str | Completion]:
        """Pieces of text, then one Completion. Raises a ModelError; closing the iterator closes the request.

        A piece may be empty: it says that the model is still waited for. `history` holds what was said before, oldest
        first, as pairs of role ("learner" or "tutor") and text.
        """


def complete(
    model: ChatModel,
    prompt: Prompt,
    *,
    history: Sequence[tuple[str, str]] = (),
    max_tokens: int | None = None,
    patience: float = 0.0,
) -> Completion:
    """The whole reply. A pause that the server asks for is kept, up to `patience` seconds, and the call repeated."""
    until = time.monotonic() + patience
    while True:
        try:
            for piece in model.stream(prompt, history=history, max_tokens=max_tokens):
                if isinstance(piece, Completion):
                    return piece
            raise ModelCutError(f"{model.name}: the reply ended without its end.")
        except ModelBusyError as busy:
            if busy.retry_after is None or time.monotonic() + busy.retry_after > until:
                raise
            time.sleep(busy.retry_after)


def silence_tracing() -> None:
    """Keep LangChain from uploading prompts, whatever stray variables ask for."""
    for name in TRACING:
        os.environ[name] = "false"


def open_model(profile: Profile, *, tracing: bool = False, environ: Mapping[str, str] | None = None) -> "OpenModel":
    """A client for `profile`. Contacts nobody yet.

    Raises:
        ModelKeyError: the variable or file that should hold the key does not.
        ConfigError: the provider is unknown, or its package is not installed.
    """
    if not tracing:
        silence_tracing()
    key = read_key(profile, os.environ if environ is None else environ)
    return OpenModel(profile, key, tracing=tracing)


def read_key(profile: Profile, environ: Mapping[str, str]) -> str:
    """The key, or empty where the profile needs none."""
    if profile.api_key_file:
        try:
            key = Path(profile.api_key_file).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            key = ""
    elif profile.key_variable:
        key = environ.get(profile.key_variable, "").strip()
    else:
        return ""
    if not key or not key.isascii() or not key.isprintable():
        raise no_key(profile)
    return key


class OpenModel:
    """One profile's chat model. Thread-safe; streams may run side by side."""

    def __init__(self, profile: Profile, key: str, *, tracing: bool = False) -> None:
        from tutor.providers import connect

        self.profile = profile
        self._key = key
        self._connection = connect(profile, key, tracing=tracing)
        self._busy_until = 0.0
        self._finalizer = weakref.finalize(self, background.release, background.keep(self._connection.close))
        self._finalizer.atexit = False  # the loop closes what is left

    def __repr__(self) -> str:
        return f"OpenModel({self.profile.name!r}: {self.name} {self.where})"

    @property
    def name(self) -> str:
        """The model's name as its server knows it."""
        return self.profile.model

    @property
    def where(self) -> str:
        """Where it runs, in plain words."""
        return self.profile.where

    @property
    def chat(self) -> "BaseChatModel":
        """The LangChain model inside, for chains of one's own; none of the checks here apply to it."""
        return self._connection.chat

    def close(self) -> None:
        """Close the connections."""
        self._finalizer()

    def stream(
        self, prompt: Prompt, *, history: Sequence[tuple[str, str]] = (), max_tokens: int | None = None
    ) -> "Stream[str | Completion]":
        """See ChatModel.stream; `close` may be called from any thread."""
        talk = [("assistant" if role == "tutor" else "user", text) for role, text in history]
        talk.append(("user", prompt.text))
        limit = min(max_tokens or self.profile.reply_limit, self.profile.context // 2)
        return Stream(lambda: self._pieces(talk, limit), idle="")

    async def _pieces(self, talk: list[tuple[str, str]], limit: int) -> AsyncGenerator[str | Completion, None]:
        begun = time.monotonic()
        self._measure(talk, limit)
        self._ask_leave(begun)
        for number in range(self.profile.retries + 1):
            attempt = Attempt(profile=self.profile, key=self._key, begun=begun, tried=time.monotonic())
            try:
                async with contextlib.aclosing(self._once(talk, limit, attempt)) as pieces:
                    async for piece in pieces:
                        yield piece
                return
            except ModelError as error:
                delay = self._delay(error, number, attempt)
                if delay is None:
                    raise
            await asyncio.sleep(delay)

    async def _once(
        self, talk: list[tuple[str, str]], limit: int, attempt: Attempt
    ) -> AsyncGenerator[str | Completion, None]:
        pieces = self._connection.pieces(talk, limit)
        async with contextlib.aclosing(pieces):
            while not attempt.over:
                with attempt:
                    async with asyncio.timeout(attempt.left()):
                        piece = await anext(pieces, None)
                if attempt.over or piece is None:
                    break
                if shown := attempt.take(piece):
                    yield shown
        if shown := attempt.finish():
            yield shown
        yield attempt.completion([text for _, text in talk])

    def _measure(self, talk: list[tuple[str, str]], limit: int) -> None:
        """Refuse a call that the context has no room for: some servers would cut the prompt and say nothing."""
        size, room = sum(count_tokens(text, self.name) for _, text in talk), self.profile.context
        if size + limit > room:
            raise ModelLongError(
                f"{self.name} {self.where}: a prompt of about {size} tokens and {limit} for the reply do not fit into "
                f"context = {room} of [models.{self.profile.name}]. Raise it if the server has more."
            )

    def _ask_leave(self, now: float) -> None:
        """Refuse a call while the server has asked for a pause."""
        if (left := self._busy_until - now) > 0:
            raise ModelBusyError(
                f"{self.name} {self.where}: the server asked for a pause; {left:.0f} s of it are left.",
                retry_after=left,
            )

    def _delay(self, error: ModelError, number: int, attempt: Attempt) -> float | None:
        """Seconds to wait before the next try; None where there is none."""
        asked = error.retry_after if isinstance(error, ModelBusyError) else None
        if asked is not None and asked > _SHORT_WAIT:
            self._busy_until = time.monotonic() + asked
            return None
        if attempt.text or number == self.profile.retries or not transient(error):
            return None
        delay = asked or 0.25 * 2**number * random.uniform(0.5, 1.5)
        return delay if time.monotonic() + delay < attempt.begun + self.profile.timeout else None


class Fallback:
    """Models tried in order: the next one is asked where the one before failed with nothing shown."""

    def __init__(self, models: Sequence[ChatModel]) -> None:
        self._models = tuple(models)
        self._current = self._models[0]

    @property
    def name(self) -> str:
        """The model that answered last, or will be asked first."""
        return self._current.name

    @property
    def where(self) -> str:
        """Where that model runs."""
        return self._current.where

    def stream(
        self, prompt: Prompt, *, history: Sequence[tuple[str, str]] = (), max_tokens: int | None = None
    ) -> Iterator[str | Completion]:
        """See ChatModel.stream. Where all fail, the first one's error is raised."""
        first: ModelError | None = None
        for model in self._models:
            shown = False
            pieces = model.stream(prompt, history=history, max_tokens=max_tokens)
            try:
                for piece in pieces:
                    if piece:
                        self._current, shown = model, True
                    yield piece
                return
            except ModelError as error:
                if shown:
                    raise
                first = first or error
        if first is not None:
            self._current = self._models[0]
            raise first
