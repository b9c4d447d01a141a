"""Really removes a learner: her rows here and in every backup, and the caches that may hold her words.

Bytes that the disk itself still keeps (copies made by others, snapshots) are out of reach.
"""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tutor.backup import listed, set_aside
from tutor.database import sqlite_file
from tutor.learner import Store
from tutor.names import Names
from tutor.settings import Settings

__all__ = ["erase"]


def erase(settings: Settings, name: str) -> Iterator[str]:
    """Erase the learner `name`; says each thing in a plain sentence when it is done.

    Raises:
        NotFoundError: there is no such learner.
        StoreError: a tutor is open on the database, or it cannot be written.
    """
    file = sqlite_file(settings.store.url)
    with Store.open(settings.store.url) as store:
        yield f"{store.erase(name)} rows of {name} are gone from the database."
        last = not store.learners()
        if file is not None:
            yield from _from_backups(file, name, last)
    yield from _replies(settings.cache_dir)
    yield from _usage(settings.data_dir / "usage.jsonl", name, last)
    if last:
        yield from _last(settings)
    names = Names(Path(settings.server.auth) if settings.server.auth else settings.data_dir / "names")
    if names.path.exists() and names.remove(name):
        yield f"{name} may no longer sign in."
    if file is None:
        yield "Backups that your database server made still hold her; remove those with its own tools."


def _from_backups(file: Path, name: str, last: bool) -> Iterator[str]:
    """Take her out of every copy; one that cannot be read is removed, since nobody can say what is in it."""
    rewritten = removed = 0
    for copy in [path for path, _ in listed(file.parent / "backups")]:
        if not last and _without(copy, name):
            rewritten += 1
        else:
            copy.unlink()
            removed += 1
    for aside in set_aside(file):
        aside.unlink()
        removed += 1
    yield f"{rewritten} backups were written anew without her, {removed} were removed."


def _without(copy: Path, name: str) -> bool:
    """Whether the copy could be written anew without her; its schema stays what it was."""
    part = copy.with_name(f".{copy.name}.part")
    try:
        shutil.copyfile(copy, part)
        with closing(sqlite3.connect(part, isolation_level=None)) as raw:
            raw.execute("PRAGMA secure_delete = ON")
            guards = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            raw.execute("BEGIN")
            for guard, _ in guards:
                raw.execute(f'DROP TRIGGER "{guard}"')
            raw.execute("DELETE FROM log WHERE learner IN (SELECT id FROM learners WHERE name = ?)", (name,))
            raw.execute("DELETE FROM learners WHERE name = ?", (name,))
            for _, statement in guards:
                raw.execute(statement)
            raw.execute("COMMIT")
            raw.execute("VACUUM")
        part.replace(copy)
        return True
    except sqlite3.Error:
        return False
    finally:
        for left in copy.parent.glob(f"{part.name}*"):
            left.unlink(missing_ok=True)


def _replies(cache: Path) -> Iterator[str]:
    """What a model said is kept by question, not by learner, so all of it goes; it is a cache."""
    found = [path for path in cache.glob("replies.db*") if path.is_file()]
    for path in found:
        path.unlink()
    if found:
        yield "The kept replies of the language model are gone."


def _usage(path: Path, name: str, last: bool) -> Iterator[str]:
    if not path.is_file():
        return
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    kept = [] if last else [line for line in lines if not _of(line, name)]
    if len(kept) == len(lines):
        return
    part = path.with_name(f".{path.name}.part")
    part.write_text("".join(kept), encoding="utf-8")
    part.replace(path)
    yield f"{len(lines) - len(kept)} lines of usage are gone."


def _of(line: str, name: str) -> bool:
    try:
        return bool(json.loads(line).get("learner") == name)
    except (ValueError, AttributeError):
        return False


def _last(settings: Settings) -> Iterator[str]:
    import platformdirs

    shutil.rmtree(settings.data_dir / "index", ignore_errors=True)
    shutil.rmtree(settings.data_dir / "imports", ignore_errors=True)
    (Path(platformdirs.user_log_dir("flashcard-tutor")) / "tutor-fault.txt").unlink(missing_ok=True)
    yield "She was the last learner: the search index and what imports replaced are gone too."
    if (settings.data_dir / "decks").is_dir():
        yield f"Imported decks stay in {settings.data_dir / 'decks'}; delete that folder if they should go."
