"""The commands that look after decks and data, from import to restore. Registered by `tutor.cli`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from tutor.options import AsJson, Config, Model, settings_of, tutor_of
from tutor.terminal import clean, progress_bar, put_json, table


def import_(paths: Annotated[list[Path], typer.Argument(help="Deck files or folders.")], config: Config = None) -> None:
    """Copy decks into your library."""
    with tutor_of(settings_of(config), read_only=False) as tutor:
        for deck in tutor.import_decks(tuple(paths)):
            found = f", {len(deck.findings)} findings (see `tutor decks`)" if deck.findings else ""
            typer.echo(clean(f"{deck.name}: {len(deck)} cards{found}"))


def export(
    deck: Annotated[str, typer.Argument(help="A deck's name or its file's name.")],
    to: Annotated[Path, typer.Option("--to", help="The file to write: .csv, .txt (Anki), .jsonl or .apkg.")],
    config: Config = None,
) -> None:
    """Write a deck in another format."""
    from corpus.write import write_deck

    with tutor_of(settings_of(config)) as tutor:
        chosen = tutor.deck(deck)
    write_deck(chosen, to)
    typer.echo(clean(f"{len(chosen)} cards of {chosen.name} written to {to}"))


def audit(
    deck: Annotated[str | None, typer.Argument(help="A deck's name or its file's name (default: all).")] = None,
    config: Config = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Try the grader on your own cards and say what may be trusted."""
    from tutor.audit import audit as try_grader

    with tutor_of(settings_of(config, model)) as tutor, progress_bar("Grading made answers") as progress:
        cards = tutor.deck(deck).cards if deck else tutor.cards
        result = try_grader(cards, tutor.grader, progress=progress)
    if as_json:
        put_json(result)
    else:
        typer.echo(clean(result.text))


def doctor(
    profile: Annotated[
        list[str] | None, typer.Option(help="Ask this profile's server (default: those in use).")
    ] = None,
    config: Config = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Check folders, database, index and models, and say what would leave this machine."""
    from tutor.doctor import examine, worst

    settings = settings_of(config, model)
    if unknown := [name for name in profile or () if name not in settings.models]:
        known = ", ".join(settings.models) or "none"
        raise typer.BadParameter(f"there is no profile {unknown[0]!r}; there are: {known}")
    checks = []
    for check in examine(settings, profiles=profile):
        checks.append(check)
        if as_json:
            put_json(check)
    if not as_json:
        table(["", "part", "what", "found"], [[c.state, c.area, c.name, f"{c.said} {c.fix}".strip()] for c in checks])
    if code := worst(checks):
        raise typer.Exit(code)


def backup(config: Config = None, as_json: AsJson = False) -> None:
    """Copy your history, check the copy, and thin out the older copies."""
    from tutor.backup import backup as copy

    database = _database(config)
    made = copy(database, database.parent / "backups", datetime.now(UTC))
    if as_json:
        put_json({"backup": made})
    else:
        typer.echo(clean(f"Your history is copied to {made}"))


def restore(
    copy: Annotated[Path | None, typer.Argument(help="The backup to bring back (default: list them).")] = None,
    config: Config = None,
) -> None:
    """Bring back a backup; what was there before is kept beside it."""
    from tutor.backup import listed
    from tutor.backup import restore as bring_back

    database = _database(config)
    if copy is None:
        there = [
            [made.astimezone().strftime("%Y-%m-%d %H:%M"), str(path)]
            for path, made in listed(database.parent / "backups")
        ]
        table(["made", "backup"], there)
        return
    if not copy.is_file():
        raise typer.BadParameter(f"{copy} does not exist; `tutor restore` alone lists the backups")
    before = bring_back(copy, database, datetime.now(UTC))
    kept = f"; what was there before is in {before}" if before else ""
    typer.echo(clean(f"{copy} is in place{kept}"))


def _database(config: Path | None) -> Path:
    from tutor.errors import StoreError
    from tutor.log import sqlite_file

    settings = settings_of(config)
    file = sqlite_file(settings.store.url)
    if file is None:
        raise StoreError("[store] url names a database server; use that server's own backups.")
    return file
