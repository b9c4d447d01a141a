from pathlib import Path

import pytest

from corpus.read import read_decks
from tutor.audit import Rate, audit
from tutor.grade import Grader
from tutor.match import Matcher


def test_a_rate_tells_its_interval() -> None:
    rate = Rate(name="Hits", hits=0, total=100)
    assert rate.interval == pytest.approx((0.0, 0.037), abs=0.001)
    assert str(Rate(name="Hits", hits=9, total=10)) == "Hits: 9 of 10 (90%, 60 to 98%)"
    assert Rate(name="Hits", hits=0, total=0).interval == (0.0, 1.0)


def test_a_deck_is_audited_in_plain_words(bundled: tuple[Path, ...]) -> None:
    cards = [card for deck in read_decks(bundled[-1:]) for card in deck.cards][:30]
    steps: list[tuple[int, int]] = []
    found = audit(cards, Grader(Matcher(None)), progress=lambda done, total: steps.append((done, total)))
    assert found.cards == 30
    assert found.answers == len(steps) == steps[-1][1]
    assert found.ordered.hits == 0
    assert found.accepted.share > 0.9
    assert "made answers to 30 cards" in found.text
    assert len(found.text.splitlines()) >= 8
