"""What a served tutor writes to its log: plain lines or JSON lines, inert, without the texts of cards and answers.

Decides nothing about what is worth a line; a learner is a number here, a fault is its kind and its place.
"""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from tutor.errors import TutorError
from tutor.terminal import inert

__all__ = ["keep"]

# What callers may add to a line with `extra=`; anything else stays out of the log.
FIELDS = ("request", "learner", "method", "route", "status", "seconds", "why", "move", "text")
TEXTS = ("text",)


def keep(form: str, *, texts: bool) -> None:
    """Write this process's log to standard error in the form `plain` or `json`; with `texts` what was said is in it."""
    handler = logging.StreamHandler()
    handler.setFormatter(Lines(texts=texts) if form == "json" else Plain(texts=texts))
    logging.basicConfig(handlers=[handler], level=logging.INFO if form == "json" else logging.WARNING, force=True)
    # The client libraries tell the addresses and contents of their calls.
    for name in ("uvicorn", "httpx", "httpx2", "openai", "httpcore", "asyncio", "chromadb"):
        logging.getLogger(name).setLevel(logging.WARNING)


class Plain(logging.Formatter):
    """One line for people; a fault is followed by the places it came through."""

    def __init__(self, *, texts: bool) -> None:
        super().__init__()
        self.texts = texts

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line, and more where a fault has places."""
        said = [self.message(record), *(f"{name}={value}" for name, value in self.fields(record).items())]
        line = inert(" ".join(said))
        return "\n".join([f"{record.levelname.lower()}: {line}", *(f"  {place}" for place in self.places(record))])

    def message(self, record: logging.LogRecord) -> str:
        """What the record says; an exception among its arguments is told by its kind unless texts are asked for."""
        args = record.args if isinstance(record.args, tuple) else (record.args,) if record.args else ()
        if not args:
            return str(record.msg)
        return str(record.msg) % tuple(self.plain(one) if isinstance(one, BaseException) else one for one in args)

    def plain(self, error: BaseException) -> str:
        """An exception without what it quotes: servers echo prompts, and deck readers the cell they cannot read."""
        if self.texts:
            return f"{type(error).__name__}: {error}"
        return f"{type(error).__name__}: {error.plain}" if isinstance(error, TutorError) else type(error).__name__

    def places(self, record: logging.LogRecord) -> list[str]:
        """The kind of the fault and where it came through, innermost last."""
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            return []
        import traceback

        frames = traceback.extract_tb(error.__traceback__)
        return [*(f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames), inert(self.plain(error))]

    def fields(self, record: logging.LogRecord) -> dict[str, Any]:
        """What the caller added to the line."""
        names = [name for name in FIELDS if self.texts or name not in TEXTS]
        return {name: value for name in names if (value := getattr(record, name, None)) is not None}


class Lines(Plain):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON; what could drive a terminal is escaped in it."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"at": at, "level": record.levelname.lower(), "from": record.name}
        line["said"] = self.message(record)
        if places := self.places(record):
            line["places"] = places
        return json.dumps({**line, **self.fields(record)}, default=str)
