import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from evals import Log, read_log
from evals.calls import CapError, Purse, Replies, Tally, Watched, moved, tallied
from evals.case import Case, SubjectError
from evals.run import Limits, run_cases
from evals.subject import Answer
from evals.suite import load_suite
from prompts import Prompt
from tutor.model import Completion, Usage, complete
from tutor.settings import Profile

Cases = list[dict[str, Any]]


class Says:
    """A model that says how often it was asked."""

    name, where = "scripted", "here"

    def __init__(self, pieces: int = 1, pause: float = 0.0) -> None:
        self.asked = 0
        self.pieces, self.pause = pieces, pause

    def stream(
        self, prompt: Prompt, *, history: Sequence[tuple[str, str]] = (), max_tokens: int | None = None
    ) -> Iterator[str | Completion]:
        self.asked += 1
        for _ in range(self.pieces):
            time.sleep(self.pause)
            yield "word "
        usage = Usage(input_tokens=60, output_tokens=40)
        yield Completion(text=f"{self.asked}", usage=usage, seconds=0.1, first_token_seconds=0.05, finish="stop")


class Asks:
    """A subject that asks a model twice."""

    name = "asks"
    about: dict[str, str] = {}  # noqa: RUF012

    def __init__(self, model: Watched) -> None:
        self.model = model

    def answer(self, case: Case) -> Answer:
        for _ in range(2):
            said = complete(self.model, Prompt(name="x", text=case.asked, fingerprint=""))
        return Answer(text=said.text, answerable=True)


PROFILE = Profile(name="a", model="scripted", base_url="http://127.0.0.1:1/v1", price_in=1000, price_out=1000)
Make = Callable[..., Path]


def test_every_call_of_a_case_is_in_its_log_with_prompt_reply_and_cost(
    make_suite: Make, queries: Cases, tmp_path: Path
) -> None:
    subject = Asks(Watched(Says(), "tutor", PROFILE))
    suite = load_suite(make_suite(queries[:3]))
    run = run_cases(suite, [subject], journals=[Log(tmp_path / "runs")], workers=2)[0]
    calls = read_log(Path(run.log)).results[0].calls
    assert [(call.who, call.input_tokens, call.cost) for call in calls] == [("tutor", 60, 0.1), ("tutor", 60, 0.1)]
    assert calls[0].prompt.startswith("query")
    assert calls[0].first_seconds == 0.05


def test_a_case_that_uses_too_many_tokens_is_an_error(make_suite: Make, queries: Cases) -> None:
    subject = Asks(Watched(Says(), "tutor", PROFILE))
    run = run_cases(load_suite(make_suite(queries[:2])), [subject], limits=Limits(tokens=100))[0]
    assert {result.error for result in run.results} == {"the case used 100 tokens and may use 100"}
    assert len(run.results[0].calls) == 1


def test_a_case_that_takes_too_long_is_stopped_in_the_middle_of_a_reply(make_suite: Make, queries: Cases) -> None:
    subject = Asks(Watched(Says(pieces=500, pause=0.01), "tutor", PROFILE))
    started = time.perf_counter()
    run = run_cases(load_suite(make_suite(queries[:1])), [subject], limits=Limits(seconds=0.1))[0]
    assert time.perf_counter() - started < 2
    assert "longer than it may take" in run.results[0].error


def test_the_run_stops_before_it_costs_more_than_it_may_and_goes_on_later(
    make_suite: Make, queries: Cases, tmp_path: Path
) -> None:
    model, suite = Says(), load_suite(make_suite(queries[:6]))
    log = Log(tmp_path / "runs")
    profile = PROFILE.model_copy(update={"max_tokens": 40})
    with pytest.raises(CapError, match="raise the cap"):
        run_cases(suite, [Asks(Watched(model, "tutor", profile, purse=Purse(0.72)))], journals=[log], workers=1)
    done = len(read_log(Path(log.where)).results)
    assert (done, model.asked) == (3, 7)
    run = run_cases(suite, [Asks(Watched(model, "tutor", profile))], journals=[Log(tmp_path / "runs")])[0]
    assert (len(run.results), model.asked) == (6, 13)


def test_kept_replies_are_given_again_repeat_by_repeat(make_suite: Make, queries: Cases, tmp_path: Path) -> None:
    model, suite, path = Says(), load_suite(make_suite(queries[:3])), tmp_path / "replies.jsonl"
    said = []
    for _ in range(2):
        subject = Asks(Watched(model, "tutor", PROFILE, kept=Replies(path)))
        run = run_cases(suite, [subject], repeats=2, workers=1)[0]
        said.append({(each.case, each.repeat): each.answer.text for each in run.results if each.answer})
    assert model.asked == 12, "three cases, two repeats, two calls each"
    assert said[0] == said[1]
    assert len(set(said[0].values())) == 6, "a repeat gets a reply of its own"
    assert all(call.kept and not call.cost for result in run.results for call in result.calls)
    with path.open("a") as file:
        file.write('{"key": "cut')
    assert len(Replies(path)._kept) == 12


def test_a_reply_is_moved_to_a_prompt_that_differs_in_its_random_marks() -> None:
    old = "aa11bb: whales\ncc22dd: bread\n=====answer 0123456789abcdef====="
    new = "=====answer fedcba9876543210=====\n0f0f0f: bread\n1e1e1e: whales"
    reply = "POINT aa11bb: made\nPOINT cc22dd: missed"
    assert moved(reply, old, new) == "POINT 1e1e1e: made\nPOINT 0f0f0f: missed"
    assert moved(reply, old, "decade: nothing") == reply


def test_outside_of_a_case_calls_are_made_and_forgotten() -> None:
    watched = Watched(Says(), "judge", PROFILE)
    assert (watched.name, watched.where) == ("scripted", "here")
    assert complete(watched, Prompt(name="x", text="x", fingerprint="")).text == "1"
    with tallied(Tally(max_tokens=1)) as tally:
        complete(watched, Prompt(name="x", text="x", fingerprint=""))
        with pytest.raises(SubjectError):
            complete(watched, Prompt(name="x", text="x", fingerprint=""))
    assert json.dumps(tally.calls[0].as_json())
