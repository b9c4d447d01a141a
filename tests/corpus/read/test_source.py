"""Bad input: every malformed file gives a plain message or keeps its good cards."""

import os
import time
from pathlib import Path

import pytest

from corpus.card import Deck
from corpus.errors import DeckError
from corpus.read import bundled_decks, read_deck, read_decks

PAGE = "Café Flashcards\nWhat is naïve Bayes?\na classifier – “simple”\nWhat is a prior?\nwhat was believed before\n"


def deck_of(folder: Path, raw: bytes, name: str = "deck.txt") -> Deck:
    path = folder / name
    path.write_bytes(raw)
    return read_deck(path)


@pytest.mark.parametrize(
    ("encoding", "finding"),
    [("utf-8", []), ("utf-8-sig", []), ("utf-16", []), ("utf-32", []), ("utf-16-le", ["encoding"]),
     ("utf-16-be", ["encoding"]),
     ("cp1252", ["encoding"])],
)  # fmt: skip
def test_encodings_are_told_apart_and_guesses_reported(tmp_path: Path, encoding: str, finding: list[str]) -> None:
    deck = deck_of(tmp_path, PAGE.encode(encoding))
    assert deck.name == "Café Flashcards"
    assert "“simple”" in deck.cards[0].answer
    assert [one.kind for one in deck.findings] == finding


def test_control_signs_and_direction_marks_are_dropped_and_reported(tmp_path: Path) -> None:
    deck = deck_of(tmp_path, PAGE.replace("simple", "sim\0\x1b[31mple\u202e\u2066").encode())
    assert "“sim[31mple”" in deck.cards[0].answer
    assert [(one.kind, one.line) for one in deck.findings] == [("encoding", 3)]
    assert "4 invisible" in deck.findings[0].message


def test_unicode_is_kept_and_composed_but_not_flattened(tmp_path: Path) -> None:
    deck = deck_of(tmp_path, "T Flashcards\nWhat is cafe\u0301 ½ ﬁ x²?\nＡ\n".encode())
    assert deck.cards[0].text == "What is café ½ ﬁ x²?\nＡ"


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(200)) * 9, "not text"),
        (b"%PDF-1.7\n" + bytes(range(128, 256)) * 9 + b"\0\1\2\3" * 100, "not text"),
    ],
)
def test_files_without_cards_say_what_they_are(tmp_path: Path, raw: bytes, found: str) -> None:
    with pytest.raises(DeckError, match=rf"deck\.txt.*{found}"):
        deck_of(tmp_path, raw)


def test_paths_that_are_no_files_say_so(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    os.mkfifo(tmp_path / "pipe")
    for name, found in (
        ("", "a folder"),
        ("gone.txt", "no such file"),
        ("dangling", "no such file"),
        ("loop", "cannot be opened"),
        ("pipe", "not a regular file"),
        ("a\0b", "cannot be opened"),
    ):
        with pytest.raises(DeckError, match=found):
            read_deck(f"{tmp_path}/{name}" if name else tmp_path)
    with pytest.raises(DeckError, match="not a regular file"):
        read_deck("/dev/zero")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_file_without_permission_says_so(tmp_path: Path) -> None:
    path = tmp_path / "secret.txt"
    path.write_text(PAGE)
    path.chmod(0)
    with pytest.raises(DeckError, match="may not be read"):
        read_deck(path)


def test_huge_answers_and_lines_are_read_or_skipped_in_time(tmp_path: Path) -> None:
    start = time.process_time()
    long = deck_of(tmp_path, b"T Flashcards\nWhat is long?\n" + b"a word, and " * 17_000 + b"\n")
    assert len(long.cards[0].answer) > 200_000
    huge = deck_of(tmp_path, b"question,answer\nq1,a1\nq2," + b"x" * 20_000_000 + b"\nq3,a3\n", "huge.csv")
    assert [card.question for card in huge.cards] == ["q1", "q3"]
    assert [finding.kind for finding in huge.findings] == ["skipped"]
    assert time.process_time() - start < 8


def test_scripts_and_escapes_stay_inert_text(tmp_path: Path) -> None:
    deck = deck_of(tmp_path, b"question,answer\n<script>alert(1)</script>,{{7*7}} ${x} `id`\n", "x.csv")
    assert deck.cards[0].question == "<script>alert(1)</script>"


def test_folders_are_read_whole_and_every_fault_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("question,answer\nq,a\n")
    (tmp_path / "b.json").write_text('[["q2", "a2"]]')
    (tmp_path / "ignored.png").write_bytes(b"x")
    assert [deck.name for deck in read_decks([tmp_path])] == ["a", "b"]
    (tmp_path / "c.txt").write_text("")
    (tmp_path / "d.json").write_text("{")
    with pytest.raises(DeckError, match=r"(?s)c\.txt.*d\.json"):
        read_decks([tmp_path])
    (tmp_path / "none").mkdir()
    with pytest.raises(DeckError, match="holds no deck file"):
        read_decks([tmp_path / "none"])


def test_bundled_decks_are_five_files_in_order() -> None:
    assert [path.name[:3] for path in bundled_decks()] == ["000", "001", "002", "003", "004"]
