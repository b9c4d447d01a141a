"""The tutor: grades, hints, explains, schedules and converses. Showing it is for `tutor.ui` and `tutor.cli`.

Names are loaded when first used, so that importing this package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tutor.assemble import Tutor, open_tutor
    from tutor.config import load_settings
    from tutor.errors import ConfigError, ModelError, NotFoundError, StoreError, TutorError
    from tutor.explain import Citation, Notice, Reply, Said
    from tutor.grade import Grade, PointGrade
    from tutor.hint import Hint
    from tutor.history import Progress
    from tutor.schedule import Memory, Review
    from tutor.session import Session
    from tutor.settings import Profile, Settings

_HOMES = {
    "Citation": "explain",
    "ConfigError": "errors",
    "Grade": "grade",
    "Hint": "hint",
    "Memory": "schedule",
    "ModelError": "errors",
    "NotFoundError": "errors",
    "Notice": "explain",
    "PointGrade": "grade",
    "Profile": "settings",
    "Progress": "history",
    "Reply": "explain",
    "Review": "schedule",
    "Said": "explain",
    "Session": "session",
    "Settings": "settings",
    "StoreError": "errors",
    "Tutor": "assemble",
    "TutorError": "errors",
    "load_settings": "config",
    "open_tutor": "assemble",
}

__all__ = [
    "Citation",
    "ConfigError",
    "Grade",
    "Hint",
    "Memory",
    "ModelError",
    "NotFoundError",
    "Notice",
    "PointGrade",
    "Profile",
    "Progress",
    "Reply",
    "Review",
    "Said",
    "Session",
    "Settings",
    "StoreError",
    "Tutor",
    "TutorError",
    "load_settings",
    "open_tutor",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"tutor.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'tutor' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
