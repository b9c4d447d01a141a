from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from corpus.card import Card
from tutor.desk import Desk
from tutor.hint import hint
from tutor.history import Row
from tutor.learner import Learner
from tutor.schedule import Review
from tutor.settings import StudySettings


@dataclass
class Beside:
    """An index in which the cards stand near each other as the test wants it."""

    pairs: tuple[tuple[str, str], ...] = ()
    same: tuple[tuple[str, str], ...] = ()
    cards: tuple[Card, ...] = ()

    def near(self, text: str, card: Card, *, wait: bool = False) -> Sequence[Card]:
        ids = {two for one, two in self.pairs if one == card.id}
        return [one for one in self.cards if one.id in ids]

    def twins(self, card: Card) -> Collection[str]:
        return {two for one, two in self.same if one == card.id}


def rate(learner: Learner, card: Card, at: Any, fsrs: int = 3) -> None:
    ask = f"ask {card.id} {at}"
    learner.record("ask", id=ask, at=at, card=card.id, body={"why": ""})
    learner.record_review(Review(id=f"r {ask}", card=card.id, at=at, value=4, fsrs=fsrs), ask=ask)


def desk(learner: Learner, cards: Sequence[Card], beside: Beside | None = None, **study: Any) -> Desk:
    return Desk(learner, cards, StudySettings(**study), beside or Beside())


def test_card_easily_confused_with_the_last_one_follows_it(
    learner: Learner, cards: tuple[Card, ...], clock: Any
) -> None:
    geese = cards[2]
    at_hand = desk(learner, cards, Beside(pairs=((cards[0].id, geese.id),), cards=cards))
    rate(learner, cards[0], clock())
    choice = at_hand.next(clock())
    assert choice is not None
    assert (choice.card, choice.apart) == (geese, cards[0])
    plain = desk(learner, cards).next(clock())
    assert plain is not None
    assert plain.card.deck == "Rocks"


def test_first_hint_may_name_a_card_near_it_that_she_has_learned(
    learner: Learner, cards: tuple[Card, ...], clock: Any
) -> None:
    geese, puffins = cards[2], cards[1]
    at_hand = desk(learner, cards, Beside(pairs=((geese.id, puffins.id), (geese.id, cards[0].id)), cards=cards))
    assert at_hand.known_near(geese) == []
    rate(learner, puffins, clock(), fsrs=4)
    assert at_hand.known_near(geese) == [puffins.question]
    assert (
        "You already know a card near it: “Where do puffins nest?”." in hint(geese, 1, related=[puffins.question]).text
    )


def test_cards_this_learner_confused_are_interleaved_both_ways(
    learner: Learner, cards: tuple[Card, ...], clock: Any
) -> None:
    learner.record("confused", id="c", at=clock(), card=cards[0].id, body={"other": cards[1].id})
    at_hand = desk(learner, cards)
    assert (at_hand.confusable(cards[0].id), at_hand.confusable(cards[1].id)) == ((cards[1].id,), (cards[0].id,))


def test_plain_word_lists_stay_blocked(learner: Learner, cards: tuple[Card, ...], clock: Any) -> None:
    words = [replace(cards[0], id=f"w{at}", question=f"wort {at}", answer="word", deck="Words") for at in range(4)]
    at_hand = desk(learner, [*words, *cards[3:]], Beside(pairs=(("w0", "w3"),), cards=tuple(words)))
    rate(learner, words[0], clock())
    choice = at_hand.next(clock())
    assert choice is not None
    assert (choice.card.id, choice.apart) == ("w1", None)


def test_near_duplicate_of_a_card_rated_today_waits(learner: Learner, cards: tuple[Card, ...], clock: Any) -> None:
    at_hand = desk(learner, cards[:3], Beside(same=((cards[0].id, cards[1].id),)))
    rate(learner, cards[0], clock())
    choice = at_hand.next(clock() + timedelta(seconds=9))
    assert choice is not None
    assert choice.card == cards[2]


def test_cards_of_one_note_do_not_follow_each_other(learner: Learner, cards: tuple[Card, ...], clock: Any) -> None:
    one, two, three = (replace(card, guid="n" if at < 2 else "", path="d") for at, card in enumerate(cards[:3]))
    at_hand = desk(learner, (one, two, three))
    rate(learner, one, clock())
    choice = at_hand.next(clock())
    assert choice is not None
    assert choice.card == three


def test_sitting_takes_as_many_cards_and_minutes_as_set(learner: Learner, cards: tuple[Card, ...], clock: Any) -> None:
    began = clock()
    at_hand = desk(learner, cards, cards_a_sitting=1, minutes_a_sitting=5)
    assert at_hand.spent(began, clock()) == ""
    rate(learner, cards[0], clock())
    assert at_hand.spent(began, clock()) == "These were the 1 cards of this sitting."
    assert "5 minutes" in desk(learner, cards, minutes_a_sitting=5).spent(began, clock.pass_(minutes=6))


def test_edit_made_in_another_window_is_seen(learner: Learner, cards: tuple[Card, ...], clock: Any) -> None:
    at_hand = desk(learner, cards)
    learner.record("edit", id="e", at=clock(), card=cards[0].id, body={"answer": "sugar water", "question": ""})
    at_hand.refresh()
    card = at_hand.by_id[cards[0].id]
    assert (card.id, card.question, card.answer) == (cards[0].id, cards[0].question, "sugar water")
    assert [point.text for point in card.key_points] == ["sugar water"]


def test_split_card_makes_way_for_one_of_each_of_its_points(
    learner: Learner, cards: tuple[Card, ...], clock: Any
) -> None:
    granite = cards[4]
    learner.record("split", id="s", at=clock(), card=granite.id)
    at_hand = desk(learner, [granite])
    small = [card for card in at_hand.chosen if card.id != granite.id]
    assert [card.answer for card in small] == ["quartz", "feldspar", "mica"]
    assert all(card.answer not in card.question for card in small)
    assert granite.id in learner.history.away(clock())
    choice = at_hand.next(clock())
    assert choice is not None
    assert choice.card in small
    learner.record("undo", id="u", at=clock(), card=granite.id, body={"action": "s"})
    at_hand.refresh()
    assert at_hand.cards == (granite,)


def test_rows_of_kinds_unknown_to_a_card_change_nothing(learner: Learner, cards: tuple[Card, ...], clock: Any) -> None:
    learner.history.fold(Row(id="x", at=clock(), kind="end"))
    assert desk(learner, cards).cards == cards


def test_picked_cards_come_first_each_once_due_or_not(learner: Learner, cards: tuple[Card, ...], clock: Any) -> None:
    rate(learner, cards[3], clock())
    at_hand = desk(learner, cards)
    at_hand.picked = [cards[3].id, "gone", cards[1].id]
    asked = [at_hand.next(clock()) for _ in range(2)]
    assert [choice.card for choice in asked if choice is not None] == [cards[3], cards[1]]
    assert at_hand.picked == []
    after = at_hand.next(clock())
    assert after is not None
    assert "quizzed" not in after.why


def test_putting_another_card_away_and_back_leaves_the_open_card_open(
    learner: Learner, cards: tuple[Card, ...], clock: Any
) -> None:
    learner.record("ask", id="open", at=clock(), card=cards[0].id)
    learner.record("suspend", id="away", at=clock(), card=cards[1].id, body={"reason": ""})
    learner.record("undo", id="back", at=clock(), card=cards[1].id, body={"action": "away"})
    assert learner.history.open_ask == "open"
    assert not learner.history.suspended
