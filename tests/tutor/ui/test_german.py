"""The page's words in two languages: every one of them in both, with the same slots, and none outside."""

import ast
import re
from dataclasses import fields
from html import escape
from pathlib import Path
from typing import Any

import pytest

from corpus.card import Card, KeyPoint
from tutor.audit import audit
from tutor.grade import Grader
from tutor.match import Matcher
from tutor.ui.decks import audit_html
from tutor.ui.german import GERMAN
from tutor.ui.login import login, logout
from tutor.ui.words import ENGLISH, Words, counted

ROOT = Path(__file__).parents[3]
# Words that are the same in both languages, and what is no word.
SAME = {"never", "back_line", "findings_in"}
KEYS = [one.name for one in fields(Words)]


def texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [text for one in (value.values() if isinstance(value, dict) else value) for text in texts(one)]


@pytest.mark.parametrize("key", [key for key in KEYS if key not in SAME])
def test_text_is_there_in_both_languages(key: str) -> None:
    ours, theirs = getattr(ENGLISH, key), getattr(GERMAN, key)
    assert ours != theirs, f"{key} is not translated"
    if isinstance(ours, dict):
        assert ours.keys() == theirs.keys()


@pytest.mark.parametrize("key", KEYS)
def test_slots_are_the_same_in_both_languages(key: str) -> None:
    def slots(words: Words) -> list[list[str]]:
        return [sorted(set(re.findall(r"\{(\w+)\}", text))) for text in texts(getattr(words, key))]

    assert slots(ENGLISH) == slots(GERMAN)


def test_page_has_no_text_of_its_own_outside_of_the_words() -> None:
    outside = []
    for path in sorted((ROOT / "tutor" / "ui").glob("*.py")):
        if path.name in ("words.py", "german.py", "look.py"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docs = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        outside += [
            f"{path.name}:{node.lineno} {node.value[:60]!r}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
            and re.search(r"(?<![\w<&#/.\"'=-])[A-Z][a-z]+ [a-z]+ ", re.sub(r"<[^>]*>", " ", node.value))
            and "{" not in node.value[:1]
        ]  # fmt: skip
    assert not outside


def test_one_of_a_thing_is_no_plural() -> None:
    assert [counted(number, "deck", ENGLISH) for number in (0, 1, 2)] == ["0 decks", "1 deck", "2 decks"]
    assert [counted(number, "day", GERMAN) for number in (1, 2)] == ["1 Tag", "2 Tage"]
    assert ENGLISH.made_count.format(made=0, points=counted(1, "point", ENGLISH)) == "0 of 1 point made"


def test_every_text_is_used() -> None:
    used = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tutor" / "ui").glob("*.py"))
    assert not [key for key in KEYS if not re.search(rf"words\.{key}\b", used)]


def test_sign_in_and_out_speak_the_language_too() -> None:
    assert "Anmelden" in login(words=GERMAN)
    assert "gehören nicht zusammen" in login(wrong=True, words=GERMAN)
    assert '<html lang="de">' in logout(GERMAN)


def test_rows_of_the_audit_are_those_of_the_audit_in_both_languages() -> None:
    points = (KeyPoint(id="p", text="nectar from flowers"),)
    card = Card(
        id="c", deck="Birds", index=1, question="What do birds eat?", answer="nectar from flowers", key_points=points
    )
    found = audit([card], Grader(Matcher(None)))
    assert tuple(rate.name for rate in found.rates) == ENGLISH.audit_rates
    assert all(escape(text) in audit_html(found, GERMAN) for text in GERMAN.audit_rates)
