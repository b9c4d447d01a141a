"""Anki packages as Anki shows them, and packages that mean harm refused in time."""

import time
from pathlib import Path

import pytest

from corpus.card import Deck
from corpus.errors import DeckError
from corpus.read import read_deck
from tests.corpus.read.packages import BASIC, CLOZE, REVERSED, Kind, Maker, Notes, database, package

both = pytest.mark.parametrize("modern", [False, True], ids=["old", "new"])
TWO_SIDES = Kind(templates=(BASIC, REVERSED))
DELETIONS = Kind(fields=("Text", "Back Extra"), templates=(CLOZE,), cloze=True)


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    return Maker(tmp_path)


def texts(deck: Deck) -> list[tuple[str, str]]:
    return [(card.question, card.answer) for card in deck.cards]


@both
def test_cards_decks_tags_and_guids_are_read(make: Maker, modern: bool) -> None:
    notes = Notes(
        rows=[(["2 &lt; 3?", "<b>yes</b><br>always"], [0]), (["q", "a"], [0])],
        deck="Maths::Order",
        tags="one two::three",
    )
    deck = read_deck(make(notes, modern=modern))
    assert (deck.name, len(deck)) == ("Maths::Order", 2)
    assert texts(deck)[0] == ("2 < 3?", "yes\nalways")
    assert [(card.deck, card.tags, card.guid) for card in deck.cards] == [
        ("Maths::Order", ("one", "two::three"), "guid1"),
        ("Maths::Order", ("one", "two::three"), "guid2"),
    ]


@both
def test_reversed_notes_are_two_cards_and_cloze_notes_one_a_number(make: Maker, modern: bool) -> None:
    text = "A {{c1::cell::unit}} has a {{c2::nucleus}} and {{c1::walls}}."
    deck = read_deck(
        make(
            Notes(kind=TWO_SIDES, rows=[(["RNN", "recurrent network"], [0, 1])], deck="D::a"),
            Notes(kind=DELETIONS, rows=[([text, "see p. 3"], [0, 1])], deck="D::b"),
            modern=modern,
        )
    )
    assert deck.name == "D"
    assert texts(deck) == [
        ("RNN", "recurrent network"),
        ("recurrent network", "RNN"),
        ("A [unit] has a nucleus and [...].", "cell\nwalls\nsee p. 3"),
        ("A cell has a [...] and walls.", "nucleus\nsee p. 3"),
    ]
    # A cloze card asks for its gap; what else its note tells is shown and not asked for.
    assert [(card.reference, card.remark) for card in deck.cards[2:]] == [
        ("cell\nwalls", "see p. 3"),
        ("nucleus", "see p. 3"),
    ]


@both
def test_source_of_a_note_is_shown_and_not_asked_for(make: Maker, modern: bool) -> None:
    shown = "{{FrontSide}}<hr id=answer>{{Back}}{{#Source}}<hr>Source: {{Source}}{{/Source}}"
    kind = Kind(fields=("Front", "Back", "Source"), templates=[("Card 1", "{{Front}}", shown)])
    rows = [(["Peru", "Lima", "Atlas, 2020"], [0]), (["Chile", "Santiago", ""], [0])]
    deck = read_deck(make(Notes(kind=kind, rows=rows), modern=modern))
    told = [(card.reference, card.remark, [point.text for point in card.key_points]) for card in deck.cards]
    assert told == [("Lima", "Source: Atlas, 2020", ["Lima"]), ("Santiago", "", ["Santiago"])]


def test_question_need_not_be_the_first_field_and_sections_are_obeyed(make: Maker) -> None:
    kind = Kind(
        fields=("Number", "Word", "Sense", "Example"),
        templates=[
            (
                "Card 1",
                "<style>b{}</style>{{#Example}}({{Number}}) {{/Example}}{{text:Word}}<script>alert(1)</script>",
                "{{FrontSide}}<hr id='answer'>{{Sense}}{{^Example}} (no example){{/Example}}"
                "{{#Example}}<br>{{Example}}{{/Example}}",
            )
        ],
    )
    rows = [(["7", "<i>Hund</i>", "dog", ""], [0]), (["8", "Katze", "cat", "e.g. <u>Tom</u>"], [0])]
    assert texts(read_deck(make(Notes(kind=kind, rows=rows)))) == [
        ("Hund", "dog (no example)"),
        ("(8) Katze", "cat\ne.g. Tom"),
    ]


def test_nested_and_unclosed_deletions_are_read_as_far_as_they_go(make: Maker) -> None:
    rows = [
        (["{{c1::outer {{c2::inner}} end}} after", ""], [0, 1]),
        (["{{c1::never closed", "extra"], [0]),
        (["maths {{c1::\\(\\frac{a}{b}\\)}} here", ""], [0]),
    ]
    assert texts(read_deck(make(Notes(kind=DELETIONS, rows=rows)))) == [
        ("[...] after", "outer inner end"),
        ("outer [...] end after", "inner"),
        ("{{c1::never closed", "extra"),
        ("maths [...] here", "\\(\\frac{a}{b}\\)"),
    ]


def test_lists_code_maths_and_pictures_survive(make: Maker) -> None:
    back = (
        "<ul><li>one</li><li>two<ol><li>deep</li></ol></li></ul><pre>x = 1\n  y</pre>"
        'H<sub>2</sub>O, \\(a&lt;b\\), [latex]x^2[/latex], $y$<img src="../../dot.png"> <a href="http://x.y">link</a>'
    )
    assert texts(read_deck(make(Notes(rows=[(["q", back], [0])])))) == [
        (
            "q",
            "- one\n- two\n  1. deep\n```\nx = 1\n  y\n```\n"
            "H₂O, \\(a<b\\), [latex]x^2[/latex], $y$[image: dot.png] link",
        )
    ]


