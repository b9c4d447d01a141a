"""Makes the database of one released version: run by that version, `python make.py schema1.db`, and kept for ever.

Two learners who studied a little, at fixed times, so that the same version makes the same rows again.
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tutor.learner import Store
from tutor.schedule import Review

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def study(store: Store, name: str, value: int) -> None:
    learner, ask, card = store.learner(name), f"{name}-1", "0123456789ab"
    learner.record("ask", id=ask, at=START, card=card, body={"why": "New to you.", "cram": False})
    learner.record("hint", id=f"{ask}-h", at=START + timedelta(seconds=9), card=card, ask=ask,
                   body={"level": 1, "text": "Look in Birds.", "point": ""})  # fmt: skip
    learner.commit_answer(id=f"{ask}-a", at=START + timedelta(seconds=20), card=card, ask=ask, text=f"nectar — {name}")
    learner.record("said", id=f"{ask}-s", at=START + timedelta(seconds=25), card=card, ask=ask,
                   body={"role": "learner", "text": "why nectar?"})  # fmt: skip
    review = Review(id=f"{ask}-r", card=card, at=START + timedelta(seconds=30), value=value, fsrs=3, verdict="partial")
    learner.record_review(review, ask=ask)


if __name__ == "__main__":
    path = Path(sys.argv[1])
    with Store.open(f"sqlite:///{path}") as opened:
        study(opened, "ann", 4)
        study(opened, "bo", 2)
