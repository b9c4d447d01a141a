from collections.abc import Iterator
from pathlib import Path

import pytest

from tutor import session as s
from tutor.assemble import Tutor, open_tutor
from tutor.config import load_settings
from tutor.undo import undo

MANY = 35


@pytest.fixture
def tutor(home: Path) -> Iterator[Tutor]:
    deck = home / "numbers.tsv"
    deck.write_text("".join(f"Who was king number {n} of the hill?\tThe {n}th answer of all\n" for n in range(MANY)))
    (home / "tutor.toml").write_text('[embeddings]\nuse = "none"\n[study]\nnew_per_day = 100\n')
    with open_tutor(load_settings()) as opened:
        opened.import_decks([deck])
        yield opened


def study(session: s.Session, cards: int) -> list[str]:
    """Rate so many cards; which they were."""
    done = []
    for _ in range(cards):
        (asked,) = [event for event in session.act(s.Next()) if isinstance(event, s.Asked)]
        done.append(asked.card.id)
        for move in (s.DontKnow(), s.Rate(1)):
            list(session.act(move))
    return done


def test_thirty_ratings_in_a_row_are_taken_back_in_the_session(tutor: Tutor) -> None:
    session, log = tutor.session(), tutor.learner()
    rated = study(session, 32)
    for back in range(1, 31):
        (undone,) = [event for event in session.act(s.Undo()) if isinstance(event, s.Undone)]
        assert undone.card.id == rated[-back]
        assert len(log.reviews()) == 32 - back
    (refused,) = session.act(s.Undo())
    assert isinstance(refused, s.Refused)
    assert [review.card for review in log.reviews()] == rated[:2]
    assert len(log.rows(kinds=("review",))) == 32, "nothing is deleted from the log"
    assert tutor.store.check() == ()
    list(session.act(s.Rate(4)))
    assert [review.card for review in log.reviews()] == rated[:3], "her answer is still there to be rated"


def test_last_things_are_taken_back_newest_first_and_named(tutor: Tutor) -> None:
    rated = study(tutor.session(), 2)
    said = list(undo(tutor, count=9))
    assert said == [
        *(f'the rating of "{question}"' for question in reversed([_question(card) for card in rated])),
        "import of numbers.tsv",
    ]
    assert tutor.learner().reviews() == ()
    assert len(tutor.decks) == 5, "the bundled decks are back"
    assert list(undo(tutor)) == []


def _question(card: str) -> str:
    from corpus.card import card_id

    names = [f"Who was king number {n} of the hill?" for n in range(MANY)]
    return next(name for name in names if card_id(name) == card)
