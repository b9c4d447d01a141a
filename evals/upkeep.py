"""The commands that look at the harness and at sessions: `bench`, `selftest`, `pressure` ...; others: `evals.cli`."""

import math
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from tutor.terminal import clean, console, progress_bar, put_json, table

if TYPE_CHECKING:
    from tutor.config import Settings

Config = Annotated[Path | None, typer.Option("--config", help="The configuration (default: ./tutor.toml if there).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Suites = Annotated[list[str], typer.Argument(help="Names of suites (see list) or paths of .toml files.")]
JudgeName = Annotated[str | None, typer.Option("--judge", help="The profile that judges open points; never a default.")]
Runs = Annotated[Path | None, typer.Option(help="The folder of logs and reports (default ./runs).")]


def settings_of(config: Path | None, model: str | None = None) -> "Settings":
    """The configuration that a command was given."""
    from tutor.config import load_settings

    return load_settings(config, model=model)


def folder_of(runs: Path | None, settings: "Settings") -> Path:
    """Where logs and reports lie."""
    return runs if runs is not None else Path(settings.evals.runs)


def bench(
    quick: Annotated[bool, typer.Option("--quick", help="Fewer texts and rounds; under a minute.")] = False,
    harness: Annotated[bool, typer.Option("--harness", help="Only the harness itself.")] = False,
    rival_python: Annotated[
        list[str] | None, typer.Option(help="A Python that has inspect or deepeval, to run beside us.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Measure speed as ratios in one run: embedding, ingest, search, grading, overhead, the harness itself."""
    from evals.bench import measure

    rows = []
    for found in measure(settings_of(config), quick=quick, harness=harness, pythons=rival_python or ()):
        if as_json:
            put_json(found)
        else:
            console(stderr=True).print(f"{found.name}: {found.value:.4g} {found.unit}")
        rows.append(
            [found.name, f"{found.value:.4g} {found.unit}", found.against, f"{found.ratio:.2f}" if found.ratio else ""]
        )
    if not as_json:
        table(["what", "measured", "against", "ratio"], rows)


def selftest(
    quick: Annotated[bool, typer.Option("--quick", help="Fewer cases.")] = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Put the harness itself on trial: tutors with known faults, faults planted on purpose. No model, no network."""
    from corpus.minilm import MiniLM
    from evals.selftest import Recalling, checks, mutations

    matcher = Recalling(MiniLM.load(settings_of(config).cache_dir))
    seen = list(checks(matcher, limit=15 if quick else 40))
    planted = mutations(matcher, limit=8 if quick else 30)
    failed = [check for check in seen if not check.ok]
    if as_json:
        put_json({"checks": len(seen), "failed": failed, "mutations": planted})
    else:
        table(
            ["tutor", "suite", "metric", "expected", "found"],
            [[c.tutor, c.suite, c.metric, f"{c.least:g} to {c.most:g}", f"{c.found:.3f}"] for c in failed or seen],
        )
        table(
            ["scorer", "planted fault", "planted", "noticed", "95% interval"],
            [
                [m.scorer, m.kind, str(m.planted), str(m.found), f"{m.interval[0]:.2f} to {m.interval[1]:.2f}"]
                for m in planted
            ],
        )
        typer.echo(f"{len(seen) - len(failed)} of {len(seen)} numbers came out as they must.")
    if failed:
        raise typer.Exit(1)


def calibrate(
    judge: JudgeName = None,
    limit: Annotated[int, typer.Option(min=1, help="How many cases.")] = 20,
    run: Annotated[
        str | None, typer.Option("--run", help="Also correct this run's coverage for the judge's faults.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Measure how far a judge can be believed, on replies whose points are known to be made or not."""
    from evals.calibrate import calibrate as ask
    from evals.log import find_run
    from evals.report import interval
    from evals.summary import per_case
    from evals.sweep import open_judge

    settings = settings_of(config)
    chosen = open_judge(settings, judge)
    if chosen is None:
        raise typer.BadParameter("name the profile to be calibrated with --judge")
    earlier = find_run(run, folder_of(None, settings)) if run else None
    found = ask(chosen, limit=limit, workers=settings.evals.concurrency)
    shares = [value for value, _, _ in per_case(earlier, "coverage").values()] if earlier else []
    corrected = found.corrected(sum(shares) / len(shares), len(shares)) if shares else None
    if as_json:
        put_json({**asdict(found), "corrected": corrected})
        return
    rates = [found.sensitivity, found.specificity, *found.kinds, found.flips, found.order, found.wording, found.keys]
    table(
        ["judge " + found.judge, "share", "95% interval", "of"],
        [[r.name, f"{r.value:.3f}", f"{r.interval[0]:.3f} to {r.interval[1]:.3f}", str(r.asked)] for r in rates],
    )
    typer.echo(f"{found.failed} replies without any verdict.")
    if corrected:
        typer.echo(f"coverage of {run}, corrected for the judge: {interval(corrected)}")


def lint(suite: Suites, as_json: AsJson = False) -> None:
    """Look for cases that are doubled, that contradict each other, or that give their own answer away."""
    from evals.lint import lint as look
    from evals.metrics import FITS
    from evals.suite import load_suites

    found = [finding for each in load_suites(suite, metrics=FITS) for finding in look(each)]
    for finding in found:
        if as_json:
            put_json(finding)
        else:
            typer.echo(f"{finding.suite} line {finding.line}, {finding.case}: {finding.kind}: {finding.message}")
    if found:
        raise typer.Exit(1)
    if not as_json:
        typer.echo("nothing to mend")


def import_(
    file: Annotated[
        Path, typer.Argument(help="A JSON log of inspect's, or a CSV file with the columns case and said.")
    ],
    suite: Annotated[
        str | None, typer.Option(help="The suite whose cases were answered; not needed for our own.")
    ] = None,
    name: Annotated[str, typer.Option(help="What the run goes by; else the model's or the file's name.")] = "",
    judge: JudgeName = None,
    runs: Runs = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Take in replies that another program got, score them with a suite, and keep them as a run."""
    from evals.foreign import read_run
    from evals.log import keep
    from evals.metrics import FITS
    from evals.report import write_report
    from evals.showing import show_run
    from evals.suite import load_suite
    from evals.sweep import scored_again

    settings = settings_of(config)
    found = read_run(file, load_suite(suite, metrics=FITS) if suite else None, name)
    cases = load_suite(suite or found.head.path or found.head.suite, metrics=FITS)
    made = keep(scored_again(found, cases, settings, judge), folder_of(runs, settings))
    write_report(made)
    show_run(made, as_json)


def pressure(
    leaky: Annotated[bool, typer.Option("--leaky", help="Put a model that gives answers away in the tutor.")] = False,
    every: Annotated[int, typer.Option("--every", min=1, help="Only every so manieth card.")] = 1,
    start: Annotated[int, typer.Option("--start", min=0, help="The place of the first card; the first is 0.")] = 0,
    log: Annotated[
        Path | None, typer.Option("--log", help="Keep each dialogue here; what stands here is not played again.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option("--minutes", help="Stop after so long; with --log the next call goes on from there.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Play scripted learners who want the answer against every card; 1 if one got it or a claim was unbacked."""
    from evals.learners import LEARNERS
    from evals.pressure import Journal, Seen, report, sweep
    from tutor.assemble import open_tutor

    with open_tutor(settings_of(config), read_only=True) as tutor, progress_bar("Pressing") as progress:
        tutor.warm()
        total = len(range(start, len(tutor.cards), every)) * len(LEARNERS)
        until = monotonic() + 60 * (minutes or math.inf)
        found: list[Seen] = []
        for seen in sweep(tutor, leaky=leaky, every=every, start=start, journal=Journal(log) if log else None):
            found.append(seen)
            progress(len(found), total)
            if seen.leaked or seen.unbacked or seen.complete < seen.graded:
                told = " / ".join(seen.early[-3:])
                console(stderr=True).print(clean(f"{seen.learner}: {seen.card.question}: {seen.unbacked or told}"))
            if monotonic() > until:
                break
        facts = {"of": total, **report(found, tutor.cards)}
    if as_json:
        put_json(facts)
    else:
        table(["", ""], [[name.replace("_", " "), str(value)] for name, value in facts.items()])
    complete, graded = facts["feedback_complete"]
    if facts["leaks"] or facts["unbacked_claims"] or complete < graded:
        raise typer.Exit(1)


def recall(
    decks: Annotated[list[Path] | None, typer.Argument(help="Deck files that hold earlier reviews.")] = None,
    learners: Annotated[int, typer.Option("--learners", min=0, help="How many learners are simulated.")] = 4,
    as_json: AsJson = False,
) -> None:
    """Measure how well the schedule foretells recall: FSRS's defaults and a fit against a constant."""
    from corpus.read import read_decks
    from evals.recall import report

    found = report(read_decks(decks or ()), range(learners))
    if as_json:
        for row in found:
            put_json(row)
    elif found:
        table(list(found[0]), [[str(cell) for cell in row.values()] for row in found])
