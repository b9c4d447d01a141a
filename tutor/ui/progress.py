"""The Progress view: what comes back, what was done, recall, calibration, mastery and weak points, from the log alone.

Each plot with its numbers as a table and a CSV; the plots themselves are made in `tutor.ui.plot`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from tutor.ui.markup import DELIMITERS
from tutor.ui.plot import PERCENT, Share, bars, chart, shares, wilson
from tutor.ui.show import progress_html
from tutor.ui.study import QUIET, Open, Updates

if TYPE_CHECKING:
    from tutor.assemble import Tutor
    from tutor.schedule import Review
    from tutor.ui.sitting import Sitting
    from tutor.ui.words import Words

__all__ = ["Standing", "by_day", "charts"]

DAYS = 15
WEEKS = 12
TOPICS = 20


def by_day(amounts: Mapping[date, int], first: date, days: int, today: date, words: Words) -> list[tuple[str, int]]:
    """The amount of each of `days` days from `first`, by the day's short name."""
    dates = [first + timedelta(days=place) for place in range(days)]
    return [(words.today if day == today else f"{day.day}.{day.month}.", amounts.get(day, 0)) for day in dates]


def charts(facts: Mapping[str, Any], reviews: Iterable[Review], now: datetime, words: Words) -> str:
    """Every plot; `facts` is what `tutor.stats` says."""
    parts = [_coming(facts, now, words), *_done(reviews, now, words), *_recall(facts, words), _mastery(facts, words)]
    return "".join([*parts, _weakest(facts, words)])


def _coming(facts: Mapping[str, Any], now: datetime, words: Words) -> str:
    rows = [(day["day"], day["due"]) for day in facts["coming_days"]]
    today = now.astimezone().date()
    counts = by_day({date.fromisoformat(day): due for day, due in rows}, today, len(rows), today, words)
    return chart(words.coming, bars(counts, words.coming_one), "coming", rows, words)


def _done(reviews: Iterable[Review], now: datetime, words: Words) -> Iterator[str]:
    today = now.astimezone().date()
    start = today - timedelta(days=DAYS - 1)
    counts: Counter[date] = Counter()
    seconds: Counter[date] = Counter()
    for review in reviews:
        day = review.at.astimezone().date()
        if day >= start:
            counts[day] += 1
            seconds[day] += round(review.seconds)
    minutes = {day: round(total / 60) for day, total in seconds.items()}
    for title, one, name, amounts in (
        (words.past, words.past_one, "past", counts),
        (words.minutes_a_day, words.minutes_one, "minutes", minutes),
    ):
        rows = [(day.isoformat(), amounts[day]) for day in sorted(amounts)]
        yield chart(title, bars(by_day(amounts, start, DAYS, today, words), one), name, rows, words)


def _recall(facts: Mapping[str, Any], words: Words) -> Iterator[str]:
    """Two plots of shares with their intervals: recall by week, and right answers by how sure she was."""
    for title, name, told, lines in (
        (
            words.retention, "retention", words.retention_one,
            [(one["week"], one["recalled"], one["reviews"]) for one in facts["retention_by_week"][-WEEKS:]],
        ),
        (
            words.calibration, "calibration", words.calibration_one,
            [
                (words.sure_words[one["confidence"] - 1], one["correct"], one["answers"])
                for one in facts["calibration"]
            ],
        ),
    ):  # fmt: skip
        found, rows = [], []
        for label, part, whole in lines:
            low, high = wilson(part, whole)
            whole_told = told.format(
                week=label, sure=label, recalled=part, correct=part, reviews=whole, answers=whole,
                share=round(100 * part / whole), low=round(100 * low), high=round(100 * high),
            )  # fmt: skip
            found.append(Share(name=label, value=part / whole, told=whole_told, low=low, high=high))
            rows.append((label, part, whole, round(part / whole, 3), round(low, 3), round(high, 3)))
        note = f'<p class="note">{escape(words.interval_note.format(percent=PERCENT))}</p>'
        yield chart(title, shares(found) + note, name, rows, words)


def _mastery(facts: Mapping[str, Any], words: Words) -> str:
    rows = [(one["topic"], one["cards"], one["learned"], one["expected_recall"] or 0.0) for one in facts["topics"]]
    lines = [
        Share(
            name=topic,
            value=expected,
            told=words.mastery_one.format(topic=topic, share=round(100 * expected), cards=cards, learned=learned),
        )
        for topic, cards, learned, expected in rows[:TOPICS]
    ]
    return chart(words.mastery, shares(lines), "mastery", rows, words)


def _weakest(facts: Mapping[str, Any], words: Words) -> str:
    points = facts["weakest_points"]
    rows = [(" ".join(one["question"].split()), one["point"], one["asked"], one["missed"]) for one in points]
    listed = "".join(
        f'<li><a class="source" href="#card-{escape(one["card"])}"><bdi>{escape(one["point"])}</bdi></a>'
        f"<span>{escape(words.weakest_one.format(missed=one['missed'], asked=one['asked']))}</span></li>"
        for one in points
    )
    return chart(words.weakest, f'<ul class="weak">{listed}</ul>', "weakest", rows, words)


class Standing:
    """The widgets of the Progress view."""

    def __init__(self, tutor: Tutor, words: Words, state: gr.State, opened: Open) -> None:
        self.tutor = tutor
        self.words = words
        self.state = state
        self.opened = opened
        with gr.Column(elem_id="progress-view"):
            self.bar = gr.Markdown(elem_id="progress-bar", latex_delimiters=DELIMITERS)
            self.line = gr.Markdown(elem_id="progress-line")
            self.charts = gr.HTML(elem_id="progress-charts", js_on_load=None, padding=False)

    def refresh(self, sitting: Sitting | None) -> Updates:
        """Read the counts from the log anew."""
        held = self.opened(sitting)
        learner, now = self.tutor.learner(held.learner), datetime.now(UTC)
        facts = self.tutor.stats(held.learner)
        # A point of the card that waits for its answer would tell it.
        told = [one for one in facts["weakest_points"] if not held.in_play(one["card"])]
        facts = {**facts, "weakest_points": told}
        limit = self.tutor.settings.study.new_per_day
        total = learner.progress(self.tutor.cards, now, new_per_day=limit)
        line = self.words.day_streak.format(
            days=facts["days_in_a_row"], reviews=facts["reviews"], minutes=round(facts["minutes"])
        )
        return {
            self.state: held,
            self.charts: f'<div class="charts prose">{charts(facts, learner.reviews(), now, self.words)}</div>',
            self.bar: progress_html(total, self.words, held.pace()),
            self.line: f"<p>{escape(line)}</p>",
        }

    def wire(self, tab: gr.Tab) -> None:
        """Read the counts whenever the view is opened."""
        limit: dict[str, Any] = {"concurrency_limit": None, **QUIET}
        tab.select(self.refresh, self.state, [self.state, self.bar, self.line, self.charts], **limit)
