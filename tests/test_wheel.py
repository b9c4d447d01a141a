"""The built wheel works from outside the tree: prompts, decks and suites lie inside it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the built wheel's contents and nothing else of ours."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist")]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=100)
    (wheel,) = (folder / "dist").glob("*.whl")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(folder / "site"),
    ]
    subprocess.run([*pip, str(wheel)], check=True, capture_output=True, timeout=100)
    return folder / "site"


def _run(installed: Path, cwd: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_decks_prompts_and_suites_are_inside(installed: Path, home: Path) -> None:
    where = _run(installed, home, "-c", "import corpus; print(corpus.__file__)")
    assert where.startswith(str(installed))
    cards = _run(installed, home, "-m", "tutor.cli", "cards", "--json").splitlines()
    assert len(cards) == 153
    assert json.loads(cards[0])["path"].startswith(str(installed))
    assert "grade" in _run(installed, home, "-c", "import prompts; print(prompts.names())")
    assert "retrieval" in _run(installed, home, "-m", "evals.cli", "list")


def test_the_installed_tutor_grades(installed: Path, home: Path) -> None:
    row = {"id": "a", "question": "What is 2 + 2?", "reference": "four", "answer": "four"}
    (home / "a.jsonl").write_text(json.dumps(row) + "\n")
    out = _run(installed, home, "-m", "tutor.cli", "grade", "--answers", "a.jsonl", "--json")
    assert json.loads(out)["verdict"] == "correct"


@pytest.mark.parametrize("script", ["tutor", "tutor-evals"])
def test_both_scripts_start(installed: Path, home: Path, script: str) -> None:
    assert f"Usage: {script}" in _run(installed, home, str(installed / "bin" / script), "--help")
