"""Threads that work together are kept on different cores, and each has its cores back afterwards."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from corpus.cores import Lane, any_core, cores, usable_cores

pytestmark = pytest.mark.skipif(len(cores()) < 2, reason="there is one core only, or threads cannot be kept on one")


def _mine() -> set[int]:
    return os.sched_getaffinity(0)


def test_caller_keeps_off_the_helpers_cores_and_has_its_own_back() -> None:
    before, lane = _mine(), Lane(cores()[1:])
    with lane.kept_off():
        assert _mine() == {cores()[0]}
        with Lane(cores()[1:]).kept_off():  # another pair of threads at work inside
            assert _mine() == {cores()[0]}
        assert _mine() == {cores()[0]}
    assert _mine() == before


def test_caller_that_fails_has_its_cores_back_and_the_next_one_is_moved() -> None:
    before, lane = _mine(), Lane(cores()[1:])

    def fail() -> None:
        with lane.kept_off():
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        fail()
    assert _mine() == before
    with lane.kept_off():
        assert _mine() == {cores()[0]}


def test_helper_stays_on_its_cores() -> None:
    lane = Lane(cores()[-1:])
    with ThreadPoolExecutor(1, initializer=lane.stay) as helper:
        assert helper.submit(_mine).result() == {cores()[-1]}
    assert len(_mine()) > 1


def test_what_a_helper_starts_may_run_everywhere() -> None:
    lane = Lane(cores()[-1:])

    def start() -> set[int]:
        with any_core():
            return _mine()

    with ThreadPoolExecutor(1, initializer=lane.stay) as helper:
        assert helper.submit(start).result() == set(cores())
        assert helper.submit(_mine).result() == {cores()[-1]}


def test_what_is_started_on_the_helpers_cores_stays_there_and_the_caller_goes_back() -> None:
    before, lane, seen = _mine(), Lane(cores()[-1:]), []
    with lane.kept_on():
        started = threading.Thread(target=lambda: seen.append(_mine()))
        started.start()
    started.join()
    assert seen == [{cores()[-1]}]
    assert _mine() == before


def test_of_several_callers_one_is_moved() -> None:
    lane, inside, seen = Lane(cores()[1:]), threading.Barrier(3), []

    def call() -> None:
        with lane.kept_off():
            inside.wait(10)
            seen.append(_mine())

    callers = [threading.Thread(target=call) for _ in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert sorted(map(len, seen)) == [1, len(cores()), len(cores())]


def test_caller_with_no_other_core_stays_where_it_is() -> None:
    before = _mine()
    for lane in (Lane(cores()), Lane(())):
        with lane.kept_off():
            assert _mine() == before
        lane_of_none = Lane({100_000})
        lane_of_none.stay()
        assert _mine() == before


def test_at_least_one_and_at_most_eight_cores_are_used() -> None:
    assert 1 <= usable_cores() <= min(8, os.cpu_count() or 1)
