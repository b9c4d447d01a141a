import subprocess
import sys
from pathlib import Path

OWN = """
from evals.subject import Answer, Scripted

def test_it(run_suite):
    run = run_suite("retrieval", subject=Scripted(lambda case: Answer(answerable=False)), limit=4)
    assert run.counts["scored"] == 4
"""


def _pytest(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    plain = ("-p", "no:cacheprovider", "-q", "-W", "error", "--rootdir", str(folder))
    return subprocess.run(
        [sys.executable, "-m", "pytest", *plain, *words], cwd=folder, capture_output=True, text=True, check=False
    )


def test_a_suite_is_a_test_of_ones_own_project_by_fixture_and_by_option(home: Path, indexed: Path) -> None:
    (home / "test_own.py").write_text(OWN)
    words = ("--tutor-suite", "grading", "--tutor-limit", "3", "--tutor-at-least", "0.05", ".")
    done = _pytest(home, *words)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_a_suite_that_falls_short_fails_with_the_reasons_of_its_gate(home: Path, indexed: Path) -> None:
    (home / "empty").mkdir()
    words = ("--tutor-suite", "grading", "--tutor-limit", "3", "--tutor-at-least", "1.0", "empty")
    done = _pytest(home, *words)
    assert done.returncode == 1
    assert "agreement is" in done.stdout
    assert "Traceback" not in done.stdout
