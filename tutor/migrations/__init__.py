"""The database schema as numbered steps; a step that was once released is never edited, only followed by another.

Runs nothing: `tutor.learner` runs each missing step in a transaction of its own.
"""

from dataclasses import dataclass

from tutor.migrations import m001_log

__all__ = ["LATEST", "STEPS", "Step"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step: its number, and its statements for each kind of database ("sqlite", "postgresql")."""

    number: int
    statements: dict[str, tuple[str, ...]]


STEPS: tuple[Step, ...] = (Step(number=1, statements=m001_log.STATEMENTS),)
LATEST = STEPS[-1].number
