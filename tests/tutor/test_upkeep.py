"""The commands that look after data, as they are typed."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.postgres import new_database
from tutor.config import load_settings
from tutor.learner import Store

Call = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def tutor(home: Path) -> Call:
    def call(*arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tutor.cli", *arguments]
        env = {**os.environ, **environment}
        return subprocess.run(
            command, input=stdin, capture_output=True, text=True, timeout=60, cwd=home, env=env, check=False
        )

    return call


@pytest.fixture
def database(home: Path) -> Path:
    settings = load_settings()
    with Store.open(settings.store.url) as store:
        for place in range(30):
            body = {"role": "learner", "text": f"said {place}"}
            store.learner().record("said", id=f"{place}", at=datetime.now(UTC), body=body)
    return settings.data_dir / "tutor.db"


def test_damaged_history_is_repaired_after_a_yes(tutor: Call, database: Path) -> None:
    data = database.read_bytes()
    database.write_bytes(data.replace(b"said 20", b"sold 20"))
    shown = tutor("doctor", "--repair", stdin="n\n")
    assert "29 rows can be put together" in shown.stdout
    assert shown.returncode == 130
    assert b"sold 20" in database.read_bytes()
    done = tutor("doctor", "--repair", "--yes")
    assert done.returncode == 0, done.stderr
    assert "is whole again" in done.stdout
    assert "Nothing is wrong" in tutor("doctor", "--repair").stdout


def test_everything_is_taken_out_and_the_learner_erased(tutor: Call, database: Path, home: Path) -> None:
    assert tutor("export", "--all", "--to", "out").returncode == 0
    assert "said 20" in (home / "out" / "conversations.jsonl").read_text()
    assert tutor("erase", "me", stdin="n\n").returncode == 130
    assert b"said 20" in database.read_bytes()
    done = tutor("erase", "me", "--yes")
    assert done.returncode == 0, done.stderr
    assert b"said 20" not in database.read_bytes()
    missing = tutor("erase", "me", "--yes")
    assert (missing.returncode, missing.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize("arguments", [(), ("--all",), ("rocks", "--all", "--to", "x"), ("rocks",)])
def test_export_says_what_it_needs(tutor: Call, arguments: tuple[str, ...]) -> None:
    done = tutor("export", *arguments)
    assert done.returncode == 2
    assert "tutor export DECK --to FILE" in done.stderr


def test_nothing_to_take_back_is_said(tutor: Call) -> None:
    assert tutor("undo").stdout == "There is nothing to take back.\n"


def test_on_a_database_server_its_own_tools_are_named(tutor: Call, cluster: str, home: Path) -> None:
    url = new_database(cluster)
    (home / "tutor.toml").write_text(f'[store]\nurl = "{url}"\n[embeddings]\nuse = "none"\n')
    for command in (("backup",), ("restore", "x.db"), ("doctor", "--repair")):
        done = tutor(*command)
        assert (done.returncode, "pg_dump" in done.stderr) == (3, True), done.stderr
    with Store.open(url) as store:
        store.learner().record("said", id="1", at=datetime.now(UTC), body={"role": "learner", "text": "kept"})
    examined = tutor("doctor")
    assert "pg_dump" in examined.stdout
    assert tutor("export", "--all", "--to", "out").returncode == 0
    assert "kept" in (home / "out" / "log.jsonl").read_text()
    done = tutor("erase", "me", "--yes")
    assert "server made still hold her" in done.stdout, done.stderr


def test_package_that_is_missing_for_an_address_is_named(tutor: Call, home: Path) -> None:
    (home / "tutor.toml").write_text('[store]\nurl = "mysql+pymysql://x@localhost/y"\n')
    done = tutor("due")
    assert done.returncode == 3
    assert "needs the package pymysql" in done.stderr
