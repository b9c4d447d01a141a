"""`tutor-evals`: the commands, their options and what they print; everything heavy loads inside commands.

Measures nothing itself.
"""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from evals import upkeep
from evals.showing import bar, show_run
from evals.upkeep import AsJson, Config, JudgeName, Runs, Suites, folder_of, settings_of
from tutor.terminal import console, put_json, table
from tutor.terminal import run as run_app

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evals.plan import Plan
    from evals.suite import Suite
    from evals.sweep import Sweep
    from tutor.config import Settings

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Measure the tutor on suites of cases. Exit codes: 0 pass, 1 fail, 2 usage, 3 cannot judge, 4 inconclusive.",
)

Models = Annotated[list[str] | None, typer.Option("--model", help="A model profile; more than one take turns.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="Only cases with this tag.")]
Limit = Annotated[int | None, typer.Option(min=1, help="At most this many cases of each suite, spread evenly.")]
Repeat = Annotated[int, typer.Option(min=1, help="How often each case is run.")]
Workers = Annotated[int | None, typer.Option(min=1, help="How many cases run at once (default 4).")]


Batch = Annotated[bool, typer.Option("--batch", help="Send calls by the server's Batch API: cheaper, within a day.")]
Cache = Annotated[bool, typer.Option("--cache", help="Give kept replies again where the same is asked.")]
Where = Annotated[Literal["here", "ray"], typer.Option(help="Where cases are answered: here, or on a Ray cluster.")]
Seconds = Annotated[float | None, typer.Option(min=0.001, help="The longest a case may take.")]
Tokens = Annotated[int | None, typer.Option(min=1, help="The most tokens a case may use.")]
Cap = Annotated[float | None, typer.Option(min=0, help="The most the whole command may cost.")]
Failed = Annotated[
    str | None, typer.Option("--only-failed", help="Only the cases of this run that failed or were not perfect.")
]


@app.command("list")
def list_(
    paths: Annotated[list[str] | None, typer.Argument(help="Paths of suites beside the bundled ones.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the suites: the bundled ones and those named."""
    from evals.metrics import FITS
    from evals.suite import bundled_suites, load_suites

    suites = load_suites([*(path.stem for path in bundled_suites()), *(paths or ())], metrics=FITS)
    if as_json:
        for suite in suites:
            put_json(
                {
                    "suite": suite.name,
                    "version": suite.version,
                    "subject": suite.subject,
                    "cases": len(suite.cases),
                    "primary": suite.primary,
                    "metrics": suite.metrics,
                    "fingerprint": suite.fingerprint,
                    "path": suite.path,
                }
            )
        return
    table(
        ["suite", "subject", "cases", "primary", "about"],
        [[suite.name, suite.subject, str(len(suite.cases)), suite.primary, suite.about] for suite in suites],
    )


@app.command()
def plan(
    suite: Suites,
    model: Models = None,
    judge: JudgeName = None,
    repeat: Repeat = 1,
    tag: Tags = None,
    limit: Limit = None,
    workers: Workers = None,
    runs: Runs = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Say what a run would take, and what it could detect, before anything is spent."""
    from evals.metrics import FITS
    from evals.plan import plan as make_plan
    from evals.suite import load_suites
    from evals.sweep import judge_profile

    rows = []
    for each in load_suites(suite, metrics=FITS, tags=tag or (), limit=limit):
        for name in model or (None,):
            settings = settings_of(config, name)
            made = make_plan(
                each,
                settings.model.use,
                settings.profile,
                judge=judge_profile(settings, judge),
                repeats=repeat,
                workers=workers or settings.evals.concurrency,
                runs=folder_of(runs, settings),
            )
            if as_json:
                put_json(made)
            rows.append(_planned(made, judged=judge is not None))
    if not as_json:
        judged = "judge its_cost " if judge is not None else ""
        heads = f"suite profile cases calls tokens cost {judged}min finds power from".split()
        table([head.replace("_", " ") for head in heads], rows)


def _planned(made: "Plan", *, judged: bool) -> list[str]:
    """A plan as a row of the table."""
    tokens = made.input_tokens + made.output_tokens
    judge = [str(made.judge_calls), f"{made.judge_cost:.2f}"] if judged else []
    found = [f"{made.detectable:.3f}", f"{made.power:.0%}", "run" if made.source.startswith("measured") else "guess"]
    spent = [str(made.cases), str(made.calls), str(tokens), f"{made.cost:.2f}", *judge, f"{made.minutes:.1f}"]
    return [made.suite, made.profile, *spent, *found]


@app.command("run")
def run_(
    suite: Suites,
    model: Models = None,
    judge: JudgeName = None,
    repeat: Repeat = 1,
    tag: Tags = None,
    limit: Limit = None,
    batch: Batch = False,
    cache: Cache = False,
    engine: Where = "here",
    case_seconds: Seconds = None,
    case_tokens: Tokens = None,
    cap: Cap = None,
    only_failed: Failed = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin a new log even where one is unfinished.")] = False,
    workers: Workers = None,
    runs: Runs = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Run suites on the tutor; an interrupted run goes on where it stopped."""
    from evals.metrics import FITS
    from evals.run import Limits
    from evals.suite import load_suites
    from evals.sweep import Sweep
    from evals.sweep import only_failed as cut

    suites = load_suites(suite, metrics=FITS, tags=tag or (), limit=limit)
    profiles = [settings_of(config, name) for name in model or (None,)]
    settings = profiles[0]
    folder = folder_of(runs, settings)
    if only_failed:
        suites = tuple(cut(each, only_failed, folder) for each in suites)
    wanted = settings.evals
    how = Sweep(
        folder=folder,
        repeats=repeat,
        workers=workers or wanted.concurrency,
        fresh=fresh,
        judge=judge,
        limits=Limits(tokens=case_tokens or wanted.case_tokens, seconds=case_seconds or wanted.case_seconds),
        cap=cap if cap is not None else wanted.cap,
        batch=batch or wanted.batch,
        every=wanted.batch_seconds,
        cache=cache or wanted.cache,
        ray=engine == "ray",
    )
    if _run_all(suites, profiles, how, as_json):
        raise typer.Exit(3)


def _run_all(suites: "Sequence[Suite]", profiles: "Sequence[Settings]", how: "Sweep", as_json: bool) -> bool:
    """Run and show; whether too little of any run was scored to judge by it."""
    from evals.sweep import sweep, too_thin

    thin = False
    with ExitStack() as stack:
        tell = console(stderr=True).print
        for run in sweep(suites, profiles, how, lambda each, n: stack.enter_context(bar(each.name, n)), tell):
            stack.close()
            show_run(run, as_json)
            thin = thin or too_thin(run)
    return thin


@app.command()
def score(
    run: Annotated[str, typer.Argument(help="A log file, a run's id, or the beginning of one.")],
    judge: JudgeName = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Make every score anew, also those that still stand.")] = False,
    runs: Runs = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Score a stored run again with today's cases and metrics; the tutor is not asked anything."""
    from evals.log import find_run, keep
    from evals.metrics import FITS
    from evals.report import write_report
    from evals.suite import load_suite
    from evals.sweep import scored_again

    settings = settings_of(config)
    folder = folder_of(runs, settings)
    old = find_run(run, folder)
    suite = load_suite(old.head.path or old.head.suite, metrics=FITS)
    made = keep(scored_again(old, suite, settings, judge, fresh=fresh), folder)
    write_report(made)
    show_run(made, as_json)


@app.command()
def compare(
    a: Annotated[str, typer.Argument(help="The earlier run: a log file, an id, or the beginning of one.")],
    b: Annotated[str, typer.Argument(help="The later run.")],
    runs: Runs = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Compare two runs of one suite case by case: what changed, how surely, what flipped."""
    from evals.compare import compare as make
    from evals.log import find_run
    from evals.report import comparison_markdown

    folder = folder_of(runs, settings_of(config))
    found = make(find_run(a, folder), find_run(b, folder))
    if as_json:
        put_json(found)
    else:
        typer.echo(comparison_markdown(found), nl=False)


@app.command()
def gate(
    candidate: Annotated[str, typer.Argument(help="The run to judge.")],
    baseline: Annotated[str | None, typer.Argument(help="The run it must not be worse than.")] = None,
    at_least: Annotated[float | None, typer.Option(help="Without a baseline: what must be reached.")] = None,
    margin: Annotated[float | None, typer.Option(min=0, help="How much worse is allowed.")] = None,
    runs: Runs = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Judge a run: exit code 0 pass, 1 fail, 3 cannot judge, 4 inconclusive."""
    from evals.gate import gate as judge_change
    from evals.gate import gate_at_least
    from evals.log import find_run

    if (baseline is None) == (at_least is None):
        raise typer.BadParameter("name a baseline run, or say --at-least, and not both")
    folder = folder_of(runs, settings_of(config))
    run = find_run(candidate, folder)
    if baseline is not None:
        found = judge_change(run, find_run(baseline, folder), margin=margin)
    else:
        found = gate_at_least(run, at_least or 0.0)
    if as_json:
        put_json({"outcome": found.outcome, "reasons": found.reasons, "more": found.more, "exit_code": found.exit_code})
    else:
        typer.echo("\n".join([found.outcome, *found.reasons]))
    raise typer.Exit(found.exit_code)


@app.command()
def report(
    run: Annotated[str, typer.Argument(help="A log file, a run's id, or the beginning of one.")],
    to: Annotated[
        Path | None,
        typer.Option(help="Write it to this file: .md, .html, .csv, .xml (JUnit) or .json (inspect's log)."),
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="An earlier run, for a comparison on the same page (.html).")
    ] = None,
    runs: Runs = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Make the report of a stored run: Markdown, one HTML page, JSON, CSV or JUnit."""
    from evals.export import rendered
    from evals.log import find_run
    from evals.report import as_data, markdown

    folder = folder_of(runs, settings_of(config))
    found = find_run(run, folder)
    if as_json:
        put_json(as_data(found))
    elif to is None:
        typer.echo(markdown(found), nl=False)
    else:
        to.write_text(rendered(found, to.suffix, find_run(against, folder) if against else None), "utf-8")
        typer.echo(f"report {to}")


@app.command()
def show(
    run: Annotated[str, typer.Argument(help="A log file, a run's id, or the beginning of one.")],
    case: Annotated[str, typer.Argument(help="The id of a case.")],
    runs: Runs = None,
    config: Config = None,
) -> None:
    """Print all that a run holds about one case, as JSON Lines."""
    from evals.case import SuiteError
    from evals.log import find_run, result_as_json

    found = find_run(run, folder_of(runs, settings_of(config)))
    results = [result for result in found.results if result.case == case]
    if not results:
        raise SuiteError([f"run {found.head.id} has no case {case!r}"])
    for result in results:
        put_json(result_as_json(result))


for command in (upkeep.bench, upkeep.selftest, upkeep.calibrate, upkeep.lint, upkeep.pressure, upkeep.recall):
    app.command()(command)
app.command("import")(upkeep.import_)


def main() -> None:
    """The entry point of `tutor-evals`."""
    run_app(app, "tutor-evals")


if __name__ == "__main__":
    main()