def test_review_log_is_read_with_the_cards(make: Maker) -> None:
    sql = (
        "INSERT INTO revlog VALUES (1700000000000, 10, 0, 3, 5, 1, 2500, 4200, 1), (5, 10, 0, 3, 0, 0, 0, 0, 0),"
        "(1700000000001, 99, 0, 1, 0, 0, 0, 0, 0), (1700000000002, 10, 0, 0, 0, 0, 0, 0, 4)"
    )
    deck = read_deck(make(Notes(rows=[(["q", "a"], [0])]), sql=sql))
    (review,) = deck.reviews
    assert (review.card, review.button, review.seconds) == (deck.cards[0].id, 3, 4.2)
    assert review.when.isoformat() == "2023-11-14T22:13:20+00:00"


@both
def test_orphans_are_findings_and_good_cards_stay(make: Maker, modern: bool) -> None:
    sql = (
        "DELETE FROM notes WHERE id = 1; UPDATE notes SET mid = 77 WHERE id = 2; UPDATE cards SET ord = 5 WHERE nid = 3"
    )
    rows = [([f"q{n}", f"a{n}"], [0]) for n in range(5)]
    deck = read_deck(make(Notes(rows=rows), modern=modern, sql=sql))
    assert texts(deck) == [("q3", "a3"), ("q4", "a4")]
    assert [finding.kind for finding in deck.findings] == ["skipped"] * 3
    assert deck.skipped == 3


def test_blank_sides_are_findings(make: Maker) -> None:
    deck = read_deck(make(Notes(rows=[(["q", "a"], [0]), (["<br>", "&nbsp;"], [0]), (["q2", "<div></div>"], [0])])))
    assert [(finding.kind, finding.index) for finding in deck.findings] == [("blank", 2), ("no_answer", 3)]


def test_package_with_nothing_but_the_plea_to_update_is_refused(make: Maker, tmp_path: Path) -> None:
    path = make(Notes(rows=[(["Please update to the latest Anki version, then import again.", ""], [0])]))
    with pytest.raises(DeckError, match="Support older Anki versions"):
        read_deck(path)


def test_bare_collection_in_write_ahead_mode_is_read(make: Maker, tmp_path: Path) -> None:
    data = database(tmp_path / "x.db", [Notes(rows=[(["q", "a"], [0])])], modern=False)
    path = tmp_path / "collection.anki2"
    path.write_bytes(data[:18] + b"\2\2" + data[20:])
    assert texts(read_deck(path)) == [("q", "a")]


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        (
            "DROP TABLE cards; CREATE VIEW cards AS SELECT 1 AS id, 1 AS nid, 0 AS ord, 1 AS did, 0 AS odid",
            "no plain table",
        ),
        ("DROP TABLE notes", "lacks the tables"),
        ("UPDATE col SET models = '{'", "cannot be understood"),
        ("UPDATE col SET models = ''", "newer Anki"),
        ("UPDATE col SET models = '[[[]]]'", "cannot be understood"),
        ("DROP TABLE cards; CREATE TABLE cards (id)", "no such column"),
        ("DROP TABLE notes; CREATE VIRTUAL TABLE notes USING fts5(id, guid, mid, tags, flds)", "no plain table"),
    ],
)
def test_database_that_is_not_what_it_says_is_refused(make: Maker, sql: str, found: str) -> None:
    with pytest.raises(DeckError, match=found):
        read_deck(make(Notes(rows=[(["q", "a"], [0])]), sql=sql))


@pytest.mark.parametrize(
    "harm",
    [
        "cut",
        "crc",
        "empty zip",
        "no collection",
        "garbage",
        "header only",
        "zip header only",
        "encrypted",
        "zstd garbage",
    ],
)
def test_damaged_packages_are_refused_with_their_name(make: Maker, tmp_path: Path, harm: str) -> None:
    good = make(Notes(rows=[(["q", "a"], [0])])).read_bytes()
    path = tmp_path / "bad.apkg"
    if harm == "cut":
        path.write_bytes(good[: len(good) // 2])
    elif harm == "crc":
        at = good.index(b"collection.anki2") + 200
        path.write_bytes(good[:at] + bytes([good[at] ^ 0xFF]) + good[at + 1 :])
    elif harm in ("empty zip", "no collection"):
        package(path, {} if harm == "empty zip" else {"notes.txt": b"x"})
    elif harm == "encrypted":
        # The flag for encryption is set in the local and in the central header.
        flagged = bytearray(good)
        flagged[6] |= 1
        flagged[good.index(b"PK\x01\x02") + 8] |= 1
        path.write_bytes(flagged)
    elif harm == "zstd garbage":
        package(path, {"collection.anki21b": b"nonsense" * 9})
    else:
        path.write_bytes(
            {"garbage": b"PK\x03\x04" + b"\xff" * 500, "zip header only": b"PK\x03\x04"}.get(
                harm, b"SQLite format 3\0" + b"\1" * 200
            )
        )
    with pytest.raises(DeckError, match=r"bad\.apkg"):
        read_deck(path)


def test_a_thousand_notes_take_well_under_a_second(make: Maker) -> None:
    rows = [([f"What is <b>number</b> {n}?", f"It is {n}.<br>And more of it: {n + 1}"], [0]) for n in range(1000)]
    path = make(Notes(rows=rows), modern=True)
    start = time.process_time()
    assert len(read_deck(path)) == 1000
    assert time.process_time() - start < 1
