"""Study in another program: it enters the log once, memories start from it, and it is nobody's rating to take back."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from corpus.card import Deck, Review
from corpus.read import read_deck
from tests.corpus.read.packages import Maker, Notes
from tutor import load_settings, open_tutor
from tutor import session as s
from tutor.config import Settings
from tutor.learner import Learner, Store
from tutor.past import new_past

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def revlog(*rows: tuple[int, datetime, int], kind: int = 1, factor: int = 2500) -> str:
    """SQL for reviews as (card, when, button)."""
    values = (
        f"({round(when.timestamp() * 1000)}, {card}, 0, {button}, 0, 0, {factor}, 4000, {kind})"
        for card, when, button in rows
    )
    return f"INSERT INTO revlog VALUES {', '.join(values)};"


def days(*after: int) -> list[datetime]:
    return [datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=day) for day in after]


BIRDS = Notes(rows=[(["What do owls eat?", "mice"], [0]), (["What do kites eat?", "voles"], [0])])


@pytest.fixture
def settings(home: Path) -> Settings:
    found = load_settings(environ={"XDG_DATA_HOME": str(home / "data")})
    return found.model_copy(update={"embeddings": found.embeddings.model_copy(update={"use": "none"})})


def test_imported_reviews_make_memories_and_count_in_the_stats(settings: Settings, tmp_path: Path) -> None:
    path = Maker(tmp_path)(BIRDS, sql=revlog(*((10, day, 3) for day in days(0, 1, 5, 15))))
    with open_tutor(settings) as tutor:
        tutor.import_decks([path])
        memories = tutor.learner().memories(tutor.cards)
        owl, kite = (memories[card.id] for card in tutor.cards)
        assert (owl.reviews, owl.state, owl.last_review) == (4, "review", days(15)[0])
        assert owl.due > days(20)[0]
        assert kite.state == "new"
        facts = tutor.stats()
        assert (facts["reviews"], facts["learned"], facts["new"]) == (4, 1, 1)
        assert facts["minutes"] == 0.3
        assert len(facts["retention_by_week"]) == 2
        assert all(review.imported for review in tutor.learner().reviews())


def test_import_again_adds_nothing_and_a_longer_log_only_what_is_new(settings: Settings, tmp_path: Path) -> None:
    make = Maker(tmp_path)
    with open_tutor(settings) as tutor:
        for after, count in (((0, 1), 2), ((0, 1), 2), ((0, 1, 5), 3)):
            path = make(BIRDS, sql=revlog(*((10, day, 3) for day in days(*after))))
            tutor.import_decks([path])
            assert len(tutor.learner().reviews()) == count
        assert len(tutor.learner().rows(kinds=("imported",))) == 2
        assert tutor.store.check() == ()
        before = tutor.learner().memories(tutor.cards)
    with open_tutor(settings) as tutor:
        assert tutor.learner().memories(tutor.cards) == before


def test_own_rating_is_what_undo_takes_back_and_imported_ones_stay(settings: Settings, tmp_path: Path) -> None:
    path = Maker(tmp_path)(BIRDS, sql=revlog(*((10, day, 3) for day in days(0, 1, 5))))
    with open_tutor(settings) as tutor:
        tutor.import_decks([path])
        session = tutor.session()
        assert s.Undo not in session.allowed
        list(session.act(s.Next()))
        list(session.act(s.DontKnow()))
        list(session.act(s.Rate(1)))
        assert len(tutor.learner().reviews()) == 4
        list(session.act(s.Undo()))
        assert len(tutor.learner().reviews()) == 3


def test_import_without_history_starts_afresh(settings: Settings, tmp_path: Path) -> None:
    path = Maker(tmp_path)(BIRDS, sql=revlog((10, days(0)[0], 3)))
    with open_tutor(settings) as tutor:
        tutor.import_decks([path], history=False)
        assert tutor.learner().reviews() == ()


def test_named_deck_brings_its_history_once(settings: Settings, tmp_path: Path) -> None:
    path = Maker(tmp_path)(BIRDS, sql=revlog((10, days(0)[0], 3)))
    for _ in range(2):
        with open_tutor(settings, decks=[path]) as tutor:
            tutor.take_past()
            assert len(tutor.learner().reviews()) == 1


def test_import_that_is_taken_back_takes_its_history_and_may_come_again(settings: Settings, tmp_path: Path) -> None:
    path = Maker(tmp_path)(BIRDS, sql=revlog((10, days(0)[0], 3)))
    with open_tutor(settings) as tutor:
        tutor.import_decks([path])
        tutor.undo_import(tutor.batches.all()[0])
        assert tutor.learner().reviews() == ()
        tutor.import_decks([path])
        assert len(tutor.learner().reviews()) == 1


def test_reviews_before_and_after_own_ones_fall_into_their_place(store: Store) -> None:
    learner: Learner = store.learner()
    early, middle, late = days(0, 3, 9)
    body = {"value": 5, "fsrs": 4, "hints": 0, "verdict": "correct", "score": 1.0, "seconds": 2.0}
    learner.record("review", id="own", at=middle, card="a", ask="x", body=body)
    deck = Deck(name="D", path="d", format="x", cards=(), reviews=(past("a", early), past("a", late)))
    assert learner.history.memory("a").reviews == 1
    learner.record("imported", id="i", at=NOW, body={"reviews": new_past(learner.reviews, [deck], NOW)})
    assert [review.at for review in learner.reviews("a")] == [early, middle, late]
    assert learner.history.memory("a").reviews == 3
    assert new_past(learner.reviews, [deck], NOW) == {}


def past(card: str, when: datetime) -> Review:
    return Review(card=card, when=when, button=3, seconds=4.0)


def test_review_of_the_future_is_no_review(store: Store) -> None:
    deck = Deck(name="D", path="d", format="x", cards=(), reviews=(past("a", NOW + timedelta(days=1)),))
    assert new_past(store.learner().reviews, [deck], NOW) == {}


def test_practice_in_a_filtered_deck_is_no_review(tmp_path: Path) -> None:
    path = Maker(tmp_path)(BIRDS, sql=revlog((10, days(0)[0], 3), kind=3, factor=0))
    assert read_deck(path).reviews == ()
