"""Cards keep their ids through what does not change them, and are told apart where they differ."""

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from corpus.card import Card, Deck, Finding, card_id, identify, reconcile, text_key
from corpus.read import read_deck


def card(question: str, answer: str, index: int = 1, deck: str = "D") -> Card:
    return Card(id="", deck=deck, index=index, question=question, answer=answer)


def deck(name: str, *cards: Card) -> Deck:
    named = identify(cards)
    findings = (Finding(kind="damage", message="x", card=named[0].id),) if named else ()
    return Deck(name=name, path=f"{name}.txt", format="test", cards=named, findings=findings)


def test_bullets_and_spaces_do_not_count_when_texts_are_compared() -> None:
    assert text_key("  • Memory of\n  • the network ") == "memory of the network"
    assert text_key("1) one\n2) two") == text_key("- one\n- two") == "one two"
    assert text_key("x-y") == "x-y"


def test_editing_an_answer_keeps_the_id_and_changes_the_hash() -> None:
    (before,) = identify([card("What is DNA?", "a molecule")])
    (after,) = identify([card("What is DNA?", "a long molecule")])
    assert before.id == after.id
    assert before.content_hash != after.content_hash


def test_moving_neighbours_keeps_ids() -> None:
    one, two, three = card("a?", "1"), card("b?", "2"), card("c?", "3")
    forward = {c.question: c.id for c in identify([one, two, three])}
    backward = {c.question: c.id for c in identify([three, one])}
    assert backward == {name: forward[name] for name in backward}


def test_renaming_the_file_keeps_ids(tmp_path: Path, bundled: tuple[Path, ...]) -> None:
    copy = tmp_path / "renamed.txt"
    copy.write_bytes(bundled[0].read_bytes())
    assert [c.id for c in read_deck(copy).cards] == [c.id for c in read_deck(bundled[0]).cards]


def test_same_question_and_answer_is_one_card_and_another_answer_is_a_second() -> None:
    one, same, other = identify([card("q", "a"), card("q", "• a"), card("q", "b")])
    assert one.id == same.id != other.id


def test_card_in_two_decks_is_one_thing_but_another_answer_stays_apart() -> None:
    first = deck("one", card("q", "a"), card("r", "b"))
    second = deck("two", card("q", "a"), card("r", "another"))
    one, two = reconcile([first, second])
    assert one.cards[0].id == two.cards[0].id
    assert one.cards[1].id != two.cards[1].id
    assert one == first


def test_findings_follow_their_card_when_its_id_changes() -> None:
    first, second = deck("one", card("q", "a")), deck("two", card("q", "b"))
    _, two = reconcile([first, second])
    assert two.findings[0].card == two.cards[0].id != first.cards[0].id


def test_a_library_that_grows_at_its_end_keeps_every_id(bundled: tuple[Path, ...]) -> None:
    decks = [read_deck(path) for path in bundled]
    few, all_of_them = reconcile(decks[:3]), reconcile(decks)
    assert [d.cards for d in few] == [d.cards for d in all_of_them[:3]]


def test_bundled_decks_hold_138_things_to_learn(bundled: tuple[Path, ...]) -> None:
    decks = reconcile([read_deck(path) for path in bundled])
    assert sum(map(len, decks)) == 153
    assert len({c.id for d in decks for c in d.cards}) == 138


@given(st.text(), st.text())
def test_id_is_twelve_hex_digits_of_the_question_alone(question: str, answer: str) -> None:
    (named,) = identify([card(question, answer)])
    assert named.id == card_id(question)
    assert len(named.id) == 12
    assert int(named.id, 16) >= 0
    assert replace(named, answer="x").id == named.id
