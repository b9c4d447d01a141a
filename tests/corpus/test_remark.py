"""Where an answer ends and a remark on it begins."""

from pathlib import Path

import pytest

from corpus.read import read_deck
from corpus.remark import remark
from corpus.write import write_deck


@pytest.mark.parametrize(
    ("question", "answer", "found"),
    [
        ("SARS stands for", "acute syndrome\n\nSource: NHS. Retrieved 2020", "Source: NHS. Retrieved 2020"),
        ("Capital of Peru", "Lima\nhttps://example.org/peru", "https://example.org/peru"),
        ("Planets in order", "Mercury, Venus, Earth\nMnemonic: My Very Eager", "Mnemonic: My Very Eager"),
        ("What is 3 × 4?", "12\nbecause 3 × 4 = 4 × 3", "because 3 × 4 = 4 × 3"),
        ("Quelle is?", "Berlin\n\nQuellen (2): Atlas\nLexikon", "Quellen (2): Atlas\nLexikon"),
    ],
)  # fmt: skip
def test_end_that_is_not_asked_for_is_a_remark(question: str, answer: str, found: str) -> None:
    assert remark(answer, question) == found


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What feeds a river?", "Sources: rain and snow"),  # the only line
        ("Why do leaves fall?", "Cold\nbecause water cannot be drawn from frozen ground"),
        ("What is a mole?", "An animal that lives under ground\nbecause it is safer there"),  # whole only together
        ("How does replication work?", "Source: a\n" * 2 + "\n".join(f"step {n}" for n in range(9))),
        ("What is http?", "https://example.org"),
        ("Note", "One\n\nTwo"),
        ("empty", ""),
    ],
)
def test_what_is_asked_for_is_no_remark(question: str, answer: str) -> None:
    assert remark(answer, question) == ""


def test_nobody_has_to_say_a_remark_and_a_written_deck_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "deck.csv"
    path.write_text(
        'question,answer,notes\nsoin,"care, heed","Prendre soin de means to look after."\n', encoding="utf-8"
    )
    [card] = read_deck(path).cards
    assert (card.reference, card.remark) == ("care, heed", "notes: Prendre soin de means to look after.")
    assert card.answer == f"{card.reference}\n{card.remark}"
    assert [point.text for point in card.key_points] == ["care, heed"]

    written = tmp_path / "deck.jsonl"
    write_deck(read_deck(path), written)
    [again] = read_deck(written).cards
    assert (again.answer, again.remark, again.key_points) == (card.answer, card.remark, card.key_points)
