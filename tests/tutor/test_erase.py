import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tutor.backup import backup, listed
from tutor.config import load_settings
from tutor.database import look_at
from tutor.erase import erase
from tutor.errors import NotFoundError
from tutor.learner import Store
from tutor.names import Names
from tutor.replies import KeptReplies
from tutor.settings import Settings

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECRET = "unforgettable-answer"


@pytest.fixture
def settings(home: Path) -> Settings:
    settings = load_settings()
    with Store.open(settings.store.url) as store:
        for place in range(300):
            for name in ("ann", "bo"):
                body = {"role": "learner", "text": f"{name}'s {SECRET} {place}"}
                store.learner(name).record("said", id=f"{name}-{place}", at=NOW + timedelta(seconds=place), body=body)
    for day in range(3):
        backup(settings.data_dir / "tutor.db", settings.data_dir / "backups", NOW + timedelta(days=day))
    replies = KeptReplies(settings.cache_dir / "replies.db")
    replies["x"] = f"ann's {SECRET}"
    replies.close()
    lines = [json.dumps({"at": "2026-03-02T12:00:00", "learner": name}) + "\n" for name in ("ann", "bo")]
    (settings.data_dir / "usage.jsonl").write_text("".join(lines))
    return settings


def told(settings: Settings) -> Iterator[str]:
    """Whose words stand in the bytes of any file of the data and cache folders."""
    for folder in (settings.data_dir, settings.cache_dir):
        for path in folder.rglob("*"):
            for name in ("ann", "bo"):
                if path.is_file() and f"{name}'s {SECRET}".encode() in path.read_bytes():
                    yield f"{name} in {path.name}"


def test_no_byte_of_an_erased_learner_is_left_and_the_other_one_keeps_all(settings: Settings) -> None:
    assert any(found.startswith("ann") for found in told(settings))
    said = list(erase(settings, "ann"))
    assert said[0] == "300 rows of ann are gone from the database."
    assert not [found for found in told(settings) if found.startswith("ann")]
    with Store.open(settings.store.url) as store:
        assert store.learners() == ("bo",)
        assert len(store.learner("bo").rows()) == 300
        assert store.check() == ()
    copies = listed(settings.data_dir / "backups")
    assert len(copies) == 3
    for copy, _ in copies:
        with Store.open(f"sqlite:///{copy}", read_only=True) as store:
            assert len(store.learner("bo").rows()) == 300
            assert store.check() == ()
    assert "ann" not in (settings.data_dir / "usage.jsonl").read_text()


def test_backups_of_an_older_version_are_cleaned_too(settings: Settings) -> None:
    old = settings.data_dir / "backups" / "tutor-20260101T000000.db"
    shutil.copyfile(Path(__file__).parent / "released" / "schema1.db", old)
    list(erase(settings, "ann"))
    assert look_at(old) == 1
    with closing(sqlite3.connect(old)) as raw:
        assert raw.execute("SELECT name FROM learners").fetchall() == [("bo",)]
    assert b"ann-1" not in old.read_bytes()


def test_copies_that_nobody_can_read_are_removed(settings: Settings) -> None:
    (settings.data_dir / "backups" / "tutor-20260101T000000.db").write_bytes(f"ann's {SECRET}".encode() * 400)
    (settings.data_dir / "tutor-damaged-20260101T000000.db").write_bytes(f"ann's {SECRET}".encode() * 400)
    assert "3 backups were written anew without her, 2 were removed." in list(erase(settings, "ann"))
    assert not [found for found in told(settings) if found.startswith("ann")]


def test_with_the_last_learner_index_and_backups_go_too(settings: Settings) -> None:
    (settings.data_dir / "index").mkdir()
    (settings.data_dir / "index" / "vectors").write_text("x")
    list(erase(settings, "ann"))
    assert (settings.data_dir / "index").exists()
    list(erase(settings, "bo"))
    assert not list(told(settings))
    assert not (settings.data_dir / "index").exists()
    assert not listed(settings.data_dir / "backups")


def test_erased_learner_may_no_longer_sign_in(settings: Settings) -> None:
    names = Names(settings.data_dir / "names")
    for name in ("ann", "bo"):
        names.add(name, "a long password")
    assert "ann may no longer sign in." in list(erase(settings, "ann"))
    assert set(Names(names.path).hashes()) == {"bo"}


def test_learner_that_is_not_there_is_named(settings: Settings) -> None:
    with pytest.raises(NotFoundError, match="there are: ann, bo"):
        list(erase(settings, "cy"))
