import math
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tutor.assemble import open_tutor
from tutor.config import load_settings
from tutor.learner import Learner, Store
from tutor.schedule import Review, Scheduler
from tutor.tune import Tuned, log_loss, tune

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def log() -> list[Review]:
    """A learner who has forgotten after three weeks what others keep for months, however often she saw it."""
    draw, found = random.Random(1), []
    for card in range(120):
        at = AT + timedelta(days=card / 3)
        for gap in (0, *draw.choices((1, 2, 25), k=4)):
            at += timedelta(days=gap)
            fsrs = 3 if draw.random() < {0: 1, 1: 0.97, 2: 0.95, 25: 0.3}[gap] else 1
            found.append(Review(id=f"{card} {gap}", card=f"c{card}", at=at, value=fsrs, fsrs=fsrs))
    return sorted(found, key=lambda review: review.at)


@pytest.fixture(scope="module")
def fitted(log: list[Review]) -> Tuned:
    found = tune(log, Scheduler())
    assert found is not None
    return found


def test_too_few_reviews_give_no_fit(log: list[Review]) -> None:
    assert tune(log[:100], Scheduler()) is None


def test_fit_foretells_the_later_reviews_better_than_the_defaults(fitted: Tuned) -> None:
    assert fitted.better
    assert fitted.after < fitted.before
    assert fitted.after < fitted.constant


def test_fit_that_gains_no_more_than_chance_would_is_not_better(fitted: Tuned) -> None:
    assert not replace(fitted, sure=-0.001).better
    assert not replace(fitted, sure=math.nan).better


def test_learner_who_forgets_at_random_keeps_the_defaults() -> None:
    """Whatever the days between: a constant foretells her best, so no fit of a forgetting curve is kept."""
    draw, log = random.Random(2), []
    for card in range(100):
        at = AT + timedelta(days=card / 3)
        for gap in (0, 1, 2, 4, 8):
            at += timedelta(days=gap)
            fsrs = 3 if draw.random() < 0.6 else 1
            log.append(Review(id=f"{card} {gap}", card=f"c{card}", at=at, value=fsrs, fsrs=fsrs))
    found = tune(sorted(log, key=lambda review: review.at), Scheduler())
    assert found is not None
    assert not found.better


def test_fitted_parameters_stay_within_their_bounds(fitted: Tuned) -> None:
    assert Scheduler(parameters=fitted.parameters).parameters == fitted.parameters
    assert all(math.isfinite(value) for value in fitted.parameters)


def test_fit_in_the_log_is_what_memories_are_worked_out_with(learner: Learner, store: Store, fitted: Tuned) -> None:
    learner.record("ask", id="a", at=AT, card="c")
    learner.record_review(Review(id="r", card="c", at=AT, value=5, fsrs=4), ask="a")
    before = learner.history.memory("c")
    learner.record("fit", id="f", at=AT, body={"parameters": list(fitted.parameters)})
    after = learner.history.memory("c")
    assert after.stability == Scheduler(parameters=fitted.parameters).replay(learner.reviews(), "c").stability
    assert after.stability != before.stability


@pytest.mark.parametrize("parameters", [[], [math.nan] * 21, [1.0], ["x"] * 21, [None] * 21, [1e9] * 21, [-5.0] * 21])
def test_corrupt_fit_does_no_harm(learner: Learner, parameters: Any) -> None:
    learner.record("ask", id="a", at=AT, card="c")
    learner.record_review(Review(id="r", card="c", at=AT, value=5, fsrs=4), ask="a")
    learner.history.fold(next(iter(learner.rows(kinds=("ask",)))))
    scheduler = Scheduler(math.nan).fitted(parameters)
    memory = scheduler.replay(learner.reviews(), "c")
    assert memory.due >= AT
    assert math.isfinite(memory.stability)
    assert 0 < memory.retrievability(AT + timedelta(days=3)) <= 1


def test_log_loss_of_nothing_is_no_number() -> None:
    assert math.isnan(log_loss([]))


def test_tutor_without_reviews_is_not_tuned(tmp_path: Path) -> None:
    folders = {"XDG_DATA_HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    with open_tutor(load_settings(environ=folders)) as tutor:
        assert tutor.tune() is None
        assert tutor.learner().rows(kinds=("fit",)) == ()
