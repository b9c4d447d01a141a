"""OpenAI's Batch API: the calls of many cases in one file, sent, waited for, collected; half the price, within a day.

Knows no case. A batch that was sent is noted on disk first, so that a killed run goes on waiting for it.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from evals.calls import Replies, rows
from evals.case import EvalError
from prompts import Prompt
from tutor.errors import ConfigError
from tutor.model import read_key
from tutor.settings import Profile

if TYPE_CHECKING:
    from openai import OpenAI

MOST = 50_000  # requests in one batch, as the API allows
_OVER = ("completed", "failed", "expired", "cancelled")
Tell = Callable[[str], None]


class BatchError(EvalError):
    """The server of a batch cannot be reached or does not know batches."""

    exit_code = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sent:
    """A batch that was sent: its id, its profile, and the prompt of each key."""

    id: str
    profile: str
    prompts: Mapping[str, str]


@dataclass
class Mailbox:
    """Calls that wait for a batch. `replies` keeps what comes back; `every` is how many seconds lie between looks."""

    replies: Replies
    profiles: Mapping[str, Profile]
    every: float = 30.0
    tell: Tell = lambda _: None
    _wanted: dict[str, tuple[str, Mapping[str, Any], str]] = field(default_factory=dict)
    _clients: dict[str, "OpenAI"] = field(default_factory=dict)

    def want(self, key: str, profile: Profile, prompt: Prompt, history: Sequence[tuple[str, str]], limit: int) -> None:
        """Note one call for the next batch.

        Raises:
            ConfigError: the profile's server has no Batch API.
        """
        if profile.provider != "openai":
            raise ConfigError(f"[models.{profile.name}] is no OpenAI-compatible server, so it takes no batches.")
        self._wanted[key] = (profile.name, _body(profile, prompt, history, limit), prompt.text)

    def exchange(self) -> None:
        """Send what is wanted and not under way already, wait for all that is, and keep what came of it.

        Raises:
            BatchError: the server cannot be reached, or refuses batches.
        """
        import openai

        try:
            open_ = list(self._open())
            under_way = {key for sent in open_ for key in sent.prompts}
            open_ += self._send({key: call for key, call in self._wanted.items() if key not in under_way})
            self._wanted.clear()
            for sent in open_:
                self._collect(sent, self._wait(sent))
        except openai.OpenAIError as error:
            raise BatchError(
                f"the batch could not be sent or fetched: {error}. Run the same again to go on, or without --batch."
            ) from error

    def _open(self) -> Iterator[_Sent]:
        """The batches that were sent, by this run or by one that was killed, and not collected."""
        closed = {row["collected"] for row in rows(self.replies.path) if "collected" in row}
        for row in rows(self.replies.path):
            if "sent" in row and row["sent"] not in closed and row["profile"] in self.profiles:
                yield _Sent(id=row["sent"], profile=row["profile"], prompts=row["prompts"])

    def _send(self, wanted: Mapping[str, tuple[str, Mapping[str, Any], str]]) -> Iterator[_Sent]:
        for name in sorted({name for name, _, _ in wanted.values()}):
            calls = [(key, body, prompt) for key, (of, body, prompt) in wanted.items() if of == name]
            for first in range(0, len(calls), MOST):
                yield self._send_one(name, calls[first : first + MOST])

    def _send_one(self, name: str, calls: Sequence[tuple[str, Mapping[str, Any], str]]) -> _Sent:
        lines = [
            json.dumps({"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": body})
            for key, body, _ in calls
        ]
        client = self._client(name)
        file = client.files.create(file=("calls.jsonl", "\n".join(lines).encode()), purpose="batch")
        made = client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
        sent = _Sent(id=made.id, profile=name, prompts={key: prompt for key, _, prompt in calls})
        self.replies.note(sent=sent.id, profile=name, prompts=sent.prompts)
        self.tell(f"batch {sent.id}: {len(calls)} calls sent")
        return sent

    def _client(self, name: str) -> "OpenAI":
        if name not in self._clients:
            from openai import OpenAI

            profile = self.profiles[name]
            key = read_key(profile, os.environ) or "none"
            self._clients[name] = OpenAI(api_key=key, base_url=profile.url, timeout=profile.timeout)
        return self._clients[name]

    def _wait(self, sent: _Sent) -> Any:  # noqa: ANN401 (openai's Batch, which is only known where openai is)
        """The batch when it is over."""
        while True:
            found = self._client(sent.profile).batches.retrieve(sent.id)
            counts = found.request_counts
            done, total = (counts.completed + counts.failed, counts.total) if counts else (0, len(sent.prompts))
            self.tell(f"batch {sent.id}: {found.status}, {done} of {total or len(sent.prompts)}")
            if found.status in _OVER:
                return found
            time.sleep(self.every)

    def _collect(self, sent: _Sent, found: Any) -> None:  # noqa: ANN401 (see _wait)
        """Keep every reply; a call without one becomes an error of its case, never a wrong answer."""
        for file in (found.output_file_id, found.error_file_id):
            if file:
                text = self._client(sent.profile).files.content(file).text
                for line in text.splitlines():
                    self._take(sent, json.loads(line))
        told = "; ".join(error.message or "" for error in (found.errors.data or ())) if found.errors else ""
        for key in sent.prompts:
            if self.replies.get(key) is None:
                why = f"batch {sent.id} {found.status} without a reply" + (f": {told}" if told else "")
                self.replies.put(key, error=why)
        self.replies.note(collected=sent.id, status=found.status)

    def _take(self, sent: _Sent, line: Mapping[str, Any]) -> None:
        key = line.get("custom_id", "")
        if key not in sent.prompts:
            return
        response = line.get("response") or {}
        body = response.get("body") or {}
        fault = (line.get("error") or body.get("error") or {}).get("message", "")
        choice: Mapping[str, Any] = next(iter(body.get("choices") or ()), {})
        text = (choice.get("message") or {}).get("content") or ""
        whole = choice.get("finish_reason") in ("stop", "eos", None)
        if response.get("status_code") != 200 or fault or not text.strip() or not whole:
            why = fault or f"status {response.get('status_code')}, finish reason {choice.get('finish_reason')}"
            self.replies.put(key, error=f"batch {sent.id} gave no whole reply: {why}")
            return
        used = body.get("usage") or {}
        text = text.rpartition("</think>")[2].strip()
        counts = {"in": used.get("prompt_tokens", 0), "out": used.get("completion_tokens", 0)}
        self.replies.put(key, prompt=sent.prompts[key], text=text, new=True, **counts)


def _body(profile: Profile, prompt: Prompt, history: Sequence[tuple[str, str]], limit: int) -> dict[str, Any]:
    """One request as it stands in the file."""
    before = [{"role": "assistant" if role == "tutor" else "user", "content": text} for role, text in history]
    name = "max_tokens" if profile.compatible and not profile.max_completion_tokens else "max_completion_tokens"
    warmth = {"temperature": profile.temperature} if profile.temperature is not None else {}
    messages = [*before, {"role": "user", "content": prompt.text}]
    return {"model": profile.model, "messages": messages, name: limit, **warmth, **profile.extra_body}
