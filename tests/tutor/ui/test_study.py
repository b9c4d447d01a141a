"""What the Study, Ask and Decks views make of decks: choices, first questions, findings, card lists."""

from datetime import UTC, datetime

import pytest

from corpus.card import Card, Deck, Finding
from tutor.history import History
from tutor.schedule import Scheduler
from tutor.ui.ask import starters
from tutor.ui.decks import cards_html, decks_html, in_state
from tutor.ui.study import deck_choices
from tutor.ui.words import ENGLISH

NOTHING = History(Scheduler())
NOW = datetime(2026, 3, 2, tzinfo=UTC)

pytestmark = pytest.mark.filterwarnings("default")


def deck(name: str, path: str, *questions: str, findings: tuple[Finding, ...] = ()) -> Deck:
    cards = tuple(
        Card(id=f"{name}{at}", deck=name, index=at, question=question, answer="x", path=path)
        for at, question in enumerate(questions, 1)
    )
    return Deck(name=name, path=path, format="plain", cards=cards, findings=findings)


def test_decks_of_one_name_are_told_apart_by_their_files() -> None:
    decks = (deck("A", "/d/000_aaaaaaaaaa.txt"), deck("A", "/d/001_bbbbbbbbbb.txt"), deck("B", "/d/b.txt"))
    assert deck_choices(decks, ENGLISH) == [
        ("All decks", ""),
        ("A (000_aaaa…)", "000_aaaaaaaaaa"),
        ("A (001_bbbb…)", "001_bbbbbbbbbb"),
        ("B", "b"),
    ]


def test_files_that_begin_alike_are_shown_whole() -> None:
    decks = (deck("A", "/d/chapter-one-of-the-first-book-1.txt"), deck("A", "/d/chapter-one-of-the-first-book-2.txt"))
    assert [name for name, _ in deck_choices(decks, ENGLISH)][1:] == [
        "A (chapter-one-of-the-first-book-1)",
        "A (chapter-one-of-the-first-book-2)",
    ]


def test_files_that_differ_in_their_ending_alone_are_shown_with_it() -> None:
    decks = (deck("small", "/d/small.csv"), deck("small", "/d/small.txt"))
    assert [name for name, _ in deck_choices(decks, ENGLISH)][1:] == ["small (small.csv)", "small (small.txt)"]


def test_first_questions_are_spread_over_the_decks() -> None:
    one = deck("A", "a", *(f"Why is number {at} a number?" for at in range(5)))
    two = deck("B", "b", "What is the second deck about?", "Too short?", "No question at all in this one here")
    chosen = starters((*one.cards, *two.cards), 3)
    assert len(chosen) == len(set(chosen)) == 3
    assert "What is the second deck about?" in chosen


def test_findings_are_listed_under_their_deck() -> None:
    found = (Finding(kind="no_answer", message="Card 2 has <no> answer.", line=7),)
    html = decks_html((deck("A", "a.txt", "Q?", findings=found), deck("B", "b.txt")), NOTHING, NOW, ENGLISH)
    assert html.count("<details>") == 1
    assert "Line 7:" in html
    assert "Card 2 has &lt;no&gt; answer." in html


def test_card_list_shows_questions_and_no_answer() -> None:
    html = cards_html(deck("A", "a", "Why <b>?").cards, 12, NOTHING, ENGLISH)
    assert "1 of 12 cards" in html
    assert 'href="#card-A1"' in html
    assert "Why &lt;b&gt;?" in html
    assert "x" not in html.replace("text", "").split("<bdi>")[1].split("</bdi>")[0]


def test_cards_are_found_by_their_state() -> None:
    card = deck("A", "a", "Why?").cards[0]
    states = {state: in_state(card, state, NOTHING, NOW) for state in ENGLISH.states}
    assert [state for state, there in states.items() if there] == ["all", "new"]
