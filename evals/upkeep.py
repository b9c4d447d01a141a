"""The commands that look at the harness itself: `bench`, `selftest`, `calibrate`, `lint`; others are in `evals.cli`."""

from pathlib import Path
from typing import Annotated

import typer

from tutor.terminal import console, put_json, table

Config = Annotated[Path | None, typer.Option("--config", help="The configuration (default: ./tutor.toml if there).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Suites = Annotated[list[str], typer.Argument(help="Names of suites (see list) or paths of .toml files.")]
JudgeName = Annotated[str | None, typer.Option("--judge", help="The profile that judges open points; never a default.")]


def bench(
    quick: Annotated[bool, typer.Option("--quick", help="Fewer texts and rounds; under a minute.")] = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Measure speed as ratios in one run: embedding, ingest, search, grading, overhead, the harness itself."""
    from evals.bench import measure
    from tutor.config import load_settings

    rows = []
    for found in measure(load_settings(config), quick=quick):
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
    from evals.selftest import checks, mutations
    from tutor.config import load_settings
    from tutor.match import Matcher

    matcher = Matcher(MiniLM.load(load_settings(config).cache_dir))
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
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Measure how far a judge can be believed, on replies whose points are known to be made or not."""
    from evals.calibrate import calibrate as ask
    from evals.sweep import open_judge
    from tutor.config import load_settings

    settings = load_settings(config)
    chosen = open_judge(settings, judge)
    if chosen is None:
        raise typer.BadParameter("name the profile to be calibrated with --judge")
    found = ask(chosen, limit=limit, workers=settings.evals.concurrency)
    if as_json:
        put_json(found)
        return
    rates = [found.sensitivity, found.specificity, *found.kinds, found.flips, found.order, found.keys]
    table(
        ["judge " + found.judge, "share", "95% interval", "of"],
        [[r.name, f"{r.value:.3f}", f"{r.interval[0]:.3f} to {r.interval[1]:.3f}", str(r.asked)] for r in rates],
    )
    typer.echo(f"{found.failed} replies without any verdict.")


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
