from dataclasses import replace
from pathlib import Path

import pytest

from corpus.card import Card
from corpus.keypoints import split
from corpus.read import read_decks
from evals.pressure import ladder
from tutor.hint import LEVELS, cloze, hint, leaks
from tutor.match import Matcher

CARD = Card(
    id="c1",
    deck="Autumn course",
    index=1,
    question="What is dropout?",
    answer="- regularization technique\n- prevents overfitting\n- switches off units of a network at random",
    tags=("training",),
)


LIMIT = 0.4  # of the letters of a point's own words, before the rung that tells it


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher(None)


def test_rungs_go_from_where_to_look_to_the_point_itself() -> None:
    rungs = [hint(CARD, level).text for level in range(1, LEVELS + 1)]
    assert "Autumn course" in rungs[0]
    assert "3 points" in rungs[1]
    assert "R, T" in rungs[2]
    assert "r_____________ t________" in rungs[3]
    assert "regularization technique" in rungs[4]


def test_a_hint_aims_at_a_point_that_is_missing() -> None:
    last = split(CARD.answer, CARD.question)[-1]
    assert hint(CARD, 4, missing=[last.id]).point == last.id
    assert "s_______ o__ u____" in hint(CARD, 4, missing=[last.id]).text


def test_levels_outside_the_ladder_are_its_ends() -> None:
    assert hint(CARD, 0).level == 1
    assert hint(CARD, 9).level == LEVELS


def test_a_related_card_that_tells_is_left_out() -> None:
    safe, telling = "What is weight decay?", "Which regularization technique switches off units at random?"
    line = hint(CARD, 1, related=[telling, safe]).text
    assert safe in line
    assert telling not in line


def test_a_deck_whose_name_holds_a_word_of_the_answer_is_not_named() -> None:
    assert "Regular" not in hint(replace(CARD, deck="Regularization"), 1).text
    assert "Part 3" in hint(replace(CARD, deck="Part 3", answer="3 units at random"), 1).text


def test_a_cloze_keeps_small_words_and_what_the_question_says() -> None:
    assert cloze("memory of the network", frozenset({"network"})) == "m_____ of the network"


def test_a_cloze_never_shows_a_number() -> None:
    assert "0.1" not in cloze("set the bias to 0.1", frozenset())


def test_no_rung_before_the_last_nor_all_together_tell_a_point_of_any_bundled_card(
    bundled: tuple[Path, ...], matcher: Matcher
) -> None:
    for deck in read_decks(bundled):
        for card in deck.cards:
            rungs = [hint(card, level, missing=[card.key_points[-1].id]).text for level in range(1, LEVELS)]
            for text in (*rungs, "\n".join(rungs)):
                assert leaks(text, card, matcher) == (), (card.question, text)


def test_the_last_rung_of_every_bundled_card_tells_its_point(bundled: tuple[Path, ...], matcher: Matcher) -> None:
    told = total = 0
    for deck in read_decks(bundled):
        for card in deck.cards:
            given = hint(card, LEVELS, missing=[card.key_points[0].id])
            told += given.point in leaks(given.text, card, matcher)
            total += 1
    assert told / total > 0.9


def test_each_rung_towards_any_point_shows_more_than_the_one_before_and_less_than_a_limit(
    bundled: tuple[Path, ...],
) -> None:
    for deck in read_decks(bundled):
        for card in deck.cards:
            rising, most = ladder(card)
            assert rising, card.question
            assert most < LIMIT, card.question


def test_letters_set_apart_are_read_together(matcher: Matcher) -> None:
    card = Card(id="c2", deck="d", index=1, question="Name the function.", answer="Threshold")
    assert leaks("It is the t-h-r-e-s-h-o-l-d one", card, matcher)
    assert not leaks("It starts with a T", card, matcher)


def test_the_question_alone_leaks_nothing(matcher: Matcher) -> None:
    assert leaks(CARD.question, CARD, matcher) == ()
