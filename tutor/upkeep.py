"""The commands that look after decks and data, from import to restore. Registered by `tutor.cli`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from tutor.options import AsJson, Config, Learner, Model, settings_of, tutor_of
from tutor.terminal import clean, progress_bar, put_json, table


def import_(
    paths: Annotated[list[Path], typer.Argument(help="Deck files or folders.")],
    history: Annotated[bool, typer.Option(help="Start from the reviews that an Anki package brings.")] = True,
    config: Config = None,
) -> None:
    """Copy decks into your library."""
    with tutor_of(settings_of(config), read_only=False) as tutor:
        for deck in tutor.import_decks(tuple(paths), history=history):
            found = f", {len(deck.findings)} findings (see `tutor decks`)" if deck.findings else ""
            past = f", brings {len(deck.reviews)} earlier reviews" if deck.reviews and history else ""
            typer.echo(clean(f"{deck.name}: {len(deck)} cards{past}{found}"))


def export(
    deck: Annotated[str | None, typer.Argument(help="A deck's name or its file's name.")] = None,
    to: Annotated[Path, typer.Option("--to", help="The file to write: .csv, .txt (Anki), .jsonl or .apkg.")] = Path(),
    everything: Annotated[
        bool, typer.Option("--all", help="All you have, into the folder --to: open formats.")
    ] = False,
    config: Config = None,
) -> None:
    """Write a deck in another format, or everything the tutor knows of you."""
    from corpus.write import write_deck
    from tutor.takeout import takeout

    if everything == (deck is not None) or to == Path():
        raise typer.BadParameter("say `tutor export DECK --to FILE`, or `tutor export --all --to FOLDER`")
    with tutor_of(settings_of(config)) as tutor:
        if deck is None:
            written = takeout(tutor, to)
            typer.echo(clean(f"{len(written)} files written to {to}; READ_ME.txt there says what is in them"))
            return
        chosen = tutor.deck(deck)
    write_deck(chosen, to)
    typer.echo(clean(f"{len(chosen)} cards of {chosen.name} written to {to}"))


def undo(
    count: Annotated[int, typer.Argument(metavar="[N]", min=1, max=30, help="How many things to take back.")] = 1,
    learner: Learner = "me",
    config: Config = None,
) -> None:
    """Take back what you did last, and say what it was: ratings, cards set aside or changed, imports."""
    from tutor.undo import undo as take_back

    with tutor_of(settings_of(config), read_only=False) as tutor:
        said = False
        for text in take_back(tutor, learner, count):
            typer.echo(clean(f"Taken back: {text}"))
            said = True
    if not said:
        typer.echo("There is nothing to take back.")


def erase(
    learner: Annotated[str, typer.Argument(help="The learner to remove; you alone are called me.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: Config = None,
) -> None:
    """Remove a learner for good: answers, grades, conversations, backups of them, and caches."""
    from tutor.erase import erase as remove

    settings = settings_of(config)
    if not yes:
        typer.confirm(f"Remove everything of {clean(learner)!r} from {settings.data_dir}, backups too?", abort=True)
    for text in remove(settings, learner):
        typer.echo(clean(text))


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
    mend: Annotated[bool, typer.Option("--repair", help="Put a damaged database together again.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --repair: do not ask.")] = False,
    vocabulary: Annotated[
        bool, typer.Option("--vocabulary", help="Fetch tiktoken's vocabulary, to count tokens and not estimate them.")
    ] = False,
    config: Config = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Check folders, database, index and models, and say what would leave this machine."""
    from tutor.doctor import examine, in_use, worst

    if mend:
        _repair(_database(config), yes=yes)
        return
    settings = settings_of(config, model)
    if unknown := [name for name in profile or () if name not in settings.models]:
        known = ", ".join(settings.models) or "none"
        raise typer.BadParameter(f"there is no profile {unknown[0]!r}; there are: {known}")
    if vocabulary:
        names = profile or [each.name for each in in_use(settings)]
        _fetch(settings.cache_dir, [settings.models[name].model for name in names])
        return
    checks = []
    for check in examine(settings, profiles=profile):
        checks.append(check)
        if as_json:
            put_json(check)
    if not as_json:
        table(["", "part", "what", "found"], [[c.state, c.area, c.name, f"{c.said} {c.fix}".strip()] for c in checks])
    if code := worst(checks):
        raise typer.Exit(code)


def _fetch(cache: Path, models: list[str]) -> None:
    from corpus.errors import VocabularyError
    from corpus.tokens import fetch, keep_in

    keep_in(cache / "tiktoken")
    failed = False
    for model in dict.fromkeys(models):
        try:
            typer.echo(clean(f"{model}: counted with {fetch(model)}."))
        except VocabularyError as error:
            failed = True
            typer.echo(clean(f"{model}: {error}"), err=True)
    if not models:
        typer.echo("No language model is in use, so no tokens are counted.")
    if failed:
        raise typer.Exit(1)


def _repair(database: Path, *, yes: bool) -> None:
    from tutor.repair import plan_repair, repair

    found = plan_repair(database)
    if found is None:
        typer.echo(clean(f"Nothing is wrong with {database}."))
        return
    typer.echo(clean(found.text))
    if not yes:
        typer.confirm("Do it?", abort=True)
    kept = repair(database, found, datetime.now(UTC))
    typer.echo(clean(f"{database} is whole again. The damaged file is {kept}"))


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
    from tutor.database import sqlite_file
    from tutor.errors import StoreError

    settings = settings_of(config)
    file = sqlite_file(settings.store.url)
    if file is None:
        raise StoreError(
            "[store] url names a database server; use its own tools: pg_dump makes a backup, pg_restore brings it back."
        )
    return file
