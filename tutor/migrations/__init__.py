"""The database schema as numbered steps; a step that was once released is never edited, only followed by another.

Runs nothing: `tutor.database` runs each missing step in a transaction of its own.
"""

from dataclasses import dataclass

from tutor.migrations import m001_log, m002_kept

__all__ = ["LATEST", "READABLE", "STEPS", "Step"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step: its number, and its statements for each kind of database ("sqlite", "postgresql")."""

    number: int
    statements: dict[str, tuple[str, ...]]


STEPS: tuple[Step, ...] = (
    Step(number=1, statements=m001_log.STATEMENTS),
    Step(number=2, statements=m002_kept.STATEMENTS),
)
LATEST = STEPS[-1].number
READABLE = 1
"""The oldest schema that a reading command understands as it is, with no step run."""
