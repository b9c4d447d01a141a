"""Thousands of answers graded without a language model: a process for each core, each with a grader of its own.

Gives what `Grader.grade_many` gives, in the same order; decides nothing about a grade.
"""

import os
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any

from corpus.cores import usable_cores
from corpus.errors import EmbeddingError
from corpus.minilm import MiniLM
from tutor.grade import Grade, Grader
from tutor.match import Matcher
from tutor.settings import Settings

__all__ = ["grade_all"]

_ENOUGH = 2_000  # answers from which on starting processes, and preparing cards in each, takes less than it saves
_PART = 64  # answers that one process is given at a time
_own: list[Grader] = []  # the grader of this process, where it is one of those


def grade_all(
    settings: Settings, grader: Grader, cases: Sequence[Mapping[str, Any]], *, enough: int = _ENOUGH
) -> Iterator[Grade]:
    """A grade for each case {question, reference, answer, key_points?}, in order.

    `grader` does it alone where a language model grades, where there are fewer than `enough`, on one core, and from
    where a process died.
    """
    cores, done = usable_cores(), 0
    if settings.grade_profile is None and len(cases) >= enough and cores > 1:
        parts = [cases[at : at + _PART] for at in range(0, len(cases), _PART)]
        given = (settings.cache_dir, grader.limit)
        pool = ProcessPoolExecutor(cores, get_context("spawn"), initializer=_begin, initargs=given)
        try:
            for grades in pool.map(_grade, parts):
                yield from grades
                done += len(grades)
        except BrokenProcessPool:
            pass  # killed, for want of memory as a rule: one process needs less
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    yield from grader.grade_many(cases[done:])


def _begin(cache: Path, limit: float) -> None:
    """Makes the grader of a process that grades; it ends when the process that asked does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the keyboard stops the one that asked
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        minilm = MiniLM.load(cache, threads=1)
    except EmbeddingError:  # the one that asked has said so
        minilm = None
    _own.append(Grader(Matcher(minilm), limit=limit))


def _end_with_parent() -> None:
    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(1)


def _grade(cases: Sequence[Mapping[str, Any]]) -> list[Grade]:
    return list(_own[0].grade_many(cases))
