"""The Progress view: what comes back, what was done, recall, calibration, mastery and weak points, from the log alone.

Gradio's own plots, each with its numbers as a table and a CSV.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from tutor.ui.markup import DELIMITERS
from tutor.ui.plot import PERCENT, numbers, wilson
from tutor.ui.show import progress_html
from tutor.ui.study import QUIET, Open, Updates
from tutor.ui.words import counted

if TYPE_CHECKING:
    from tutor.assemble import Tutor
    from tutor.schedule import Review
    from tutor.ui.sitting import Sitting
    from tutor.ui.words import Words

__all__ = ["Chart", "Standing", "by_day", "charts", "weakest_html"]

DAYS = 15
WEEKS = 12
TOPICS = 12
# Seen on light and on dark paper: what was measured, and the ends of its interval.
MEASURED, END = "#2a8c86", "#8b8f94"
BARS, LINES = ("coming", "past", "minutes", "mastery"), ("retention", "calibration")


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """What one plot shows: (x, y) or (x, y, which line) of each mark, the numbers behind them, and a note under it."""

    marks: Sequence[tuple[str, float] | tuple[str, float, str]]
    rows: Sequence[tuple[object, ...]]
    note: str = ""

    @property
    def labels(self) -> list[str]:
        """What stands along the x axis, in order."""
        return list(dict.fromkeys(mark[0] for mark in self.marks))


def by_day(amounts: Mapping[date, int], first: date, days: int, today: date, words: Words) -> list[tuple[str, int]]:
    """The amount of each of `days` days from `first`, by the day's short name."""
    dates = [first + timedelta(days=place) for place in range(days)]
    return [(words.today if day == today else f"{day.day}.{day.month}.", amounts.get(day, 0)) for day in dates]


def charts(facts: Mapping[str, Any], reviews: Iterable[Review], now: datetime, words: Words) -> dict[str, Chart]:
    """Every plot by its name; `facts` is what `tutor.stats` says."""
    weeks = [(one["week"][-3:], one["recalled"], one["reviews"]) for one in facts["retention_by_week"][-WEEKS:]]
    sure = [
        (words.sure_words[one["confidence"] - 1], one["correct"], one["answers"])
        for one in sorted(facts["calibration"], key=lambda one: one["confidence"])
    ]
    return {
        "coming": _coming(facts, now, words),
        **_done(reviews, now, words),
        "retention": _shares(weeks, words.retention_one, words),
        "calibration": _shares(sure, words.calibration_one, words),
        "mastery": _mastery(facts, words),
    }


def _coming(facts: Mapping[str, Any], now: datetime, words: Words) -> Chart:
    rows = [(day["day"], day["due"]) for day in facts["coming_days"]]
    today = now.astimezone().date()
    counts = {date.fromisoformat(day): due for day, due in rows}
    if not any(counts.values()):  # fifteen days of no cards are nothing to show
        return Chart(marks=(), rows=())
    return Chart(marks=by_day(counts, today, len(rows), today, words), rows=rows)


def _done(reviews: Iterable[Review], now: datetime, words: Words) -> dict[str, Chart]:
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
    return {
        name: Chart(
            marks=by_day(amounts, start, DAYS, today, words) if amounts else (),
            rows=[(day.isoformat(), amounts[day]) for day in sorted(amounts)],
        )
        for name, amounts in (("past", counts), ("minutes", minutes))
    }


def _shares(lines: Sequence[tuple[str, int, int]], told: str, words: Words) -> Chart:
    """Shares with their intervals: a line for them and one for each end; the last one is said in words too."""
    marks: list[tuple[str, float, str]] = []
    rows: list[tuple[object, ...]] = []
    note = ""
    for label, part, whole in lines:
        low, high = wilson(part, whole)
        share = part / whole
        marks += [(label, round(100 * y), line) for y, line in zip((share, low, high), words.lines, strict=True)]
        rows.append((label, part, whole, round(share, 3), round(low, 3), round(high, 3)))
        note = told.format(
            label=label, part=part, whole=whole, share=round(100 * share), low=round(100 * low), high=round(100 * high)
        )
    # A line needs two ends.
    interval = words.interval_note.format(percent=PERCENT)
    return Chart(marks=marks if len(lines) > 1 else (), rows=rows, note=f"{note} {interval}" if lines else "")


