"""A run or a comparison as a Markdown page: numbers with intervals, slices by tag, the worst cases in full.

Measures nothing; everything on the page is in the log.
"""

import math
import statistics
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from evals.compare import Comparison
from evals.metrics import METRICS
from evals.result import Result, Run
from evals.stats import Estimate, unscored_bounds
from evals.summary import Summary, per_case, summarise

WORST = 10


def interval(found: Estimate | None) -> str:
    """`0.87 [0.80, 0.92]`, or a dash where nothing was scored.

    >>> interval(None)
    '-'
    """
    return "-" if found is None or math.isnan(found.value) else f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


def seconds(run: Run) -> str:
    """The middle and the 95th percentile of what a case took, and of the time to the first words."""
    took = sorted(result.answer.seconds for result in run.results if result.answer is not None)
    first = sorted(r.answer.first_seconds for r in run.results if r.answer and r.answer.first_seconds is not None)
    if not took:
        return "nothing was answered"
    told = f"a case took {statistics.median(took):.3f} s, 95% of them under {took[int(0.95 * (len(took) - 1))]:.3f} s"
    if first:
        told += f"; first words after {statistics.median(first):.3f} s"
    return told


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """What the calls of one model took: the tutor's or the judge's; `first` is the middle time to the first words."""

    who: str
    calls: int
    input_tokens: int
    output_tokens: int
    cost: float
    first: float | None

    def __str__(self) -> str:
        told = f"{self.calls} calls, {self.input_tokens} tokens read, {self.output_tokens} written"
        told += f", cost {self.cost:.4f}" if self.cost else ""
        return told + (f", first words after {self.first:.3f} s" if self.first is not None else "")


def spent(run: Run) -> tuple[Spent, ...]:
    """What the tutor's model and the judge took, apart; nothing for whom made no call."""
    found = []
    for who in ("tutor", "judge"):
        calls = [call for result in run.results for call in result.calls if call.who == who]
        first = [call.first_seconds for call in calls if call.first_seconds is not None]
        if calls:
            found.append(
                Spent(
                    who=who,
                    calls=len(calls),
                    input_tokens=sum(call.input_tokens for call in calls),
                    output_tokens=sum(call.output_tokens for call in calls),
                    cost=sum(call.cost for call in calls),
                    first=statistics.median(first) if first else None,
                )
            )
    return tuple(found)


def tokens(run: Run) -> tuple[int, int]:
    """Tokens read and written by the subject's model."""
    for each in spent(run):
        if each.who == "tutor":
            return each.input_tokens, each.output_tokens
    answers = [result.answer for result in run.results if result.answer]
    return sum(answer.input_tokens for answer in answers), sum(answer.output_tokens for answer in answers)


def markdown(run: Run) -> str:
    """The report of one run."""
    return "\n".join(_lines(run)) + "\n"


def write_report(run: Run) -> None:
    """Write the report of a kept run beside its log."""
    Path(run.log).with_suffix(".md").write_text(markdown(run), encoding="utf-8")


def _lines(run: Run) -> Iterator[str]:
    head = run.head
    yield f"# {head.suite}: {head.profile}\n"
    counts = ", ".join(f"{number} {status}" for status, number in run.counts.items())
    whole = head.cases * head.repeats
    yield f"Run `{head.id}`, started {head.started}. {len(run.results)} results of {whole}: {counts}."
    yield f"Suite version {head.version}, fingerprint `{head.fingerprint}`. Primary metric: **{head.primary}**.\n"
    yield from _table(summarise(run))
    yield from _bounds(run)
    read, written = tokens(run)
    yield f"\nTime: {seconds(run)}." + (f" Tokens: {read} read, {written} written." if read or written else "") + "\n"
    yield from (f"The {each.who}: {each}.\n" for each in spent(run))
    tags = sorted({tag for result in run.results for tag in result.tags})
    if tags:
        yield "## By tag\n"
        yield from _slices(run, tags)
    if failed := [result for result in run.results if result.status == "error"]:
        yield f"\n## Errors ({len(failed)})\n"
        yield from (f"- `{result.case}`: {_flat(result.error)}" for result in failed[:WORST])
    yield f"\n## Worst cases by {head.primary}\n"
    for result in worst_cases(run, WORST):
        yield from _case(result, head.primary)
    yield "\n## What was run\n"
    yield from (
        f"- {key}: {value}" for key, value in {**head.about, "judge": head.judge or "none", **head.versions}.items()
    )
    yield "- prompts: " + ", ".join(f"{name} `{print_}`" for name, print_ in head.prompts.items())


