"""The Progress view: what comes back and what was done as bars, and the counts as a table, a row a deck."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from tutor.ui.markup import DELIMITERS
from tutor.ui.show import progress_html
from tutor.ui.study import QUIET, Open, Updates, deck_choices

if TYPE_CHECKING:
    from tutor.assemble import Tutor
    from tutor.learner import Progress
    from tutor.ui.sitting import Sitting
    from tutor.ui.words import Words

__all__ = ["Standing", "bars_html", "by_day", "table_html"]

DAYS = 15


def table_html(rows: Sequence[tuple[str, int, Progress]], total: Progress, words: Words) -> str:
    """A row a deck: (name, cards, progress); the last row is all decks together, each card counted once."""
    heads = (
        words.table_deck,
        words.table_cards,
        words.table_due,
        words.table_new,
        words.table_learned,
        words.table_today,
    )
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)

    def row(name: str, cards: int, progress: Progress, kind: str = "") -> str:
        numbers = (cards, progress.due, progress.new, progress.learned, progress.reviewed_today)
        cells = "".join(f"<td>{number}</td>" for number in numbers)
        return f'<tr class="{kind}"><td dir="auto">{escape(name)}</td>{cells}</tr>'

    body = "".join(row(*entry) for entry in rows)
    last = row(words.table_all, total.total, total, "all")
    table = f'<table class="plain"><thead><tr>{head}</tr></thead><tbody>{body}{last}</tbody></table>'
    return f'<div class="scroll">{table}</div>'


def bars_html(title: str, counts: Sequence[tuple[str, int]], name: str) -> str:
    """A bar for each (day, count) with the count above it; `name` is how a bar is read out."""
    most = max((count for _, count in counts), default=0) or 1
    bars = "".join(
        f'<li title="{escape(name.format(count=count, day=day))}"><span>{count or ""}</span>'
        f'<div class="column" style="height:{round(70 * count / most)}%"></div>'
        f'<span class="day">{escape(day) if place % 7 == 0 else ""}</span></li>'
        for place, (day, count) in enumerate(counts)
    )
    return f'<section class="chart"><h3>{escape(title)}</h3><ol class="bars">{bars}</ol></section>'


def by_day(moments: Iterable[datetime], first: date, days: int, today: date, words: Words) -> list[tuple[str, int]]:
    """How many of the moments fall on each of `days` days from `first`, by this machine's calendar.

    What was due before the first day counts on it.
    """
    counts = Counter(max(first, moment.astimezone().date()) for moment in moments)
    dates = [first + timedelta(days=place) for place in range(days)]
    return [(words.today if day == today else f"{day.day}.{day.month}.", counts[day]) for day in dates]


class Standing:
    """The widgets of the Progress view."""

    def __init__(self, tutor: Tutor, words: Words, state: gr.State, opened: Open) -> None:
        self.tutor = tutor
        self.words = words
        self.state = state
        self.opened = opened
        with gr.Column(elem_id="progress-view"):
            self.bar = gr.Markdown(elem_id="progress-bar", latex_delimiters=DELIMITERS)
            self.charts = gr.Markdown(elem_id="progress-charts", latex_delimiters=DELIMITERS)
            self.table = gr.Markdown(elem_id="progress-table", latex_delimiters=DELIMITERS)

    def refresh(self, sitting: Sitting | None) -> Updates:
        """Read the counts from the log anew."""
        held = self.opened(sitting)
        learner = self.tutor.learner(held.learner)
        now = datetime.now(UTC)
        total = learner.progress(self.tutor.cards, now)
        names = [name for name, _ in deck_choices(self.tutor.decks, self.words)[1:]]
        decks = zip(names, self.tutor.decks, strict=True)
        rows = [(name, len(deck.cards), learner.progress(deck.cards, now)) for name, deck in decks]
        today = now.astimezone().date()
        seen = [memory.due for memory in learner.memories(self.tutor.cards).values() if memory.reviews]
        coming = by_day(seen, today, DAYS, today, self.words)
        start = today - timedelta(days=DAYS - 1)
        done = [review.at for review in learner.reviews() if review.at.astimezone().date() >= start]
        past = by_day(done, start, DAYS, today, self.words)
        charts = bars_html(self.words.coming, coming, self.words.coming_one) + bars_html(
            self.words.past, past, self.words.past_one
        )
        return {
            self.state: held,
            self.charts: f'<div class="charts">{charts}</div>',
            self.bar: progress_html(total, self.words),
            self.table: table_html(rows, total, self.words),
        }

    def wire(self, tab: gr.Tab) -> None:
        """Read the counts whenever the view is opened."""
        limit: dict[str, Any] = {"concurrency_limit": None, **QUIET}
        tab.select(self.refresh, self.state, [self.state, self.bar, self.charts, self.table], **limit)
