import threading
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from prompts import Prompt
from tutor.errors import ModelBusyError, ModelCutError
from tutor.model import Completion, Usage
from tutor.settings import ModelSettings, Profile
from tutor.usage import CapReachedError, Ledger, Metered, Spent

PRICED = Profile(name="big", model="big-1", price_in=1000.0, price_out=3000.0, max_tokens=10)  # per million tokens
FREE = Profile(name="local", model="small")
PROFILES = {"big": PRICED, "local": FREE}
PROMPT = Prompt(name="test", text="word " * 8, fingerprint="")


class Talker:
    """A model that says what it was told to, and may be cut."""

    name = "big-1"
    where = "on this machine"

    def __init__(self, *pieces: str, cut: bool = False) -> None:
        self.pieces = pieces
        self.cut = cut
        self.calls = 0

    def stream(
        self, prompt: Prompt, *, history: Sequence[tuple[str, str]] = (), max_tokens: int | None = None
    ) -> Iterator[str | Completion]:
        self.calls += 1
        yield from self.pieces
        if self.cut:
            raise ModelCutError("cut")
        usage = Usage(input_tokens=8, output_tokens=len(self.pieces))
        yield Completion(text="".join(self.pieces), usage=usage, seconds=0.0, first_token_seconds=0.0, finish="stop")


def test_calls_are_counted_by_profile_and_cost_what_its_prices_say() -> None:
    ledger = Ledger(PROFILES)
    ledger.add("big", Usage(input_tokens=100, output_tokens=10))
    ledger.add("local", Usage(input_tokens=5, output_tokens=7, estimated=True))
    assert ledger.total() == Spent(calls=2, input_tokens=105, output_tokens=17, cost=0.13, estimated=True)
    assert ledger.by_profile()["big"].cost == pytest.approx(0.13)
    assert ledger.by_profile()["local"].cost == 0
    assert str(ledger.total()) == "2 calls, about 105 tokens in and 17 out, cost 0.1300"


def test_the_day_ends_at_midnight_and_the_total_does_not() -> None:
    moments = [datetime(2026, 3, 2, 23, 59)]
    ledger = Ledger(PROFILES, now=lambda: moments[-1])
    ledger.add("big", Usage(input_tokens=100))
    moments.append(datetime(2026, 3, 3, 0, 1))
    assert ledger.today() == Spent()
    assert ledger.total().input_tokens == 100


def test_count_is_kept_from_one_run_to_the_next_and_a_torn_line_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "data" / "usage.jsonl"
    Ledger(PROFILES, path=path).add("big", Usage(input_tokens=100, output_tokens=10))
    with path.open("a") as file:
        file.write('{"at": "2026-')
    again = Ledger(PROFILES, path=path)
    assert again.total() == again.today() == Spent(calls=1, input_tokens=100, output_tokens=10, cost=0.13)
    assert again.session() == Spent()
    assert "word" not in path.read_text()


def test_calls_from_many_threads_are_all_counted(tmp_path: Path) -> None:
    ledger = Ledger(PROFILES, path=tmp_path / "usage.jsonl")
    work = [lambda: [ledger.add("big", Usage(input_tokens=1)) for _ in range(50)] for _ in range(8)]
    threads = [threading.Thread(target=job) for job in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.total().calls == 400
    assert Ledger(PROFILES, path=tmp_path / "usage.jsonl").total().calls == 400


@pytest.mark.parametrize(("key", "cap"), [("cap_turn", 0.02), ("cap_day", 0.06), ("cap_total", 0.06)])
def test_cap_stops_before_the_call_is_made(key: str, cap: float) -> None:
    talker = Talker("one", "two")
    ledger = Ledger(PROFILES, caps=ModelSettings.model_validate({key: cap}))
    model = Metered(talker, ledger, PRICED)
    if key != "cap_turn":
        assert list(model.stream(PROMPT))
    made = talker.calls
    ledger.add("big", Usage(input_tokens=30))
    with pytest.raises(CapReachedError, match=rf"\[model\] {key} = {cap:g} would be passed"):
        list(model.stream(PROMPT))
    assert talker.calls == made
    assert issubclass(CapReachedError, ModelBusyError)
    assert CapReachedError("x").plain.startswith("The spending cap is reached.")


def test_cap_does_not_stop_what_costs_nothing() -> None:
    model = Metered(Talker("one"), Ledger(PROFILES, caps=ModelSettings(cap_day=0.0)), FREE)
    assert list(model.stream(PROMPT))


def test_reply_that_was_cut_or_stopped_is_counted_by_estimate() -> None:
    ledger = Ledger(PROFILES)
    with pytest.raises(ModelCutError):
        list(Metered(Talker("one ", "two ", cut=True), ledger, PRICED).stream(PROMPT))
    assert ledger.total().estimated
    assert ledger.total().output_tokens > 0
    stream = Metered(Talker("one ", "two "), ledger, PRICED).stream(PROMPT)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert ledger.total().calls == 2


def test_the_servers_own_figures_are_counted_where_given() -> None:
    ledger = Ledger(PROFILES)
    model = Metered(Talker("one", "two"), ledger, PRICED)
    assert (model.name, model.where) == ("big-1", "on this machine")
    list(model.stream(PROMPT))
    assert ledger.session() == Spent(calls=1, input_tokens=8, output_tokens=2, cost=0.014)


def test_calls_at_once_do_not_pass_a_cap_together() -> None:
    ledger = Ledger(PROFILES, caps=ModelSettings(cap_day=0.07))
    first = Metered(Talker("one", "two"), ledger, PRICED).stream(PROMPT)
    next(first)
    with pytest.raises(CapReachedError):
        list(Metered(Talker("one", "two"), ledger, PRICED).stream(PROMPT))
    list(first)
    assert list(Metered(Talker("one", "two"), ledger, PRICED).stream(PROMPT))


def test_spending_is_given_by_turn_session_day_and_profile_beside_its_caps(tmp_path: Path) -> None:
    assert Ledger(PROFILES).rows() == []
    Ledger(PROFILES, path=tmp_path / "usage.jsonl").add("big", Usage(input_tokens=100, output_tokens=10))
    ledger = Ledger(PROFILES, caps=ModelSettings(cap_day=2.5), path=tmp_path / "usage.jsonl")
    ledger.add("local", Usage(input_tokens=5, output_tokens=7, estimated=True))
    rows = {row["for"]: row for row in ledger.rows()}
    assert list(rows) == ["last turn", "this session", "today", "in all", "profile big", "profile local"]
    assert (rows["last turn"]["input_tokens"], rows["last turn"]["estimated"]) == (5, True)
    assert (rows["this session"]["calls"], rows["in all"]["calls"]) == (1, 2)
    assert (rows["today"]["cost"], rows["today"]["cap"]) == (0.13, 2.5)
    assert rows["profile big"]["cost"] == 0.13


def test_cost_that_cannot_be_written_down_costs_no_reply(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    ledger = Ledger(PROFILES, path=tmp_path / "file" / "usage.jsonl")
    assert next(Metered(Talker("one"), ledger, FREE).stream(PROMPT)) == "one"
    assert ledger.total().calls == 1
    assert "could not be written" in caplog.text
