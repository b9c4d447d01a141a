"""The deck check: what it must find, and the look-alikes it must leave alone."""

import time
from pathlib import Path

import pytest

from corpus.card import Card, Deck, identify
from corpus.keypoints import split
from corpus.lint import check
from corpus.read import read_decks


def deck(*pairs: tuple[str, str], name: str = "D") -> Deck:
    cards = [
        Card(id="", deck=name, index=n, question=q, answer=a, key_points=split(a), path=f"{name}.txt", line=2 * n)
        for n, (q, a) in enumerate(pairs, 1)
    ]
    return Deck(name=name, path=f"{name}.txt", format="test", cards=identify(cards))


def kinds(*pairs: tuple[str, str]) -> list[str]:
    return [finding.kind for finding in check([deck(*pairs)])[0].findings]


def test_bundled_decks_have_the_faults_a_person_sees(bundled: tuple[Path, ...]) -> None:
    decks = read_decks(bundled)
    found = {(Path(f.path).name[:3], f.index, f.kind) for d in decks for f in d.findings}
    arrows = {("000", n, "damage") for n in (1, 16, 22, 25)} | {("001", 1, "damage")}
    assert found - {one for one in found if one[0] == "004" or one[2] == "duplicate"} == arrows | {
        ("000", 30, "no_answer"),
        ("000", 33, "blank"),
        ("000", 6, "near_duplicate"),
        ("002", 10, "damage"),
        ("002", 22, "damage"),
    }
    assert {n for deck, n, kind in found if kind == "duplicate"} == set(range(1, 16))
    assert {n for deck, n, kind in found if kind == "contradiction" and deck == "004"} == {59}
    swallowed = {f.index for f in decks[4].findings if "swallowed" in f.message}
    assert swallowed == {24, 43, 47, 60, 61}
    assert not {kind for _, _, kind in found} & {"cut", "crowded", "uncertain"}


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("What does the input gate in LSTM do?", "What does the output gate in LSTM do?"),
        (
            "How would initialization affect convex optimization problems?",
            "How would initialization affect non-convex optimization problems?",
        ),
        ("What is high bias?", "What is low bias?"),
        ("What is the capital of Niger?", "What is the capital of Nigeria?"),
        ("Convert from C to F", "Convert from F to C"),
        ("What is abduction of the arm?", "What is adduction of the arm?"),
        ("What is L1 regularization?", "What is L2 regularization?"),
        ("What is hypertension?", "What is hypotension?"),
        ("Is x > 0?", "Is x < 0?"),
        ("Name the drugs that do lower blood pressure", "Name the drugs that do not lower blood pressure"),
        ("What is anabolism?", "What is catabolism?"),
        ("When was the treaty of 1815 signed?", "When was the treaty of 1816 signed?"),
    ],
)
def test_look_alikes_that_differ_in_one_decisive_word_are_left_alone(one: str, two: str) -> None:
    assert (
        kinds(
            (one, "it moves the value to the other side of the line"),
            (two, "it moves the value to the other side of the line"),
        )
        == []
    )


def test_same_card_with_other_bullets_is_a_duplicate() -> None:
    assert kinds(("Gates?", "- input\n- output"), ("gates?", "• Input\n• output")) == ["duplicate"]


def test_same_question_in_other_words_is_a_near_duplicate() -> None:
    found = kinds(
        ("What role does the hidden state play in RNNs?", "It is the memory of the network"),
        ("What is the role of the hidden state in an RNN?", "the memory of the network"),
    )
    assert found == ["near_duplicate"]


def test_a_slip_of_the_pen_does_not_hide_a_near_duplicate() -> None:
    found = kinds(
        ("How is a generative adversarial network trained?", "both parts in turns"),
        ("How is a generative adversial network trained?", "both parts, in turns"),
    )
    assert found == ["near_duplicate"]


def test_same_question_with_another_answer_is_a_contradiction() -> None:
    assert kinds(("When did it begin?", "in 1789"), ("When did it begin?", "at the fall of Rome")) == ["contradiction"]


def test_same_card_in_two_decks_is_said_to_be_one_thing_to_learn() -> None:
    one, two = check([deck(("q?", "a b c"), name="one"), deck(("q?", "a b c"), name="two")])
    assert not one.findings
    assert [finding.kind for finding in two.findings] == ["duplicate"]
    assert "one thing to learn" in two.findings[0].message
    assert "one.txt line 2" in two.findings[0].message


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ("begins with ‘<start>' here</start>", "HTML"),
        ("fish &amp; chips", "HTML"),
        ("use B «M samples", "«"),
        ("more data –> less error", "arrow"),
        ("caf\u00c3\u00a9", "encoding"),
        ("is:\\nx = 1", "line break"),
        ("- a:\n+ b. - c\n+ d", "swallowed"),
    ],
)
def test_damage_is_named(answer: str, word: str) -> None:
    (finding,) = check([deck(("What is it?", answer))])[0].findings
    assert finding.kind == "damage"
    assert word in finding.message


def test_answer_that_only_repeats_the_question_is_damage() -> None:
    (finding,) = check([deck(("Fill in [...]", "fill in [...]"))])[0].findings
    assert "only repeats the question" in finding.message


def test_html_in_a_card_about_html_is_no_damage() -> None:
    assert kinds(("Which HTML tag makes a paragraph?", "<p> and </p>")) == []


def test_cut_and_crowded_cards_are_found() -> None:
    assert kinds(("q?", "it depends on the")) == ["cut"]
    assert kinds(("q?", "\n".join(f"- point number {n}" for n in range(12)))) == ["crowded"]


def test_ten_thousand_look_alikes_are_checked_within_seconds() -> None:
    nouns = [f"noun{n}" for n in range(100)]
    pairs = [(f"What is the {nouns[n % 100]} of the {nouns[n // 100]}?", f"It is {n} in all") for n in range(9_999)]
    many = deck(*pairs, ("What is noun7 of noun9?", f"It is {7 + 9 * 100} in all"))
    start = time.process_time()
    (found,) = check([many])
    assert time.process_time() - start < 12
    assert [finding.index for finding in found.findings] == [10_000]
