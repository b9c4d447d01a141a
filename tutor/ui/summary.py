"""What a sitting came to, read from the log: what went well, which points to look at again, what comes back when."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING

from tutor.points import point_records
from tutor.ui.markup import inline

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from corpus.card import Card
    from tutor.learner import Learner
    from tutor.ui.words import Words

__all__ = ["summary_html"]

MOST = 5


def summary_html(learner: Learner, cards: Sequence[Card], began: datetime, words: Words) -> str:
    """Lists of the sitting that `began` then; nothing where no card was rated in it."""
    reviews = [review for review in learner.history.reviews(crammed=True) if review.at >= began]
    known = {card.id: card for card in cards}
    seen = [known[id] for id in dict.fromkeys(review.card for review in reviews) if id in known]
    last = {review.card: review for review in reviews}
    well = [_line(card.question) for card in seen if last[card.id].verdict == "correct"]
    rows = [row for row in learner.rows(kinds=("grade", "ticks")) if row.at >= began]
    missed = [one for one in point_records(rows).values() if one.missed_last and one.card in last]
    again = [
        f"{_line(card.question)} – {' · '.join(one.text for one in missed if one.card == card.id)}"
        for card in seen
        if any(one.card == card.id for one in missed)
    ]
    back = _back((learner.history.memory(card.id).due for card in seen), words)
    lists = ((words.went_well, well), (words.look_again, again), (words.comes_back, back))
    return "".join(_listed(title, lines[:MOST]) for title, lines in lists if lines)


def _listed(title: str, lines: Sequence[str]) -> str:
    rows = "".join(f'<li dir="auto">{inline(line)}</li>' for line in lines)
    return f'<section class="sum"><h3>{escape(title)}</h3><ul>{rows}</ul></section>'


def _back(dues: Iterable[datetime], words: Words) -> list[str]:
    today = datetime.now(UTC).astimezone().date()
    days = Counter(max(0, (due.astimezone().date() - today).days) for due in dues)
    names = {0: words.today, 1: words.tomorrow}
    return [
        words.back_line.format(when=names.get(day, words.in_days.format(days=day)), count=days[day])
        for day in sorted(days)
    ]


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 120 else f"{line[:119]}…"
