import random
import re
from collections.abc import Callable, Iterator, Sequence

import pytest

from evals.calibrate import calibrate
from evals.judge import Judge
from prompts import Prompt
from tutor.errors import ModelBusyError
from tutor.model import Completion, Usage

_POINT = re.compile(r"^P(\d+): (.*)$", re.MULTILINE)


class Reads:
    """A model that reads the points and the reply out of the prompt and says what a function of them does."""

    name, where = "reader", "here"

    def __init__(self, verdict: Callable[[str, str], str]) -> None:
        self._verdict = verdict

    def stream(
        self, prompt: Prompt, *, history: Sequence[tuple[str, str]] = (), max_tokens: int | None = None
    ) -> Iterator[str | Completion]:
        fence = next(line for line in prompt.text.splitlines() if line.startswith("=== "))
        reply = prompt.text.split(fence)[-2]
        points = _POINT.findall(prompt.text.split("The reply stands")[0])
        text = "\n".join(f"P{number}: {self._verdict(point, reply)}" for number, point in points)
        yield Completion(text=text, usage=Usage(), seconds=0, first_token_seconds=0, finish="stop")


def test_a_judge_that_reads_exactly_is_believed() -> None:
    found = calibrate(Judge(Reads(lambda point, reply: "MADE" if f"- {point} [1]" in reply else "MISSED")), limit=8)
    assert found.sensitivity.value == found.specificity.value == 1
    assert found.sensitivity.interval[0] > 0.8
    assert (found.flips.found, found.order.found, found.keys.found, found.failed) == (0, 0, 0, 0)
    assert {rate.name for rate in found.kinds} == {"dropped point", "negation", "swapped terms"}
    corrected = found.corrected(0.8, 100)
    assert corrected.value == pytest.approx(0.8)
    assert corrected.low < 0.75
    assert corrected.high > 0.85


def test_a_judge_that_says_yes_to_everything_is_not() -> None:
    found = calibrate(Judge(Reads(lambda point, reply: "MADE")), limit=8)
    assert (found.sensitivity.value, found.specificity.value, found.keys.value) == (1, 0, 1)
    corrected = found.corrected(0.9, 100)
    assert (corrected.low, corrected.high) == (0, 1)


def test_a_judge_that_tosses_a_coin_flips() -> None:
    coin = random.Random(5)
    found = calibrate(Judge(Reads(lambda point, reply: coin.choice(["MADE", "MISSED"]))), limit=6, workers=1)
    assert found.flips.value > 0.2
    assert found.order.value > 0.2


def test_a_lenient_judge_is_corrected_downwards() -> None:
    def lenient(point: str, reply: str) -> str:
        return "MADE" if f"- {point} [1]" in reply or len(point) % 3 == 0 else "MISSED"

    found = calibrate(Judge(Reads(lenient)), limit=10)
    assert 0 < found.specificity.value < 1
    assert found.corrected(0.9, 200).value < 0.9


def test_calls_that_fail_are_counted_and_break_nothing() -> None:
    def away(point: str, reply: str) -> str:
        raise ModelBusyError("busy")

    found = calibrate(Judge(Reads(away)), limit=2)
    assert found.failed > 0
    assert found.sensitivity.asked == 0
    assert found.sensitivity.interval == (0.0, 1.0)
