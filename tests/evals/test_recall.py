from datetime import UTC, datetime, timedelta

from corpus.card import Deck
from corpus.card import Review as Past
from evals.recall import auc, compare_ways, imported, report, simulated
from tutor.schedule import Review

AT = datetime(2026, 3, 2, tzinfo=UTC)


def review(fsrs: int) -> Review:
    return Review(id="", card="c", at=AT, value=fsrs, fsrs=fsrs)


def test_auc_is_the_chance_of_the_right_order() -> None:
    assert auc([(review(1), 0.2), (review(3), 0.9)]) == 1.0
    assert auc([(review(1), 0.9), (review(3), 0.2)]) == 0.0
    assert auc([(review(1), 0.5), (review(3), 0.5)]) == 0.5
    assert auc([(review(3), 0.5)]) is None


def test_simulated_learner_is_the_same_every_time() -> None:
    assert simulated(3, cards=5, days=20) == simulated(3, cards=5, days=20)


def test_ways_are_compared_on_the_same_later_reviews() -> None:
    found = compare_ways(simulated(2, cards=50, days=90))
    assert [one.way for one in found][:2] == ["constant", "FSRS defaults"]
    assert len({one.reviews for one in found}) == 1
    assert all(one.log_loss > 0 for one in found)


def test_reviews_of_a_deck_file_are_taken_in_and_manual_ones_left_out() -> None:
    past = tuple(
        Past(card="c", when=AT + timedelta(days=day), button=button, seconds=3)
        for day, button in enumerate((1, 3, 0, 4))
    )
    deck = Deck(name="d", path="d.apkg", format="anki", cards=(), reviews=past)
    assert [one.fsrs for one in imported([deck])] == [1, 3, 4]
    assert [row["log"] for row in report([deck], ())] == ["imported", "imported"]
