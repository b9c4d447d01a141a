"""The model calls of a case: noted with prompt and reply, limited in tokens, time and money, or answered again.

Makes no call of its own; `Watched` stands around the models of the tutor and of the judge.
"""

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from corpus.tokens import count_tokens
from evals.case import EvalError, SubjectError
from prompts import Prompt
from tutor.attempt import Completion, Usage
from tutor.errors import ModelError
from tutor.model import ChatModel
from tutor.settings import Profile

# Marks and control points that are drawn anew for every prompt; two prompts that differ in nothing else are the same.
_DRAWN = re.compile(r"(?<==== )[0-9a-f]{16}(?= ===)|(?<==answer )[0-9a-f]{16}(?==)|^[0-9a-f]{6}(?=: )", re.MULTILINE)


class Deferred(EvalError):
    """The reply to a call is not there yet; the case is run again when it is."""


class CapError(EvalError):
    """The run has cost what it may cost; what is done is in the log."""

    exit_code = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One call as it went. `who` is tutor or judge; `kept` says that an earlier reply was given again, at no cost."""

    who: str
    model: str
    prompt: str = ""
    reply: str = ""
    error: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    seconds: float = 0.0
    first_seconds: float | None = None
    kept: bool = False

    def as_json(self) -> dict[str, Any]:
        """The fields that say something."""
        return {key: value for key, value in asdict(self).items() if value or key in ("who", "model")}


@dataclass(kw_only=True, slots=True)
class Tally:
    """What one case has used so far, and may use."""

    repeat: int = 0
    max_tokens: int | None = None
    until: float | None = None
    calls: list[Call] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)

    def left(self) -> float | None:
        """Seconds until the time is up; None without a limit."""
        return None if self.until is None else max(0.0, self.until - time.perf_counter())

    def check(self) -> None:
        """Go on only within the limits.

        Raises:
            SubjectError: the case has used up its tokens or its time.
        """
        used = sum(call.input_tokens + call.output_tokens for call in self.calls)
        if self.max_tokens is not None and used >= self.max_tokens:
            raise SubjectError(f"the case used {used} tokens and may use {self.max_tokens}")
        if self.until is not None and time.perf_counter() > self.until:
            raise SubjectError("the case took longer than it may take")


_NOW: ContextVar[Tally | None] = ContextVar("tally", default=None)


@contextmanager
def tallied(tally: Tally) -> Iterator[Tally]:
    """Calls made within, in this thread, are those of one case."""
    token = _NOW.set(tally)
    try:
        yield tally
    finally:
        _NOW.reset(token)


def noted() -> Tally:
    """The Tally of the case that is under way in this thread; one that nobody reads where there is none."""
    return _NOW.get() or Tally()


class Purse:
    """What a run has cost so far, and may cost; thread-safe. Calls under way count for what they may cost at most."""

    def __init__(self, cap: float | None = None) -> None:
        self.cap = cap
        self.spent = 0.0
        self._under_way = 0.0
        self._lock = threading.Lock()

    @contextmanager
    def leave(self, most: float) -> Iterator[None]:
        """Leave for one call of up to this cost.

        Raises:
            CapError: it could pass the cap.
        """
        with self._lock:
            if self.cap is not None and most and self.spent + self._under_way + most > self.cap:
                raise CapError(
                    f"--cap {self.cap:g} would be passed: {self.spent:.4f} is spent and the next call may cost "
                    f"{most:.4f}. What is done is in the log; raise the cap and run the same again to go on."
                )
            self._under_way += most
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= most

    def pay(self, cost: float) -> None:
        """Count what a call did cost."""
        with self._lock:
            self.spent += cost


class Replies:
    """Replies kept in a JSON Lines file by what was asked; the repeat and the place in its case belong to the key."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._kept: dict[str, Mapping[str, Any]] = {}
        for row in rows(path):
            if "key" in row:
                self._kept[row["key"]] = {**row, "new": False}

    def get(self, key: str) -> Mapping[str, Any] | None:
        """What was kept under this key: `prompt`, `text`, `in`, `out`, or an `error`."""
        with self._lock:
            return self._kept.get(key)

    def put(self, key: str, **row: object) -> None:
        """Keep one reply; an error is kept for this run only."""
        with self._lock:
            self._kept[key] = {"key": key, **row}
        if "error" not in row:
            self.note(key=key, **row)

    def note(self, **row: object) -> None:
        """Append one line to the file."""
        with self._lock:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a JSON Lines file; one that was cut by a kill is no line."""
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue


def key_of(model: ChatModel, prompt: Prompt, history: Sequence[tuple[str, str]], limit: int | None, place: str) -> str:
    """What a call is kept under: all that is asked, in any order of lines, without what is drawn anew each time."""
    lines = sorted(_DRAWN.sub("*", prompt.text).splitlines())
    return sha256(repr((model.name, model.where, lines, list(history), limit, place)).encode()).hexdigest()[:32]


def moved(text: str, old: str, new: str) -> str:
    """A reply to the prompt `old` as a reply to `new`, which differs from it in what is drawn anew and in order."""
    drawn: dict[str, list[str]] = {}
    for line in new.splitlines():
        drawn.setdefault(_DRAWN.sub("*", line), []).extend(_DRAWN.findall(line))
    for line in old.splitlines():
        for token in _DRAWN.findall(line):
            if fresh := drawn.get(_DRAWN.sub("*", line)):
                text = text.replace(token, fresh.pop(0))
    return text


class Wants(Protocol):
    """Takes calls whose replies come later; `evals.mailbox.Mailbox` is one."""

    def want(self, key: str, profile: Profile, prompt: Prompt, history: Sequence[tuple[str, str]], limit: int) -> None:
        """Note one call."""


class Watched:
    """A ChatModel whose calls are noted in the Tally of the case that makes them.

    Args:
        model: the model itself.
        who: tutor or judge.
        profile: its prices and limits.
        purse: what the run may cost.
        kept: earlier replies, given again where the same is asked.
        mailbox: takes calls that no reply is kept for; without it they are made at once.
    """

    def __init__(
        self,
        model: ChatModel,
        who: str,
        profile: Profile,
        *,
        purse: Purse | None = None,
        kept: Replies | None = None,
        mailbox: Wants | None = None,
    ) -> None:
        self._model = model
        self._who = who
        self._profile = profile
        self._purse = purse or Purse()
        self._kept = kept
        self._mailbox = mailbox

    @property
    def name(self) -> str:
        """The model's name."""
        return self._model.name

    @property
    def where(self) -> str:
        """Where it runs."""
        return self._model.where

    def stream(
        self, prompt: Prompt, *, history: Sequence[tuple[str, str]] = (), max_tokens: int | None = None
    ) -> Iterator[str | Completion]:
        """See ChatModel.stream.

        Raises:
            SubjectError: the case has no tokens or time left, or the batch gave no reply.
            CapError: the run may not cost more.
            Deferred: the reply comes with a batch.
        """
        tally = noted()
        tally.check()
        key = ""
        if self._kept is not None:
            plain = key_of(self, prompt, history, max_tokens, "")
            tally.asked[plain] += 1
            key = key_of(self, prompt, history, max_tokens, f"{tally.repeat}/{tally.asked[plain]}")
            if (row := self._kept.get(key)) is not None:
                yield from self._again(row, prompt, tally)
                return
        limit = max_tokens or self._profile.reply_limit
        if self._mailbox is not None:
            self._mailbox.want(key, self._profile, prompt, history, limit)
            raise Deferred("the reply comes with the batch")
        if self._purse.cap is None:
            yield from self._made(key, prompt, history, max_tokens, tally)
            return
        size = sum(count_tokens(text, self.name) for text in (prompt.text, *(text for _, text in history)))
        with self._purse.leave(self._cost(size, limit)):
            yield from self._made(key, prompt, history, max_tokens, tally)

    def _cost(self, read: int, written: int) -> float:
        return (read * self._profile.price_in + written * self._profile.price_out) / 1e6

    def _again(self, row: Mapping[str, Any], prompt: Prompt, tally: Tally) -> Iterator[str | Completion]:
        if "error" in row:
            raise SubjectError(str(row["error"]))
        new = bool(row.get("new"))  # a batch brought it for this run, at half the price
        text = moved(row["text"], row["prompt"], prompt.text)
        usage = Usage(input_tokens=row["in"], output_tokens=row["out"])
        tally.calls.append(
            Call(
                who=self._who,
                model=self.name,
                prompt=prompt.text,
                reply=text,
                input_tokens=usage.input_tokens,
                output_tokens=usage.output_tokens,
                cost=self._cost(usage.input_tokens, usage.output_tokens) / 2 if new else 0.0,
                kept=not new,
            )
        )
        yield text
        yield Completion(text=text, usage=usage, seconds=0, first_token_seconds=0, finish="stop", model=self.name)

    def _made(
        self, key: str, prompt: Prompt, history: Sequence[tuple[str, str]], limit: int | None, tally: Tally
    ) -> Iterator[str | Completion]:
        about = Call(who=self._who, model=self.name, prompt=prompt.text)
        pieces: Any = self._model.stream(prompt, history=history, max_tokens=limit)
        started = time.perf_counter()
        try:
            with closing(pieces):
                for piece in pieces:
                    if isinstance(piece, Completion):
                        self._note(tally, about, piece, time.perf_counter() - started)
                        if self._kept is not None:
                            used = {"in": piece.usage.input_tokens, "out": piece.usage.output_tokens}
                            self._kept.put(key, prompt=prompt.text, text=piece.text, **used)
                    elif tally.until is not None:
                        tally.check()
                    yield piece
        except ModelError as error:
            tally.calls.append(replace(about, error=str(error), seconds=time.perf_counter() - started))
            raise

    def _note(self, tally: Tally, about: Call, said: Completion, took: float) -> None:
        cost = self._cost(said.usage.input_tokens, said.usage.output_tokens)
        self._purse.pay(cost)
        tally.calls.append(
            replace(
                about,
                reply=said.text,
                input_tokens=said.usage.input_tokens,
                output_tokens=said.usage.output_tokens,
                cost=cost,
                seconds=round(took, 4),
                first_seconds=round(said.first_token_seconds, 4),
            )
        )
