"""What column names mean."""

import pytest

from corpus.read import columns


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Question", "question"),
        (" front ", "question"),
        ("Vorderseite", "question"),
        ("Term", "question"),
        ("card_question", "question"),
        ("Definition", "answer"),
        ("Respuesta", "answer"),
        ("Tags", "tags"),
        ("Deck", "deck"),
        ("note_type", "ignored"),
        ("Hint", "extra"),
        ("", "extra"),
    ],
)
def test_names_tell_roles(name: str, role: str) -> None:
    assert columns.role(name) == role


def test_second_column_with_a_role_is_extra() -> None:
    assert columns.roles(["word", "term", "meaning"]) == ["question", "extra", "answer"]


def test_unknown_columns_follow_the_answer_with_their_names() -> None:
    names = ["front", "back", "Hint", ""]
    row = columns.fields(names, columns.roles(names), ["q", "a", "h", "x"])
    assert row == {"question": "q", "answer": "a\nHint: h\nx"}


def test_tags_are_parted_by_commas_or_else_by_spaces() -> None:
    assert columns.tags("a b, c") == ("a b", "c")
    assert columns.tags("a b::c  a") == ("a", "b::c")