def _mastery(facts: Mapping[str, Any], words: Words) -> Chart:
    rows = [(one["topic"], one["cards"], one["learned"], one["expected_recall"] or 0.0) for one in facts["topics"]]
    if not any(expected for *_, expected in rows):  # nothing was reviewed yet
        return Chart(marks=(), rows=())
    marks: list[tuple[str, float]] = []
    for place, (topic, _, _, expected) in enumerate(rows[:TOPICS], start=1):
        # Long names would run into each other; the number tells two of one beginning apart.
        short = topic if len(topic) <= 16 else f"{topic[:15]}…"
        taken = short in [name for name, _ in marks]
        marks.append((f"{place} {short}" if taken else short, round(100 * expected)))
    return Chart(marks=marks, rows=rows, note=words.mastery_note)


def weakest_html(facts: Mapping[str, Any], words: Words) -> str:
    """The points that were missed most, each opening its card, with their numbers."""
    points = facts["weakest_points"]
    rows = [(" ".join(one["question"].split()), one["point"], one["asked"], one["missed"]) for one in points]
    listed = "".join(
        f'<li><a class="source" href="#card-{escape(one["card"])}"><bdi>{escape(one["point"])}</bdi></a>'
        f"<span>{escape(words.weakest_one.format(missed=one['missed'], asked=one['asked']))}</span></li>"
        for one in points
    )
    return f'<ul class="weak">{listed}</ul>{numbers("weakest", rows, words)}'


class Standing:
    """The widgets of the Progress view."""

    def __init__(self, tutor: Tutor, words: Words, state: gr.State, opened: Open) -> None:
        self.tutor = tutor
        self.words = words
        self.state = state
        self.opened = opened
        self.plots: dict[str, gr.BarPlot | gr.LinePlot] = {}
        self.numbers: dict[str, gr.HTML] = {}
        with gr.Column(elem_id="progress-view"):
            self.bar = gr.Markdown(elem_id="progress-bar", latex_delimiters=DELIMITERS)
            self.line = gr.Markdown(elem_id="progress-line")
            with gr.Column(elem_classes="charts"):
                for name in ("coming", "retention", "mastery", "calibration", "past", "minutes", "weakest"):
                    self._chart(name)

    def _chart(self, name: str) -> None:
        words = self.words
        x, y = words.csv_heads[name][0], words.y_titles.get(name, "")
        shape: dict[str, Any] = {
            "x": x, "y": y, "x_title": " ", "x_label_angle": -40, "height": 300 if name in LINES else 230,
            "container": False, "visible": False, "elem_id": f"plot-{name}", "tooltip": "all",
        }  # fmt: skip
        with gr.Column(elem_classes="chart", elem_id=f"chart-{name}", min_width=0):
            gr.Markdown(f"### {words.charts[name]}", elem_classes="title")
            if name in BARS:
                self.plots[name] = gr.BarPlot(y_lim=[0, 100 if name == "mastery" else None], **shape)
            elif name in LINES:
                colours = dict(zip(words.lines, (MEASURED, END, END), strict=True))
                self.plots[name] = gr.LinePlot(
                    y_lim=[0, 100], color=words.lines_title, color_map=colours, color_title=" ", **shape
                )
            self.numbers[name] = gr.HTML(js_on_load=None, padding=False, elem_classes="numbers")

    def _drawn(self, name: str, chart: Chart) -> Updates:
        import pandas

        columns = [self.words.csv_heads[name][0], self.words.y_titles[name], self.words.lines_title]
        frame = pandas.DataFrame(chart.marks, columns=columns[: len(chart.marks[0])]) if chart.marks else None
        note = f'<p class="note">{escape(chart.note)}</p>' if chart.note and chart.rows else ""
        return {
            self.plots[name]: gr.update(value=frame, visible=frame is not None, sort=chart.labels),
            self.numbers[name]: note + numbers(name, chart.rows, self.words),
        }

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
            days=counted(facts["days_in_a_row"], "day", self.words),
            reviews=counted(facts["reviews"], "review", self.words),
            minutes=counted(round(facts["minutes"]), "minute", self.words),
        )
        updates: Updates = {
            self.state: held,
            self.bar: progress_html(total, self.words, held.pace()),
            self.line: f"<p>{escape(line)}</p>",
            self.numbers["weakest"]: weakest_html(facts, self.words),
        }
        for name, chart in charts(facts, learner.reviews(), now, self.words).items():
            updates |= self._drawn(name, chart)
        return updates

    def wire(self, tab: gr.Tab) -> None:
        """Read the counts whenever the view is opened."""
        limit: dict[str, Any] = {"concurrency_limit": None, **QUIET}
        painted = [self.state, self.bar, self.line, *self.plots.values(), *self.numbers.values()]
        tab.select(self.refresh, self.state, painted, **limit)
