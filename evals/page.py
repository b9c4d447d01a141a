"""Runs as one self-contained HTML page: intervals drawn, slices, the worst cases in full. It asks no host for anything.

Measures nothing; the Markdown report is in `evals.report`.
"""

from collections.abc import Iterator, Sequence
from html import escape

from evals.compare import Comparison
from evals.metrics import METRICS
from evals.report import interval, seconds, spent, worst_cases
from evals.result import Result, Run
from evals.stats import Estimate
from evals.summary import Summary, summarise

_WIDTH = 260
_STYLE = """
:root { color-scheme: light dark; --line: #8886; --dot: #2563eb; --band: #2563eb55 }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top }
td.number { text-align: right; font-variant-numeric: tabular-nums }
svg { display: block }
details { margin: .4rem 0; border: 1px solid var(--line); border-radius: .4rem; padding: .4rem .8rem }
summary { cursor: pointer } pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .2rem 0 .6rem }
.primary { font-weight: 600 } .small { opacity: .75; font-size: .9em } nav a { margin-right: 1rem }
"""


def html(runs: Sequence[Run], comparison: Comparison | None = None) -> str:
    """The page for one run or more, and for the comparison of two of them."""
    title = escape(", ".join(run.head.id for run in runs))
    parts = [
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{title}</title>",
        "<meta name='viewport' content='width=device-width'>",
        "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<style>{_STYLE}</style></head><body>",
        "<nav>" + "".join(f"<a href='#{_id(run)}'>{escape(run.head.id)}</a>" for run in runs) + "</nav>",
    ]
    if comparison is not None:
        parts += _comparison(comparison)
    for run in runs:
        parts += _run(run)
    return "\n".join([*parts, "</body></html>\n"])


def _id(run: Run) -> str:
    return escape("".join(sign if sign.isalnum() else "-" for sign in run.head.id))


def _run(run: Run) -> Iterator[str]:
    head = run.head
    yield f"<section id='{_id(run)}'><h1>{escape(head.suite)}: {escape(head.profile)}</h1>"
    counts = ", ".join(f"{number} {status}" for status, number in run.counts.items())
    whole = head.cases * head.repeats
    yield f"<p>{len(run.results)} results of {whole}: {counts}. Started {escape(head.started)}.</p>"
    yield f"<p>{escape(seconds(run))}.</p>"
    yield from (f"<p>The {each.who}: {each}.</p>" for each in spent(run))
    columns = ("metric", "value [95% interval]", "", "scored", "unscored", "errors")
    yield "<table><tr>" + "".join(f"<th>{column}</th>" for column in columns) + "</tr>"
    yield from (_row(each, each.metric == head.primary) for each in summarise(run))
    yield "</table>"
    yield from _slices(run)
    yield f"<h2>Worst cases by {escape(head.primary)}</h2>"
    errors = [result for result in run.results if result.status == "error"]
    for result in [*errors, *worst_cases(run, 25)]:
        yield from _case(result, head.primary)
    yield "<h2>What was run</h2><p class='small'>"
    facts = {**head.about, "judge": head.judge or "none", "fingerprint": head.fingerprint, **head.versions}
    yield "; ".join(f"{escape(key)}: {escape(value)}" for key, value in facts.items())
    yield "; prompts: " + ", ".join(f"{escape(name)} {escape(print_)}" for name, print_ in head.prompts.items())
    yield "</p></section>"


def _row(each: Summary, primary: bool) -> str:
    metric = METRICS[each.metric]
    name = f"<td class='{'primary' if primary else ''}' title='{escape(metric.about)}'>{escape(each.metric)}</td>"
    numbers = "".join(f"<td class='number'>{number}</td>" for number in (each.scored, each.unscored, each.errors))
    return f"<tr>{name}<td>{interval(each.estimate)}</td><td>{_plot(each.estimate, metric.bounds)}</td>{numbers}</tr>"


