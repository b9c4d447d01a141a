"""One try at one reply: what has come of it, how long it may still take, and whether it is whole.

Reads pieces, opens no connection, and decides nothing about a second try.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType

from corpus.tokens import count_tokens
from tutor.diagnose import diagnose
from tutor.errors import ModelCutError, ModelEmptyError, ModelLimitError, ModelRefusedError, ModelTimeoutError
from tutor.settings import Profile
from tutor.stream import ThinkFilter

__all__ = ["Attempt", "Completion", "Piece", "Usage"]

_WHOLE = {"stop", "eos", "end_turn", "stop_sequence", "complete", "completed"}
_CUT = {"length", "max_tokens", "max_output_tokens", "model_length"}
_FILTERED = {"content_filter", "safety", "refusal", "recitation", "prohibited_content", "blocklist"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """Tokens of one call. `estimated` where the server gave no figures."""

    input_tokens: int = 0
    output_tokens: int = 0
    estimated: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Completion:
    """A reply that came whole, by `model`: its text without thinking, and the seconds in all and to the first word."""

    text: str
    usage: Usage
    seconds: float
    first_token_seconds: float
    finish: str
    model: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """What one event of a stream says. `usage` is tokens (in, out); `alive`: there is some part of a reply in it."""

    text: str = ""
    finish: str = ""
    refusal: str = ""
    thought: bool = False
    alive: bool = False
    usage: tuple[int, int] | None = None


@dataclass(kw_only=True, slots=True)
class Attempt:
    """One try at one reply: what has come, how long it may still take, and how it ended."""

    profile: Profile
    key: str
    begun: float
    tried: float
    text: str = ""
    finish_reason: str = ""
    usage: tuple[int, int] | None = None
    refusal: str = ""
    thought: bool = False
    over: bool = False
    first: float = 0.0  # when the first word was shown
    heard: float = 0.0  # when anything of the reply, thinking included, last came
    filter: ThinkFilter = field(default_factory=ThinkFilter)

    def __enter__(self) -> "Attempt":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Any error of the client becomes a ModelError, or the end where the reply was complete already."""
        if not isinstance(error, Exception):
            return False
        if self.finish_reason:
            self.over = True
            return True
        if type(error) is TimeoutError:
            raise self._late()
        raise diagnose(error, self.profile, key=self.key, text=self.text)

    def left(self) -> float:
        """Seconds until the nearest deadline."""
        profile, now = self.profile, time.monotonic()
        next_word = self.heard + profile.silence if self.heard else self.tried + profile.first_token
        return max(0.0, min(next_word, self.begun + profile.timeout) - now)

    def _late(self) -> ModelTimeoutError:
        profile = self.profile
        if time.monotonic() >= self.begun + profile.timeout:
            what, option = f"not complete after {profile.timeout:g} s", "timeout"
        elif self.heard:
            what, option = f"silent for {profile.silence:g} s in the middle of the reply", "silence"
        else:
            what, option = f"no word within {profile.first_token:g} s", "first_token"
        return ModelTimeoutError(
            f"{profile.model} {profile.where}: {what}. Give it longer with {option} in [models.{profile.name}]."
        )

    def take(self, piece: Piece) -> str:
        """Read one piece; the text in it that may be shown."""
        self.finish_reason = piece.finish or self.finish_reason
        self.usage = piece.usage or self.usage
        self.refusal += piece.refusal
        self.thought = self.thought or piece.thought
        if piece.alive:
            self.heard = time.monotonic()
        return self._show(self.filter.feed(piece.text)) if piece.text else ""

    def finish(self) -> str:
        """What the filter held back to the last."""
        return self._show(self.filter.finish())

    def _show(self, shown: str) -> str:
        if not self.text:
            shown = shown.lstrip()
        if shown and not self.first:
            self.first = time.monotonic()
        if self.filter.stray:  # all that was shown so far was thinking
            self.text, self.filter.stray = "", False
            shown = shown.lstrip()
        self.text += shown
        return shown

    def completion(self, asked: Sequence[str]) -> Completion:
        """The whole reply, or the ModelError that says why it is none."""
        at, finish = f"{self.profile.model} {self.profile.where}", self.finish_reason.lower()
        if self.refusal or finish in _FILTERED:
            raise ModelRefusedError(f"{at}: {'declined to answer' if self.refusal else 'stopped by a filter'}.")
        if finish in _CUT:
            raise ModelLimitError(
                f"{at}: the reply reached its limit of tokens. Raise max_tokens in [models.{self.profile.name}].",
                text=self.text,
            )
        if not finish and (self.text or self.thought) and self.profile.provider in ("openai", "azure"):
            raise ModelCutError(f"{at}: the stream ended without a finish reason.", text=self.text)
        if not self.text.strip():
            what = "nothing but thinking" if self.thought or self.filter.thought else "an empty reply"
            raise ModelEmptyError(f"{at}: {what} (finish reason: {finish or 'none'}).")
        if finish and finish not in _WHOLE:
            raise ModelCutError(f"{at}: the reply ended for the reason {finish!r}.", text=self.text)
        now = time.monotonic()
        return Completion(
            text=self.text.rstrip(),
            usage=self._usage(asked),
            seconds=now - self.begun,
            first_token_seconds=self.first - self.begun,
            finish=finish or "stop",
            model=self.profile.model,
        )

    def _usage(self, asked: Sequence[str]) -> Usage:
        if self.usage and self.usage[0]:
            return Usage(input_tokens=self.usage[0], output_tokens=self.usage[1])
        sent = sum(count_tokens(text, self.profile.model) for text in asked)
        return Usage(input_tokens=sent, output_tokens=count_tokens(self.text, self.profile.model), estimated=True)
