from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutor.schedule import Memory, Review, Scheduler, clamp_retention, fsrs_rating, preset

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def grade(verdict: str, score: float) -> Any:
    return SimpleNamespace(verdict=verdict, score=score)


CORRECT, PARTIAL, WRONG, UNGRADED = grade("correct", 1), grade("partial", 0.5), grade("wrong", 0), grade("ungraded", 0)


def review(fsrs: int, at: datetime, **more: Any) -> Review:
    return Review(id="r", card="c", at=at, value={1: 1, 2: 2, 3: 4, 4: 5}[fsrs], fsrs=fsrs, **more)


def when_due(ratings: list[int], retention: float = 0.9) -> tuple[list[float], Memory]:
    """Each rating given when the card is due: the intervals in minutes below a day, in days from then on."""
    scheduler, memory, now, intervals = Scheduler(retention), Memory(card="c"), START, []
    for rating in ratings:
        memory = scheduler.after(memory, review(rating, now))
        minutes = (memory.due - now) / timedelta(minutes=1)
        intervals.append(minutes if minutes < 1440 else minutes / 1440)
        now = memory.due
    return intervals, memory


def test_intervals_are_these() -> None:
    """Minutes while a card is learned, then days: good all along with one lapse, and easy, easy, hard, again, good."""
    good, memory = when_due([3, 3, 3, 3, 3, 1, 3, 3])
    assert good == [10, 2, 11, 46, 163, 10, 5, 12]
    assert (memory.reviews, memory.lapses, memory.state) == (8, 1, "review")
    assert when_due([4, 4, 2, 1, 3])[0] == [8, 66, 172, 10, 5]


def test_higher_retention_asks_sooner() -> None:
    assert when_due([4], 0.97)[0][0] < when_due([4], 0.9)[0][0] < when_due([4], 0.8)[0][0]


def test_failed_card_is_learning_again_until_it_is_passed() -> None:
    assert when_due([4])[1].learned
    failed = when_due([4, 1])[1]
    assert not failed.learned
    assert failed.lapses == 1
    assert when_due([4, 1, 3])[1].learned


def test_never_reviewed_card_is_new() -> None:
    memory = Scheduler().replay([], "c")
    assert (memory.state, memory.learned, memory.retrievability(START)) == ("new", False, 0)


def test_recall_is_certain_at_first_and_ninety_percent_after_the_stability() -> None:
    memory = Scheduler().after(Memory(card="c"), review(4, START))
    assert memory.retrievability(START) == 1
    assert memory.retrievability(START + timedelta(days=memory.stability)) == pytest.approx(0.9)


def test_clock_set_back_never_makes_a_card_due_before_its_last_review() -> None:
    scheduler = Scheduler()
    memory = scheduler.replay([review(4, START), review(3, START - timedelta(days=400))], "c")
    assert memory.last_review == START
    assert memory.due >= START


def test_confidently_wrong_answer_comes_back_within_a_day() -> None:
    scheduler = Scheduler()
    known = scheduler.replay([review(4, START), review(4, START + timedelta(days=9))], "c")
    at = START + timedelta(days=60)
    unsure = Review(id="r", card="c", at=at, value=3, fsrs=2, verdict="wrong", confidence=1)
    sure = Review(id="r", card="c", at=at, value=3, fsrs=2, verdict="wrong", confidence=5)
    assert scheduler.after(known, unsure).due > at + timedelta(days=1)
    assert scheduler.after(known, sure).due <= at + timedelta(days=1)


@pytest.mark.parametrize(
    ("value", "clamped"),
    [(0.9, 0.9), (0, 0.7), (1.5, 0.99), (float("nan"), 0.9), (float("inf"), 0.9), ("high", 0.9), (-1, 0.7)],
)
def test_retention_is_clamped_to_what_fsrs_bears(value: Any, clamped: float) -> None:
    assert clamp_retention(value) == clamped
    Scheduler(value).after(Memory(card="c"), review(4, START))


def test_corrupt_parameters_fall_back_to_the_default() -> None:
    odd = Scheduler(parameters=[float("nan")] * 21).after(Memory(card="c"), review(4, START))
    assert odd == Scheduler().after(Memory(card="c"), review(4, START))


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(-500_000, 5_000_000)), max_size=12), st.floats(allow_nan=True))
def test_no_log_however_odd_makes_a_memory_that_cannot_be_used(steps: list[tuple[int, int]], retention: float) -> None:
    now, reviews = START, []
    for fsrs, minutes in steps:
        now = max(now + timedelta(minutes=minutes), datetime(1980, 1, 1, tzinfo=UTC))
        reviews.append(review(fsrs, now))
    memory = Scheduler(retention).replay(reviews, "c")
    if memory.last_review is not None:
        assert memory.due >= memory.last_review
        assert memory.stability > 0
        assert 1 <= memory.difficulty <= 10
        assert 0 < memory.retrievability(now) <= 1


def test_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Scheduler().after(Memory(card="c"), review(4, datetime(2026, 1, 1)))


def test_preset_follows_the_grade_and_hints_lower_it() -> None:
    assert [preset(CORRECT, hints) for hints in range(6)] == [5, 4, 4, 3, 3, 2]
    assert [preset(grade("correct", 0.75), hints) for hints in range(6)] == [4, 3, 3, 2, 2, 2]
    assert [preset(PARTIAL, hints) for hints in range(6)] == [3, 2, 2, 2, 2, 2]
    assert preset(grade("partial", 0.35), 0) == 2
    assert preset(UNGRADED, 0) == 3
    assert [preset(WRONG, hints) for hints in (0, 3)] == [1, 1]


def test_learner_has_the_last_word_and_the_grade_decides_between() -> None:
    table = [
        [fsrs_rating(rating, given) for rating in (1, 2, 3, 4, 5)] for given in (CORRECT, PARTIAL, WRONG, UNGRADED)
    ]
    assert table == [[1, 2, 3, 3, 4], [1, 2, 2, 3, 4], [1, 1, 2, 3, 4], [1, 2, 2, 3, 4]]


@pytest.mark.parametrize("rating", [0, 6, -1])
def test_rating_outside_one_to_five_is_refused(rating: int) -> None:
    with pytest.raises(ValueError, match="1 to 5"):
        fsrs_rating(rating, CORRECT)
