"""Tokens and money: a Ledger that counts every call and, by the profiles' prices, stops before a cap is passed.

Trusts the server's own figures where it gave some, and says where they are estimates. Holds no text of any call.
"""

import json
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from corpus.tokens import count_tokens
from prompts import Prompt
from tutor.errors import ModelBusyError, ModelError
from tutor.model import ChatModel, Completion, Usage
from tutor.settings import ModelSettings, Profile

__all__ = ["CapReachedError", "Ledger", "Metered", "Spent"]

_MILLION = 1_000_000
log = logging.getLogger(__name__)


class CapReachedError(ModelBusyError):
    """The next call could pass a spending cap, so it is not made."""

    sentence = "The spending cap is reached. The tutor goes on without the language model."


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """What calls used, and cost in the currency of the profiles' prices."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    estimated: bool = False

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(
            calls=self.calls + other.calls,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost=self.cost + other.cost,
            estimated=self.estimated or other.estimated,
        )

    def __str__(self) -> str:
        about = "about " if self.estimated else ""
        money = f", cost {self.cost:.4f}" if self.cost else ""
        return f"{self.calls} calls, {about}{self.input_tokens} tokens in and {self.output_tokens} out{money}"


class Ledger:
    """Counts calls by profile, day and all in all; thread-safe.

    Args:
        profiles: their prices, by name.
        caps: the [model] section; a cap of None is no cap.
        path: a JSON Lines file that keeps the count from one run to the next; without it the count ends with the run.
        now: the clock; its local date is the day that counts.
    """

    def __init__(
        self,
        profiles: Mapping[str, Profile] | None = None,
        *,
        caps: ModelSettings | None = None,
        path: Path | None = None,
        now: Callable[[], datetime] = datetime.now,
    ) -> None:
        self._profiles = dict(profiles or {})
        self._caps = caps or ModelSettings()
        self._path = path
        self._now = now
        self._lock = threading.Lock()
        self._under_way = 0.0
        self._turn = Spent()
        self.faults: Counter[str] = Counter()
        self._session = Spent()
        self._by_day: dict[date, Spent] = {}
        self._by_name: dict[str, Spent] = {}
        for name, day, spent in self._read():
            self._turn = spent
            self._count(name, day, spent)

    def add(self, name: str, usage: Usage) -> Spent:
        """Count one call of the profile `name`; gives what it cost."""
        spent = Spent(
            calls=1,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost=self.price(name, usage.input_tokens, usage.output_tokens),
            estimated=usage.estimated,
        )
        with self._lock:
            moment = self._now()
            self._session += spent
            self._turn = spent
            self._count(name, moment.date(), spent)
            self._write(name, moment, spent)
        return spent

    def total(self) -> Spent:
        """All that was ever counted."""
        with self._lock:
            return sum(self._by_day.values(), Spent())

    def today(self) -> Spent:
        """What was counted today."""
        with self._lock:
            return self._by_day.get(self._now().date(), Spent())

    def session(self) -> Spent:
        """What was counted since this ledger was opened."""
        with self._lock:
            return self._session

    def by_profile(self) -> dict[str, Spent]:
        """All that was ever counted, by profile."""
        with self._lock:
            return dict(self._by_name)

    def turn(self) -> Spent:
        """What the last call used."""
        with self._lock:
            return self._turn

    def rows(self) -> list[dict[str, Any]]:
        """What was used by the last call, since this ledger was opened, today, in all, and by each profile, with caps.

        Empty where no model was ever called.
        """
        caps = self._caps
        spent: list[tuple[str, Spent, float | None]] = [
            ("last turn", self.turn(), caps.cap_turn),
            ("this session", self.session(), None),
            ("today", self.today(), caps.cap_day),
            ("in all", self.total(), caps.cap_total),
        ]
        spent += [(f"profile {name}", of_profile, None) for name, of_profile in self.by_profile().items()]
        return [
            {"for": what, **asdict(each), "cost": round(each.cost, 6), "cap": cap}
            for what, each, cap in spent
            if self._turn.calls
        ]

    def price(self, name: str, input_tokens: int, output_tokens: int) -> float:
        """What so many tokens cost with the profile `name`."""
        profile = self._profiles.get(name)
        if profile is None:
            return 0.0
        return (input_tokens * profile.price_in + output_tokens * profile.price_out) / _MILLION

    @contextmanager
    def leave(self, name: str, input_tokens: int, output_tokens: int) -> Iterator[None]:
        """Leave for one call of up to so many tokens, or CapReachedError before anything is spent.

        What calls under way may still cost counts as spent, so that several at once pass no cap together.
        """
        cost = self.price(name, input_tokens, output_tokens)
        with self._lock:
            self._check(cost)
            self._under_way += cost
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= cost

    def _check(self, cost: float) -> None:
        today = self._by_day.get(self._now().date(), Spent()).cost + self._under_way
        total = sum(spent.cost for spent in self._by_day.values()) + self._under_way
        for key, so_far in (("cap_turn", 0.0), ("cap_day", today), ("cap_total", total)):
            cap: float | None = getattr(self._caps, key)
            if cost and cap is not None and so_far + cost > cap:
                raise CapReachedError(
                    f"[model] {key} = {cap:g} would be passed: {so_far:.4f} is spent and the next call may cost "
                    f"{cost:.4f}. Raise the cap, or choose a cheaper profile."
                )

    def _count(self, name: str, day: date, spent: Spent) -> None:
        self._by_day[day] = self._by_day.get(day, Spent()) + spent
        self._by_name[name] = self._by_name.get(name, Spent()) + spent

    def _write(self, name: str, moment: datetime, spent: Spent) -> None:
        if self._path is None:
            return
        row = {
            "at": moment.isoformat(timespec="seconds"),
            "profile": name,
            "in": spent.input_tokens,
            "out": spent.output_tokens,
            "cost": spent.cost,
            "estimated": spent.estimated,
        }
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
        except OSError as error:  # a reply that was paid for is not lost over its receipt
            log.warning("The cost of a call could not be written to %s: %s.", self._path, error.strerror)

    def _read(self) -> Iterator[tuple[str, date, Spent]]:
        if self._path is None or not self._path.exists():
            return
        for line in self._path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                row = json.loads(line)
                spent = Spent(
                    calls=1,
                    input_tokens=int(row["in"]),
                    output_tokens=int(row["out"]),
                    cost=float(row["cost"]),
                    estimated=bool(row["estimated"]),
                )
                yield str(row["profile"]), datetime.fromisoformat(row["at"]).date(), spent
            except (ValueError, KeyError, TypeError):
                continue  # a line cut short by a crash counts for nothing


class Metered:
    """A ChatModel whose calls are allowed and counted by a Ledger."""

    def __init__(self, model: ChatModel, ledger: Ledger, profile: Profile) -> None:
        self._model = model
        self._ledger = ledger
        self._profile = profile

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
        """See ChatModel.stream. Raises CapReachedError before the call where a cap could be passed."""
        asked = sum(count_tokens(text, self.name) for text in (prompt.text, *(text for _, text in history)))
        with self._ledger.leave(self._profile.name, asked, max_tokens or self._profile.reply_limit):
            yield from self._counted(self._model.stream(prompt, history=history, max_tokens=max_tokens), asked)

    def _counted(self, pieces: Iterator[str | Completion], asked: int) -> Iterator[str | Completion]:
        shown = ""
        counted = False
        try:
            for piece in pieces:
                if isinstance(piece, Completion):
                    self._ledger.add(self._profile.name, piece.usage)
                    counted = True
                else:
                    shown += piece
                yield piece
        except ModelError as error:
            self._ledger.faults[type(error).__name__] += 1
            raise
        finally:
            if shown and not counted:  # cut or stopped: the server counted it all the same
                said = count_tokens(shown, self.name)
                usage = Usage(input_tokens=asked, output_tokens=said, estimated=True)
                self._ledger.add(self._profile.name, usage)
            close = getattr(pieces, "close", None)
            if close is not None:
                close()
