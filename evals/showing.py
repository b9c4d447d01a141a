"""A run on the terminal: the table of its numbers, and a bar while it goes on. Standard output holds results alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.terminal import console, progress_bar, put_json, table

if TYPE_CHECKING:
    from evals.result import Result, Run


@contextmanager
def bar(label: str, total: int) -> "Iterator[Callable[[Run, Result], None]]":
    """A progress bar on standard error, where somebody watches."""
    done = 0
    with progress_bar(label) as report:

        def step(run: "Run", result: "Result") -> None:
            nonlocal done
            done += 1
            report(done, total)

        yield step


def show_run(run: "Run", as_json: bool) -> None:
    """Print the numbers of a run, and where its log and report lie."""
    from evals.report import as_data, interval, seconds, spent
    from evals.summary import summarise

    if as_json:
        put_json(as_data(run))
        return
    head = run.head
    out = console()
    counts = ", ".join(f"{number} {status}" for status, number in run.counts.items())
    out.print(f"{head.suite} on {head.profile} ({head.about.get('model', '')}): {len(run.results)} results, {counts}")
    rows = [
        [f"{each.metric}{' *' if each.metric == head.primary else ''}", interval(each.estimate)]
        + [str(number) for number in (each.scored, each.unscored, each.errors)]
        for each in summarise(run)
    ]
    table(["metric (* primary)", "value [95% interval]", "scored", "unscored", "errors"], rows)
    out.print(f"{seconds(run)}")
    for each in spent(run):
        out.print(f"the {each.who}: {each}")
    if run.log:
        out.print(f"log {run.log}\nreport {Path(run.log).with_suffix('.md')}\n", soft_wrap=True)