def _plot(found: Estimate | None, bounds: tuple[float, float]) -> str:
    """A dot with its interval on a line from the least to the most the metric can be."""
    if found is None or found.value != found.value:
        return ""
    span = bounds[1] - bounds[0]
    low, dot, high = (
        round(4 + (_WIDTH - 8) * (min(max(end, bounds[0]), bounds[1]) - bounds[0]) / span, 1)
        for end in (found.low, found.value, found.high)
    )
    return (
        f"<svg width='{_WIDTH}' height='16' role='img' aria-label='{interval(found)}'>"
        f"<line x1='4' x2='{_WIDTH - 4}' y1='8' y2='8' stroke='var(--line)'/>"
        f"<rect x='{low}' width='{max(high - low, 1):.1f}' y='4' height='8' fill='var(--band)'/>"
        f"<circle cx='{dot}' cy='8' r='4' fill='var(--dot)'/></svg>"
    )


def _slices(run: Run) -> Iterator[str]:
    tags = sorted({tag for result in run.results for tag in result.tags})
    if not tags:
        return
    yield f"<h2>{escape(run.head.primary)} by tag</h2><table>"
    yield f"<tr><th>tag</th><th>{escape(run.head.primary)}</th><th>interval</th><th class='number'>scored</th></tr>"
    for tag in tags:
        each = next(one for one in summarise(run, tag) if one.metric == run.head.primary)
        plot = _plot(each.estimate, METRICS[each.metric].bounds)
        yield f"<tr><td>{escape(tag)}</td><td>{interval(each.estimate)}</td><td>{plot}</td>"
        yield f"<td class='number'>{each.scored}</td></tr>"
    yield "</table>"


def _case(result: Result, primary: str) -> Iterator[str]:
    score = result.scores.get(primary)
    shown = "error" if score is None or score.value is None else f"{score.value:.2f}"
    yield f"<details><summary><b>{shown}</b> {escape(result.case)}: {escape(result.asked[:140])}</summary>"
    yield f"<p class='small'>asked</p><pre>{escape(result.asked)}</pre>"
    yield f"<p class='small'>said</p><pre>{escape(result.said)}</pre>"
    for name, each in result.scores.items():
        value = "unscored" if each.value is None else f"{each.value:.2f}"
        yield f"<p>{escape(name)} {value}: {escape(each.reason)}</p>"
    for call in result.calls:
        yield f"<details><summary>what the {call.who} ({escape(call.model)}) was asked and said</summary>"
        yield f"<pre>{escape(call.prompt)}</pre><p class='small'>said</p><pre>{escape(call.reply or call.error)}</pre>"
        yield "</details>"
    yield "</details>"


def _comparison(found: Comparison) -> Iterator[str]:
    yield f"<h1>{escape(found.a)} to {escape(found.b)}</h1>"
    yield from (f"<p>Warning: {escape(warning)}.</p>" for warning in found.warnings)
    columns = ("metric", "before", "after", "change [95% interval]", "", "p", "p, Holm")
    yield "<table><tr>" + "".join(f"<th>{column}</th>" for column in columns) + "</tr>"
    for each in found.changes:
        change = each.change
        yield f"<tr><td>{escape(each.metric)}</td><td>{each.before:.3f}</td><td>{each.after:.3f}</td>"
        yield f"<td>{change.value:+.3f} [{change.low:+.3f}, {change.high:+.3f}]</td>"
        yield f"<td>{_plot(change, (-1.0, 1.0))}</td><td>{each.p:.3f}</td><td>{each.adjusted:.3f}</td></tr>"
    yield f"</table><h2>What moved ({len(found.flips)})</h2>"
    for flip in found.flips:
        yield f"<details><summary><b>{flip.before:.2f} to {flip.after:.2f}</b> {escape(flip.case)}</summary>"
        yield f"<pre>{escape(flip.asked)}</pre><p class='small'>before</p><pre>{escape(flip.said_before)}</pre>"
        yield f"<p class='small'>after</p><pre>{escape(flip.said_after)}</pre><p>{escape(flip.reason)}</p></details>"
