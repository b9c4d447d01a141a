"""The three layouts of page text: the bundled decks exactly, and what other pages may hold."""

import json
from pathlib import Path

import pytest

from corpus.card import Deck
from corpus.read import read_deck

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE / "bundled_cards.json").read_text(encoding="utf-8"))
RATING = "How well did you know this?\n1\nNot at all\n2\n3\n4\n5\nPerfectly\n"
# The line of every question, read off the files by eye.
LINES = {
    "000": (
        "6 23 40 57 80 100 117 135 152 168 185 202 223 240 256 276 285 294 303 314 322 331 340 349 "
        "362 371 380 391 402 417 427"
    ),
    "001": "2 6 8 12 20 25 29 32 36 39 43 47 53 55 58",
    "002": " ".join(map(str, range(2, 51, 2))),
    "003": "6 25 46 64 81 98 117 138 157 174 191 210 227 244 263 292 301",
    "004": (
        "2 4 7 11 14 19 25 31 33 36 39 42 44 48 51 54 60 63 65 68 70 73 79 84 87 92 97 99 103 106 "
        "108 112 116 119 124 134 137 142 146 154 158 160 163 169 172 176 181 184 186 190 195 197 "
        "202 205 208 211 216 219 222 227 230 236 238 241 245"
    ),
}


def deck_of(folder: Path, text: str, name: str = "page.txt") -> Deck:
    path = folder / name
    path.write_bytes(text.encode())
    return read_deck(path)


def texts(deck: Deck) -> list[tuple[str, str]]:
    return [(card.question, card.answer) for card in deck.cards]


@pytest.fixture(scope="module")
def bundled_by_number() -> dict[str, Deck]:
    folder = HERE.parents[2] / "corpus" / "decks"
    return {path.name[:3]: read_deck(path) for path in sorted(folder.glob("*.txt"))}


def test_all_153_bundled_cards_are_read_exactly(bundled_by_number: dict[str, Deck]) -> None:
    found = [
        [number, card.index, card.line, card.question, card.answer.split("\n")]
        for number, deck in bundled_by_number.items()
        for card in deck.cards
    ]
    assert len(found) == 153
    assert found == GOLDEN


@pytest.mark.parametrize("number", LINES)
def test_every_question_begins_where_a_person_sees_it(number: str, bundled_by_number: dict[str, Deck]) -> None:
    assert [card.line for card in bundled_by_number[number].cards] == [int(line) for line in LINES[number].split()]


def test_bundled_decks_have_their_names_formats_and_counts(bundled_by_number: dict[str, Deck]) -> None:
    assert [(d.name, d.format, len(d), d.skipped) for d in bundled_by_number.values()] == [
        ("DL Part 2 Flashcards", "page text, numbered", 31, 2),
        ("DL Part 2 Flashcards", "page text, plain", 15, 0),
        ("Deep Learning 3 Flashcards", "page text, dashes", 25, 0),
        ("Kursusgang 9 (Deep learning and transfer learning) Flashcards", "page text, numbered", 17, 0),
        ("Part 1 Flashcards", "page text, plain", 65, 0),
    ]


def test_two_bundled_entries_are_findings_and_no_cards(bundled_by_number: dict[str, Deck]) -> None:
    findings = [finding for deck in bundled_by_number.values() for finding in deck.findings]
    assert [(f.kind, f.index, f.line) for f in findings] == [("no_answer", 30, 411), ("blank", 33, 435)]
    assert not any(card.uncertain for deck in bundled_by_number.values() for card in deck.cards)


def test_plain_and_dashed_bundled_decks_lose_no_line(bundled_by_number: dict[str, Deck]) -> None:
    for number, mark in (("001", ""), ("002", "- "), ("004", "")):
        deck = bundled_by_number[number]
        again = "\n".join([deck.name, *(f"{mark}{card.question}\n{card.answer}" for card in deck.cards)])
        assert again == Path(deck.path).read_text(encoding="utf-8")


def test_numbered_bundled_decks_lose_no_line_but_marks_and_rating(bundled_by_number: dict[str, Deck]) -> None:
    marks = {"Q", "A", "", *RATING.split("\n")}
    for number in ("000", "003"):
        deck = bundled_by_number[number]
        there = [row.strip() for row in Path(deck.path).read_text(encoding="utf-8").split("\n")[1:]]
        kept = [row.strip() for card in deck.cards for row in card.text.split("\n")]
        left = [row for row in there if row not in marks and not row.isdigit()]
        assert [row for row in kept if row] == [row for row in left if row != "What is saliency map?"]


