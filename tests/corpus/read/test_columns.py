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
        ("Hint", "remark"),
        ("Source", "remark"),
        ("Gender", "extra"),
        ("", "extra"),
    ],
)
def test_names_tell_roles(name: str, role: str) -> None:
    assert columns.role(name) == role


def test_second_column_with_a_role_is_extra() -> None:
    assert columns.roles(["word", "term", "meaning"]) == ["question", "extra", "answer"]


def test_unknown_columns_follow_the_answer_with_their_names() -> None:
    names = ["front", "back", "Gender", ""]
    row = columns.fields(names, columns.roles(names), ["q", "a", "g", "x"])
    assert row == {"question": "q", "answer": "a\nGender: g\nx"}


def test_remarks_end_the_answer_and_are_named() -> None:
    names = ["front", "notes", "back", "Gender"]
    row = columns.fields(names, columns.roles(names), ["q", "n", "a", "g"])
    assert row == {"question": "q", "answer": "a\nGender: g\nnotes: n", "remark": "notes: n"}


def test_remark_without_an_answer_is_the_answer() -> None:
    names = ["front", "back", "notes"]
    assert columns.fields(names, columns.roles(names), ["q", "", "n"]) == {"question": "q", "answer": "notes: n"}


def test_tags_are_parted_by_commas_or_else_by_spaces() -> None:
    assert columns.tags("a b, c") == ("a b", "c")
    assert columns.tags("a b::c  a") == ("a", "b::c")
