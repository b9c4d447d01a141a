from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from corpus.card import Card
from tutor.history import Row, review_body
from tutor.learner import Learner
from tutor.quiz import choose, cram, next_due, same_question, to_study
from tutor.schedule import Review

Rate = Callable[[Card, int], None]


@pytest.fixture
def rate(learner: Learner, clock: Any) -> Rate:
    """Ask and rate a card now; then a second passes."""

    def rated(card: Card, fsrs: int) -> None:
        ask = f"{card.id}-{clock()}"
        review = Review(id=f"{ask}-r", card=card.id, at=clock(), value=fsrs + 1, fsrs=fsrs)
        learner.record("ask", id=ask, at=clock(), card=card.id)
        learner.record_review(review, ask=ask)
        clock.pass_(seconds=1)

    return rated


def asked(learner: Learner, cards: tuple[Card, ...], clock: Any, **more: Any) -> Card | None:
    choice = choose(cards, learner.history, clock(), **more)
    return choice.card if choice else None


def test_due_cards_come_before_new_ones(learner: Learner, cards: tuple[Card, ...], clock: Any, rate: Rate) -> None:
    rate(cards[3], 4)
    clock.pass_(days=30)
    assert asked(learner, cards, clock) == cards[3]


def test_least_remembered_due_card_comes_first(
    learner: Learner, cards: tuple[Card, ...], clock: Any, rate: Rate
) -> None:
    for card, fsrs in ((cards[0], 4), (cards[1], 3), (cards[1], 3), (cards[2], 4)):
        rate(card, fsrs)
    clock.pass_(days=60)
    memories = learner.memories(cards[:2])
    assert memories[cards[1].id].retrievability(clock()) < memories[cards[0].id].retrievability(clock())
    assert asked(learner, cards[:3], clock) == cards[1]


def test_decks_take_turns(learner: Learner, cards: tuple[Card, ...], clock: Any, rate: Rate) -> None:
    decks = []
    for _ in range(4):
        card = asked(learner, cards, clock)
        assert card is not None
        decks.append(card.deck)
        rate(card, 4)
    assert decks == ["Birds", "Rocks", "Birds", "Rocks"]


def test_same_card_never_comes_twice_in_a_row_while_another_is_there(
    learner: Learner, cards: tuple[Card, ...], clock: Any, rate: Rate
) -> None:
    last = None
    for _ in range(40):
        card = asked(learner, cards, clock, new_per_day=5)
        if card is None:
            clock.pass_(minutes=5)
            continue
        assert card != last or sum(m.due <= clock() for m in learner.memories(cards).values()) == 1
        last = card
        rate(card, 1)
        clock.pass_(minutes=2)


def test_only_so_many_new_cards_a_day(learner: Learner, cards: tuple[Card, ...], clock: Any, rate: Rate) -> None:
    for _ in range(2):
        card = asked(learner, cards, clock, new_per_day=2)
        assert card is not None
        rate(card, 4)
    assert asked(learner, cards, clock, new_per_day=2) is None
    clock.pass_(days=1)
    assert asked(learner, cards, clock, new_per_day=2) is not None


def test_card_in_its_learning_steps_comes_early_rather_than_ending_the_sitting(
    learner: Learner, cards: tuple[Card, ...], clock: Any, rate: Rate
) -> None:
    rate(cards[0], 3)
    choice = choose(cards, learner.history, clock(), new_per_day=1)
    assert choice is not None
    assert choice.card == cards[0]
    assert choice.why == "You are still learning it. You rated it 4 of 5 1 minute ago, and nothing else is waiting."


def test_skipped_card_waits_until_the_others_are_done(
    learner: Learner, cards: tuple[Card, ...], clock: Any, rate: Rate
) -> None:
    learner.record("ask", id="a", at=clock(), card=cards[0].id)
    learner.record("skip", id="s", at=clock(), card=cards[0].id, ask="a")
    seen = []
    for _ in cards:
        clock.pass_(minutes=1)
        card = asked(learner, cards, clock)
        assert card is not None
        seen.append(card)
        rate(card, 4)
    assert seen[-1] == cards[0]
    assert len(set(seen)) == 5


def test_card_put_away_comes_back_when_its_time_is_over(
    learner: Learner, cards: tuple[Card, ...], clock: Any, rate: Rate
) -> None:
    until = (clock() + timedelta(days=1)).isoformat()
    learner.record("bury", id="b", at=clock(), card=cards[0].id, body={"until": until})
    assert asked(learner, cards[:1], clock) is None
    clock.pass_(days=1, hours=1)
    assert asked(learner, cards[:1], clock) == cards[0]


def test_suspended_card_stays_away_until_it_is_brought_back(
    learner: Learner, cards: tuple[Card, ...], clock: Any
) -> None:
    learner.record("suspend", id="s", at=clock(), card=cards[0].id, body={"reason": "it is wrong"})
    clock.pass_(days=99)
    assert asked(learner, cards[:1], clock) is None
    assert learner.suspended() == {cards[0].id: "it is wrong"}
    learner.bring_back(cards[0].id, id="t", at=clock())
    assert learner.suspended() == {}
    assert asked(learner, cards[:1], clock) == cards[0]


