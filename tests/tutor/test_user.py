"""`tutor user` in a process of its own: a password from standard input, a file that nobody else may read."""

import os
import stat
import subprocess
import sys
from pathlib import Path


def tutor(home: Path, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tutor.cli", *arguments]
    return subprocess.run(command, cwd=home, input=typed, capture_output=True, text=True, timeout=60, check=False)


def test_learners_are_added_listed_and_removed(home: Path) -> None:
    (home / "tutor.toml").write_text('[server]\nauth = "names"\n')
    assert tutor(home, "user", "add", "ada", typed="correct horse\n").stdout == "ada may sign in.\n"
    assert tutor(home, "user", "add", "ada", typed="another horse\n").stdout == "ada has a new password.\n"
    text = (home / "names").read_text()
    assert text.startswith("ada:$argon2id$")
    assert "horse" not in text
    assert os.name != "posix" or stat.S_IMODE((home / "names").stat().st_mode) == 0o600
    assert tutor(home, "user", "list", "--json").stdout == '{"name": "ada"}\n'
    assert tutor(home, "user", "remove", "ada").returncode == 0
    gone = tutor(home, "user", "remove", "ada")
    assert (gone.returncode, "tutor user list" in gone.stderr) == (2, True)


def test_listening_to_others_without_names_is_wrong_configuration(home: Path) -> None:
    told = tutor(home, "chat", "--host", "0.0.0.0", "--port", "0")
    assert told.returncode == 2
    assert len(told.stderr.splitlines()) == 1
    assert "tutor user add" in told.stderr


def test_short_password_is_refused_in_one_line(home: Path) -> None:
    told = tutor(home, "user", "add", "ada", typed="short\n")
    assert (told.returncode, len(told.stderr.splitlines())) == (2, 1)
