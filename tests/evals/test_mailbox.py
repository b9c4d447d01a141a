import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from evals.calls import Deferred, Replies, Tally, Watched, tallied
from evals.case import SubjectError
from evals.cli import main
from evals.judge import Judge
from evals.mailbox import Mailbox
from prompts import Prompt
from tutor.settings import Profile

SAID = "It is so [1].\nP1: MADE"


class Model:
    """One that is never asked itself."""

    name, where = "m", "here"


class Batches:
    """A server of /v1/files and /v1/batches: every batch takes `looks` looks, and ends in `status`."""

    def __init__(self) -> None:
        self.say: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda body: {"content": SAID}
        self.status, self.looks = "completed", 1
        self.files: dict[str, str] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.seen: list[dict[str, Any]] = []
        double = self

        class Talk(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: Any) -> None:
                """Tests are quiet."""

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                self._give(double.upload(raw) if self.path.endswith("/files") else double.make(json.loads(raw)))

            def do_GET(self) -> None:
                if self.path.endswith("/content"):
                    self._put(double.files[self.path.split("/")[-2]].encode())
                else:
                    self._give(double.look(self.path.split("/")[-1]))

            def _give(self, body: dict[str, Any]) -> None:
                self._put(json.dumps(body).encode())

            def _put(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Talk)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def upload(self, raw: bytes) -> dict[str, Any]:
        name = f"file-{len(self.files)}"
        self.files[name] = "\n".join(re.findall(r'^\{"custom_id".*$', raw.decode(), re.MULTILINE)).replace("\r", "")
        return {"id": name, "object": "file", "purpose": "batch", "bytes": 1, "created_at": 0, "filename": "x"}

    def make(self, body: dict[str, Any]) -> dict[str, Any]:
        name = f"batch-{len(self.batches)}"
        self.batches[name] = {"file": body["input_file_id"], "looks": self.looks}
        return self.look(name)

    def look(self, name: str) -> dict[str, Any]:
        batch = self.batches[name]
        batch["looks"] -= 1
        calls = [json.loads(line) for line in self.files[batch["file"]].splitlines()]
        out: dict[str, Any] = {
            "id": name, "object": "batch", "endpoint": "/v1/chat/completions", "completion_window": "24h",
            "created_at": 0, "input_file_id": batch["file"], "status": "in_progress",
        }  # fmt: skip
        if batch["looks"] < 0:
            out |= {"status": self.status, "output_file_id": self._answers(name, calls)}
            if self.status == "failed":
                out |= {"output_file_id": None, "errors": {"data": [{"message": "the file is no JSON Lines"}]}}
        return out

    def _answers(self, name: str, calls: list[dict[str, Any]]) -> str:
        lines = []
        for call in calls:
            self.seen.append(call)
            if (said := self.say(call["body"])) is None:
                continue
            choice = {"index": 0, "message": {"role": "assistant", **said}, "finish_reason": "stop"}
            usage = {"prompt_tokens": 100, "completion_tokens": 7}
            response = {"status_code": said.get("status", 200), "body": {"choices": [choice], "usage": usage}}
            lines.append(json.dumps({"custom_id": call["custom_id"], "response": response, "error": said.get("error")}))
        self.files[f"out-{name}"] = "\n".join(lines)
        return f"out-{name}"


@pytest.fixture
def batches() -> Iterator[Batches]:
    double = Batches()
    yield double
    double.server.shutdown()
    double.server.server_close()


@pytest.fixture
def mailbox(batches: Batches, tmp_path: Path) -> Mailbox:
    profile = Profile(name="a", model="m", base_url=batches.url)
    return Mailbox(Replies(tmp_path / "replies.jsonl"), {"a": profile}, every=0.01)


def _want(mailbox: Mailbox, *keys: str) -> None:
    for key in keys:
        mailbox.want(key, mailbox.profiles["a"], Prompt(name="x", text=f"ask {key}", fingerprint=""), (), 50)


def test_calls_are_sent_in_one_file_waited_for_and_kept(mailbox: Mailbox, batches: Batches) -> None:
    told: list[str] = []
    mailbox.tell = told.append
    batches.looks = 3
    _want(mailbox, "one", "two")
    mailbox.exchange()
    assert [call["custom_id"] for call in batches.seen] == ["one", "two"]
    assert batches.seen[0]["body"] == {
        "model": "m", "messages": [{"role": "user", "content": "ask one"}], "max_tokens": 50
    }  # fmt: skip
    kept = mailbox.replies.get("one")
    assert kept is not None
    assert (kept["text"], kept["in"], kept["out"]) == (SAID, 100, 7)
    assert any("in_progress" in line for line in told)


