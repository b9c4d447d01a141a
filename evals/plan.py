"""What a run would take, before anything is spent: calls, tokens, money, minutes, and what it could detect.

Runs nothing. Figures come from the newest finished run of the same suite and profile where there is one, else from
round numbers, and say which.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evals import stats
from evals.log import read_log
from evals.result import Run
from evals.suite import Suite
from tutor.settings import Profile

_Take = tuple[float, float, float, float]

# (calls, tokens read, tokens written, seconds) of one case: with a model, and without one.
_WITH: Mapping[str, _Take] = {
    "retrieval": (0, 0, 0, 0.01),
    "answer": (1, 1200, 250, 8.0),
    "grading": (1, 700, 120, 4.0),
    "attack": (1, 800, 150, 5.0),
    "dialogue": (3, 2500, 400, 15.0),
}
# The same of its judge, which is asked about the key points of replies that nothing cheaper settles.
_JUDGED: Mapping[str, _Take] = {"answer": (1, 700, 40, 2.0)}
_WITHOUT: Mapping[str, float] = {"retrieval": 0.01, "answer": 0.05, "grading": 0.05, "attack": 0.05, "dialogue": 0.5}


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What one suite takes with one profile; `cost` in its currency, `source` tells where figures are from.

    What the judge takes stands apart; `minutes` are those of both.

    `detectable` is the smallest change it finds four times in five, `power` the chance to find one as large as the
    suite's margin.
    """

    suite: str
    profile: str
    cases: int
    calls: int
    input_tokens: int
    output_tokens: int
    cost: float
    minutes: float
    detectable: float
    power: float
    source: str
    judge: str = ""
    judge_calls: int = 0
    judge_input_tokens: int = 0
    judge_output_tokens: int = 0
    judge_cost: float = 0.0


def plan(
    suite: Suite,
    name: str,
    profile: Profile | None,
    *,
    judge: Profile | None = None,
    repeats: int = 1,
    workers: int = 4,
    runs: Path | None = None,
) -> Plan:
    """The plan for one suite and profile (None: no model), and the judge where there is one."""
    cases = len(suite.cases) * repeats
    earlier = _newest(suite, name, runs) if runs else None
    calls, read, written, took, source = _figures(suite, profile, earlier)
    asked, judge_read, judge_written, judge_took = _judged(suite, earlier) if judge else (0, 0, 0, 0)
    return Plan(
        suite=suite.name,
        profile=name,
        cases=cases,
        calls=round(calls * cases),
        input_tokens=round(read * cases),
        output_tokens=round(written * cases),
        cost=_cost(profile, read, written) * cases,
        minutes=(took + judge_took) * cases / workers / 60,
        detectable=stats.detectable(len(suite.cases)),
        power=stats.power(suite.margin, len(suite.cases)),
        source=source,
        judge=judge.name if judge else "",
        judge_calls=round(asked * cases),
        judge_input_tokens=round(judge_read * cases),
        judge_output_tokens=round(judge_written * cases),
        judge_cost=_cost(judge, judge_read, judge_written) * cases,
    )


def _cost(profile: Profile | None, read: float, written: float) -> float:
    return (read * profile.price_in + written * profile.price_out) / 1e6 if profile else 0.0


def _judged(suite: Suite, earlier: Run | None) -> _Take:
    """What the judge takes for one case: as measured where the earlier run had one."""
    if earlier is None or not earlier.head.judge:
        return _JUDGED.get(suite.subject, (0, 0, 0, 0))
    return _measured(earlier, "judge")


def _measured(earlier: Run, who: str) -> _Take:
    """What one model took for each case that has an answer."""
    asked = [call for result in earlier.results for call in result.calls if call.who == who]
    count = max(sum(result.answer is not None for result in earlier.results), 1)
    read, written = sum(call.input_tokens for call in asked), sum(call.output_tokens for call in asked)
    return len(asked) / count, read / count, written / count, sum(call.seconds for call in asked) / count


def _figures(suite: Suite, profile: Profile | None, earlier: Run | None) -> tuple[float, float, float, float, str]:
    if earlier:
        answers = [result.answer for result in earlier.results if result.answer]
        count = max(len(answers), 1)
        took = sum(answer.seconds for answer in answers) / count
        calls, read, written, _ = _measured(earlier, "tutor")
        if not calls:
            calls = sum(bool(answer.output_tokens) for answer in answers) / count
            read = sum(answer.input_tokens for answer in answers) / count
            written = sum(answer.output_tokens for answer in answers) / count
        return calls, read, written, took, f"measured in {earlier.head.id}"
    if profile is None:
        return 0, 0, 0, _WITHOUT[suite.subject], "a guess; no run of it yet"
    return *_WITH[suite.subject], "a guess; no run of it yet"


def _newest(suite: Suite, name: str, runs: Path) -> Run | None:
    found = sorted(runs.glob(f"{suite.name}-{name}-*.jsonl"), key=lambda path: path.stat().st_mtime)
    return next((run for path in reversed(found) if (run := read_log(path)).complete), None)