def _table(summaries: tuple[Summary, ...]) -> Iterator[str]:
    yield "| metric | value [95% interval] | scored | unscored | errors | |"
    yield "|---|---|---:|---:|---:|---|"
    for each in summaries:
        metric = METRICS[each.metric]
        arrow = {"high": "higher is better", "low": "lower is better", "none": "0 is best"}[metric.better]
        yield (
            f"| {each.metric} | {interval(each.estimate)} | {each.scored} | {each.unscored} | {each.errors} "
            f"| {metric.about}; {arrow} |"
        )


def _bounds(run: Run) -> Iterator[str]:
    """What the primary metric would be if all that is unscored or failed were as bad, or as good, as can be."""
    metric = METRICS[run.head.primary]
    missing = next(each.unscored + each.errors for each in summarise(run) if each.metric == metric.name)
    if missing and metric.statistic is None:
        scored = [value for value, _, _ in per_case(run, metric.name).values()]
        low, high = unscored_bounds(scored, missing, metric.bounds)
        yield f"\nWith the {missing} that have no {metric.name}: between {low:.3f} and {high:.3f}."


def _slices(run: Run, tags: list[str]) -> Iterator[str]:
    names = list(run.head.metrics)
    yield f"| tag | results | {' | '.join(names)} |"
    yield f"|---|---:|{'---|' * len(names)}"
    for tag in tags:
        shown = {each.metric: interval(each.estimate) for each in summarise(run, tag)}
        count = sum(tag in result.tags for result in run.results)
        yield f"| {tag} | {count} | {' | '.join(shown[name] for name in names)} |"


def worst_cases(run: Run, count: int) -> list[Result]:
    """The scored results farthest from the best value of the primary metric, worst first; perfect ones are left out."""
    metric = METRICS[run.head.primary]
    best = metric.bounds[0] if metric.better == "low" else metric.bounds[1]
    scored = [
        (abs(best - value), result)
        for result in run.results
        if metric.name in result.scores and (value := result.scores[metric.name].value) is not None and value != best
    ]
    return [result for _, result in sorted(scored, key=lambda pair: -pair[0])[:count]]


def _case(result: Result, primary: str) -> Iterator[str]:
    score = result.scores[primary]
    yield f"- **{result.case}** {primary} {score.value:.2f}: {_flat(result.asked)}"
    yield f"  - why: {_flat(score.reason)}"
    yield f"  - said: {_flat(result.said)}"


def _flat(text: str) -> str:
    flat = " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())
    return flat if len(flat) <= 400 else flat[:399] + "…"


def comparison_markdown(found: Comparison) -> str:
    """The report of a comparison: every metric's change, then what flipped, with both texts."""
    lines = [f"# {found.a} to {found.b}\n", *(f"Warning: {warning}.\n" for warning in found.warnings)]
    lines += [
        "| metric | before | after | change [95% interval] | p | p, Holm | better | worse |",
        "|---|---:|---:|---|---:|---:|---:|---:|",
    ]
    for each in found.changes:
        change = f"{each.change.value:+.3f} [{each.change.low:+.3f}, {each.change.high:+.3f}]"
        lines.append(
            f"| {each.metric} | {each.before:.3f} | {each.after:.3f} | {change} | {each.p:.3f} | {each.adjusted:.3f} "
            f"| {each.better} | {each.worse} |"
        )
    lines.append(f"\n## What moved ({len(found.flips)})\n")
    for flip in found.flips[:20]:
        lines += [
            f"- **{flip.case}** {flip.metric} {flip.before:.2f} to {flip.after:.2f}: {_flat(flip.asked)}",
            f"  - before: {_flat(flip.said_before)}",
            f"  - after: {_flat(flip.said_after)}",
            f"  - why: {_flat(flip.reason)}",
        ]
    return "\n".join(lines) + "\n"


def as_data(run: Run) -> dict[str, object]:
    """The run's numbers as plain data for JSON: counts, every metric with its interval, tokens, where the log is."""
    read, written = tokens(run)
    return {
        "run": run.head.id,
        "suite": run.head.suite,
        "profile": run.head.profile,
        "primary": run.head.primary,
        "counts": run.counts,
        "metrics": {
            each.metric: {
                **_numbers(each.estimate),
                "scored": each.scored,
                "unscored": each.unscored,
                "errors": each.errors,
            }
            for each in summarise(run)
        },
        "input_tokens": read,
        "output_tokens": written,
        "spent": [asdict(each) for each in spent(run)],
        "log": run.log,
    }


def _numbers(found: Estimate | None) -> dict[str, float | None]:
    """Value and interval; null where there is none or it is not a number, which JSON has no word for."""
    ends = (found.value, found.low, found.high) if found else (math.nan,) * 3
    return {name: None if math.isnan(end) else end for name, end in zip(("value", "low", "high"), ends, strict=True)}