@pytest.mark.parametrize("status", ["completed", "expired", "failed", "cancelled"])
def test_calls_without_a_reply_are_errors_never_wrong_answers(mailbox: Mailbox, batches: Batches, status: str) -> None:
    batches.status = status
    batches.say = lambda body: None if "two" in body["messages"][0]["content"] else {"content": "fine"}
    _want(mailbox, "one", "two")
    mailbox.exchange()
    two = mailbox.replies.get("two")
    assert two is not None
    assert status in two["error"]
    assert ("text" in (mailbox.replies.get("one") or {})) == (status != "failed")
    assert "error" not in (Replies(mailbox.replies.path).get("two") or {}), "an error is not kept for the next run"


def test_a_reply_with_a_fault_in_it_is_an_error(mailbox: Mailbox, batches: Batches) -> None:
    batches.say = lambda body: {"content": "", "status": 429, "error": {"message": "rate limit"}}
    _want(mailbox, "one")
    mailbox.exchange()
    assert "rate limit" in (mailbox.replies.get("one") or {})["error"]


def test_a_killed_run_waits_for_the_batch_it_sent_and_sends_it_once(mailbox: Mailbox, batches: Batches) -> None:
    _want(mailbox, "one")
    list(mailbox._send(mailbox._wanted))
    again = Mailbox(Replies(mailbox.replies.path), mailbox.profiles, every=0.01)
    _want(again, "one", "two")
    again.exchange()
    assert [call["custom_id"] for call in batches.seen] == ["one", "two"]
    third = Mailbox(Replies(mailbox.replies.path), mailbox.profiles, every=0.01)
    third.exchange()
    assert len(batches.batches) == 2
    assert third.replies.get("one")
    assert third.replies.get("two")


def test_a_call_waits_for_the_batch_and_is_answered_from_it(mailbox: Mailbox, batches: Batches) -> None:
    batches.say = lambda body: {"content": "POINT 0a1b2c: made"}
    profile = mailbox.profiles["a"]
    watched = Watched(Model(), "tutor", profile, kept=mailbox.replies, mailbox=mailbox)  # type: ignore[arg-type]

    def ask(text: str) -> list[Any]:
        with tallied(Tally()):
            return list(watched.stream(Prompt(name="x", text=text, fingerprint="")))

    with pytest.raises(Deferred, match="comes with the batch"):
        ask("points\n0a1b2c: whales\n=====answer 0123456789abcdef=====")
    mailbox.exchange()
    said = ask("points\n=====answer fedcba9876543210=====\nfff111: whales")
    assert said[-1].text == "POINT fff111: made"
    batches.say = lambda body: None
    batches.status = "expired"
    with pytest.raises(Deferred):
        ask("another")
    mailbox.exchange()
    with pytest.raises(SubjectError, match="expired"):
        ask("another")


def test_the_judge_is_asked_by_batch_too(mailbox: Mailbox, batches: Batches) -> None:
    batches.say = lambda body: {"content": "P1: MADE\nP2: MISSED"}
    profile = mailbox.profiles["a"]
    judge = Judge(Watched(Model(), "judge", profile, kept=mailbox.replies, mailbox=mailbox))  # type: ignore[arg-type]
    with pytest.raises(Deferred), tallied(Tally()):
        judge.judge("why?", ["because", "hence"], "because")
    mailbox.exchange()
    with tallied(Tally()) as tally:
        judged = judge.judge("why?", ["because", "hence"], "because")
    assert judged.verdicts == {0: "made", 1: "missed"}
    # What a batch brought was paid for, at half the price.
    assert [(call.who, call.kept) for call in tally.calls] == [("judge", False)]


def test_a_suite_runs_by_batches_from_the_command_line(
    batches: Batches, home: Path, indexed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    profiles = "".join(f'[models.{name}]\nmodel = "{name}"\nbase_url = "{batches.url}"\n' for name in ("a", "judge"))
    (home / "tutor.toml").write_text(profiles + '[embeddings]\nuse = "none"\n[evals]\nbatch_seconds = 0.01\n')

    def run(*words: str) -> tuple[int, dict[str, Any]]:
        monkeypatch.setattr("sys.argv", ["tutor-evals", "run", *words, "--json"])
        with pytest.raises(SystemExit) as caught:
            main()
        return int(caught.value.code or 0), json.loads(capsys.readouterr().out)

    words = ("answers", "--model", "a", "--judge", "judge", "--tag", "two-cards", "--limit", "4", "--batch")
    code, found = run(*words, "--repeat", "2")
    assert (code, found["counts"]) == (0, {"scored": 8, "unscored": 0, "error": 0})
    tutor = found["spent"][0]
    assert (tutor["who"], tutor["calls"], tutor["output_tokens"]) == ("tutor", len(batches.seen), 7 * len(batches.seen))
    sent = len(batches.seen)
    code, again = run(*words, "--repeat", "2", "--fresh")
    assert again["metrics"] == found["metrics"]
    assert len(batches.seen) == sent, "what was paid for is not asked again"
    assert run("grading", "--model", "a", "--limit", "3", "--batch")[1]["counts"]["error"] == 0