def test_reason_is_told_from_facts(learner: Learner, cards: tuple[Card, ...], clock: Any, rate: Rate) -> None:
    new = choose(cards, learner.history, clock(), new_per_day=7)
    assert new is not None
    assert new.why == "New to you: number 1 of up to 7 new cards today."
    rate(cards[0], 4)
    clock.pass_(days=10)
    due = choose(cards[:1], learner.history, clock())
    assert due is not None
    assert (
        due.why == "Due since 2 days. You rated it 5 of 5 10 days ago; the chance that you still know it is about 89%."
    )


def twin_of(card: Card, id: str) -> Card:
    """The same question with another answer."""
    return replace(card, id=id, question=f"  {card.question.upper()}", answer="something else")


def test_cards_that_ask_the_same_are_found_without_an_index(cards: tuple[Card, ...]) -> None:
    twins = (twin_of(cards[0], "t1"), twin_of(cards[0], "t2"))
    assert same_question((*cards, *twins, cards[1])) == {
        cards[0].id: {"t1", "t2"},
        "t1": {cards[0].id, "t2"},
        "t2": {cards[0].id, "t1"},
    }


def test_card_like_one_rated_today_waits_until_the_others_are_done(
    learner: Learner, cards: tuple[Card, ...], clock: Any, rate: Rate
) -> None:
    twin = twin_of(cards[0], "t1")
    pile = (cards[0], twin, *cards[1:3])
    seen = []
    for _ in pile:
        card = asked(learner, pile, clock, alike=same_question(pile))
        assert card is not None
        seen.append(card)
        rate(card, 4)
    assert seen == [cards[0], cards[1], cards[2], twin]


def test_card_like_one_rated_today_comes_tomorrow_in_its_usual_turn(
    learner: Learner, cards: tuple[Card, ...], clock: Any, rate: Rate
) -> None:
    pile = (cards[0], twin_of(cards[0], "t1"), cards[1])
    rate(cards[0], 4)
    assert asked(learner, pile, clock, alike=same_question(pile)) == cards[1]
    clock.pass_(days=1)
    assert asked(learner, pile, clock, alike=same_question(pile)) == pile[1]


def test_card_in_its_own_learning_steps_is_not_held_back_by_one_like_it(
    learner: Learner, cards: tuple[Card, ...], clock: Any, rate: Rate
) -> None:
    pile = (cards[0], twin_of(cards[0], "t1"), cards[1])
    rate(pile[1], 4)
    rate(cards[0], 1)
    rate(cards[2], 4)
    clock.pass_(minutes=30)
    assert asked(learner, pile, clock, alike=same_question(pile)) == cards[0]


def test_near_duplicates_of_any_origin_are_held_back(
    learner: Learner, cards: tuple[Card, ...], clock: Any, rate: Rate
) -> None:
    alike = {cards[1].id: {cards[0].id}}
    rate(cards[0], 4)
    assert asked(learner, cards[:3], clock, alike=alike) == cards[2]
    assert asked(learner, cards[:2], clock, alike=alike) == cards[1]


def test_practice_takes_turns_with_cards_that_ask_the_same(
    learner: Learner, cards: tuple[Card, ...], clock: Any
) -> None:
    pile = (cards[0], twin_of(cards[0], "t1"), *cards[1:3])
    seen = []
    for turn in range(8):
        choice = cram(pile, learner.history, clock(), alike=same_question(pile))
        assert choice is not None
        seen.append(choice.card)
        review = Review(id=f"r{turn}", card=choice.card.id, at=clock(), value=3, fsrs=3, cram=True)
        learner.record("ask", id=f"a{turn}", at=clock(), card=choice.card.id)
        learner.record_review(review, ask=f"a{turn}")
        clock.pass_(minutes=1)
    assert {seen[0], *seen[1:3]} == {cards[0], *cards[1:3]}
    assert set(seen) == set(pile)
    assert not any({one.id, other.id} == {cards[0].id, "t1"} for one, other in pairwise(seen))


def test_card_is_there_to_study_unless_it_was_put_away(learner: Learner, cards: tuple[Card, ...], clock: Any) -> None:
    assert to_study(cards[0].id, cards, learner.history, clock())
    assert not to_study(cards[0].id, cards[1:], learner.history, clock())
    learner.record("suspend", id="s", at=clock(), card=cards[0].id)
    assert not to_study(cards[0].id, cards, learner.history, clock())


def test_nothing_to_study_is_said_by_none(learner: Learner, clock: Any) -> None:
    assert choose((), learner.history, clock()) is None
    assert next_due((), learner.history, clock()) is None


def test_same_log_gives_the_same_choice(learner: Learner, cards: tuple[Card, ...], clock: Any, rate: Rate) -> None:
    rate(cards[1], 3)
    shown = {asked(learner, cards, clock) for _ in range(5)}
    assert len(shown) == 1


def test_row_of_a_review_holds_all_of_it(clock: Any) -> None:
    from tutor.history import load_review

    review = Review(id="r", card="c", at=clock(), value=2, fsrs=1, hints=3, verdict="wrong", confidence=5, seconds=7.5)
    row = Row(id="r", at=clock(), kind="review", card="c", body=review_body(review))
    assert load_review(row) == review
    assert load_review(replace(row, body={**row.body, "of a later version": 1})) == review