def test_digits_and_letters_alone_stay_in_the_answer(tmp_path: Path) -> None:
    deck = deck_of(tmp_path, f"T\n\n1\nQ\n\nCount\n\nA\n\n1\n2\nQ or A\nA\nQ\n3\n\n{RATING}2\nQ\n\nNext\n\nA\n\n7\n\n")
    assert texts(deck) == [("Count", "1\n2\nQ or A\nA\nQ\n3"), ("Next", "7")]


def test_lone_a_in_a_question_is_text_when_blank_lines_mark_the_answer(tmp_path: Path) -> None:
    deck = deck_of(tmp_path, "T\n\n1\nQ\n\nWhich vitamin?\nA\nB\n\nA\n\nA, of course\n\n2\nQ\n\nx\n\nA\n\ny\n")
    assert texts(deck)[0] == ("Which vitamin?\nA\nB", "A, of course")


def test_gaps_in_numbers_are_no_gaps_in_cards(tmp_path: Path) -> None:
    deck = deck_of(tmp_path, "T\n\n3\nQ\n\na\n\nA\n\nb\n\n9\nQ\n\nc\n\nA\n\nd\n\n120\nQ\n\ne\n\nA\n\nf\n")
    assert texts(deck) == [("a", "b"), ("c", "d"), ("e", "f")]
    assert [card.index for card in deck.cards] == [1, 2, 3]


@pytest.mark.parametrize(
    ("tail", "cards", "kinds"),
    [
        ("2\nQ\n\nwhat", 1, ["no_answer"]),
        ("2\nQ\n\nwhat\n\nA", 1, ["no_answer"]),
        ("2\nQ", 1, ["blank"]),
        ("2", 1, ["cut"]),
        ("2\nQ\n\nwhat\n\nA\n\nthat\n\nHow well did you know this?\n1\nNot at", 2, []),
        ("2\nQ\n\nwhat\n\nA\n\nthat\n\nHow well did you know this?\n1\n", 2, []),
    ],
)
def test_page_that_breaks_off_keeps_what_is_whole(tmp_path: Path, tail: str, cards: int, kinds: list[str]) -> None:
    deck = deck_of(tmp_path, f"T\n\n1\nQ\n\na\n\nA\n\nb\n\n{tail}")
    assert len(deck) == cards
    assert [finding.kind for finding in deck.findings] == kinds
    assert texts(deck)[0] == ("a", "b")


def test_windows_line_ends_change_nothing(tmp_path: Path, bundled: tuple[Path, ...]) -> None:
    for path in bundled:
        raw = path.read_bytes()
        copy = tmp_path / path.name
        for ends in (b"\r\n", b"\r"):
            copy.write_bytes(raw.replace(b"\n", ends))
            assert texts(read_deck(copy)) == texts(read_deck(path))


def test_missing_title_gives_the_file_name(tmp_path: Path) -> None:
    numbered = deck_of(tmp_path, "1\nQ\n\na\n\nA\n\nb\n", "algebra.txt")
    plain = deck_of(
        tmp_path, "What is a ring?\na set with two operations\nWhat is a field?\na ring with division\n", "b.txt"
    )
    dashed = deck_of(tmp_path, "- What is a ring?\na set\n- What is a field?\na ring\n", "c.txt")
    assert [deck.name for deck in (numbered, plain, dashed)] == ["algebra", "b", "c"]
    assert [len(deck) for deck in (numbered, plain, dashed)] == [1, 2, 2]


def test_nested_list_keeps_its_shape_without_the_page_indentation(tmp_path: Path) -> None:
    deck = deck_of(tmp_path, "T\n\n1\nQ\n\na\n\nA\n  • one\n    + two\n      deep\n  • three\n2\nQ\n\nb\n\nA\n\nc\n")
    assert deck.cards[0].answer == "• one\n  + two\n    deep\n• three"


def test_paragraphs_stay_one_blank_line_apart(tmp_path: Path) -> None:
    deck = deck_of(tmp_path, f"T\n\n1\nQ\n\na\n\nA\n\none\n\n\n\ntwo\n\n\n{RATING}")
    assert deck.cards[0].answer == "one\n\ntwo"


def test_answer_without_question_is_a_finding(tmp_path: Path) -> None:
    deck = deck_of(tmp_path, "T\n\n1\nQ\n\nA\n\nb\n\n2\nQ\n\nc\n\nA\n\nd\n")
    assert [finding.kind for finding in deck.findings] == ["no_question"]
    assert texts(deck) == [("c", "d")]


def test_dashed_layout_keeps_lists_in_answers(tmp_path: Path) -> None:
    page = (
        "T Flashcards\n- What is a cell made of?\n- membrane\n- nucleus\n- Why do cells divide?\nto grow\nand to heal\n"
    )
    deck = deck_of(tmp_path, page)
    assert texts(deck) == [
        ("What is a cell made of?", "- membrane\n- nucleus"),
        ("Why do cells divide?", "to grow\nand to heal"),
    ]
