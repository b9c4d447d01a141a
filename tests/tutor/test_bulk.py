"""Many answers at once: the grades that one process gives, in order, whatever becomes of the others."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from corpus.minilm import MiniLM
from evals.case import GradingCase
from evals.suite import load_suite
from tutor import load_settings
from tutor.bulk import grade_all
from tutor.config import Settings
from tutor.grade import Grade, Grader
from tutor.match import Matcher

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are looked for in /proc")

LEFT = """
import sys, time
from pathlib import Path
from tutor import load_settings
from tutor.bulk import grade_all
from tutor.grade import Grader
from tutor.match import Matcher
if __name__ == "__main__":
    settings = load_settings(environ={}).model_copy(update={"cache_dir": Path(sys.argv[1])})
    case = {"question": "Why?", "reference": "Because water boils.", "answer": "since it is hot"}
    for _ in grade_all(settings, Grader(Matcher(None)), [case] * 128, enough=1):
        print("graded", flush=True)
        time.sleep(60)
"""


@pytest.fixture
def settings(home: Path, shared_cache: Path) -> Settings:
    return load_settings(environ={"HOME": str(home)}).model_copy(update={"cache_dir": shared_cache})


@pytest.fixture(scope="module")
def cases() -> list[dict[str, Any]]:
    found = [case for case in load_suite("grading").select(limit=12).cases if isinstance(case, GradingCase)]
    return [{"question": one.question, "reference": one.reference, "answer": one.answer} for one in found] * 8


def untimed(grades: list[Grade]) -> list[Grade]:
    """Without what differs from run to run: the seconds, and the last digits of what another batch embeds."""
    return [replace(grade, seconds=0.0, score=round(grade.score, 2), key_points=()) for grade in grades]


def graders(of: int) -> set[int]:
    """The processes that this one started to grade; Python's keeper of shared resources is another child of it."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            command = stat.with_name("cmdline").read_bytes()
            if int(stat.read_text().rpartition(")")[2].split()[1]) == of and b"spawn_main" in command:
                found.add(int(stat.parent.name))
        except (OSError, ValueError):
            continue
    return found


def test_grades_are_those_of_one_process_in_order(settings: Settings, cases: list[dict[str, Any]]) -> None:
    grader = Grader(Matcher(MiniLM.load(settings.cache_dir)), limit=1 - settings.study.settle)
    alone = untimed(list(grader.grade_many(cases)))
    assert untimed(list(grade_all(settings, grader, cases, enough=10))) == alone
    assert len({grade.verdict for grade in alone}) > 1


def test_process_that_dies_takes_no_answer_with_it(settings: Settings, cases: list[dict[str, Any]]) -> None:
    given = grade_all(settings, Grader(Matcher(None)), cases * 4, enough=10)
    first = next(given)
    for one in graders(os.getpid()):
        os.kill(one, signal.SIGKILL)
    assert len([first, *given]) == 4 * len(cases)


def test_processes_end_with_the_one_that_started_them(tmp_path: Path, shared_cache: Path) -> None:
    script = tmp_path / "left.py"
    script.write_text(LEFT)
    asked = subprocess.Popen([sys.executable, str(script), str(shared_cache)], stdout=subprocess.PIPE, text=True)
    assert asked.stdout is not None
    with asked.stdout:
        assert asked.stdout.readline() == "graded\n"
        started = graders(asked.pid)
        asked.kill()
        asked.wait()
    assert started
    until = time.monotonic() + 30
    while any(Path(f"/proc/{one}").exists() for one in started) and time.monotonic() < until:
        time.sleep(0.1)
    assert not any(Path(f"/proc/{one}").exists() for one in started)
