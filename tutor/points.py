"""Memory by key point: how often each point of a card was asked for in a first answer, and how often it was missed.

Reads rows of the log that it is given; what the counts are used for is decided elsewhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tutor.history import Row


@dataclass(frozen=True, kw_only=True, slots=True)
class PointRecord:
    """How often a key point was asked for in a first answer, and how often it was not made."""

    card: str
    point: str
    text: str
    asked: int
    missed: int
    missed_last: bool


def point_records(grades: Iterable[Row]) -> dict[tuple[str, str], PointRecord]:
    """What became of each key point in first answers, by card id and point id; an appeal or ticks replace a grade."""
    last_by_ask = {(row.card, row.ask): row for row in grades if not row.body.get("feedback_only")}
    records: dict[tuple[str, str], PointRecord] = {}
    for row in last_by_ask.values():
        for point in row.body["grade"]["key_points"]:
            if point["verdict"] == "unsure":
                continue
            key = (row.card, point["id"])
            before = records.get(key)
            missed = point["verdict"] != "made"
            records[key] = PointRecord(
                card=row.card,
                point=point["id"],
                text=point["text"],
                asked=(before.asked if before else 0) + 1,
                missed=(before.missed if before else 0) + missed,
                missed_last=missed,
            )
    return records
