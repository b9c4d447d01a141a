"""The session's sentences in two languages: every one of them in both, with the same slots, and none outside."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from corpus.card import Card
from tests.tutor.test_session import Parts
from tutor import errors
from tutor import session as s
from tutor.german_speech import GERMAN, SPEECH
from tutor.learner import Learner
from tutor.settings import StudySettings
from tutor.speech import ENGLISH, Speech

TUTOR = Path(__file__).parents[2] / "tutor"
KEYS = [one.name for one in fields(Speech) if one.name != "notes"]
SPOKEN = (
    "aside", "deepen", "desk", "drill", "explain", "feedback", "hint", "keeping", "marking", "quiz", "quote", "rules",
    "session", "showing",
)  # fmt: skip
PRAISE = ("gut", "super", "prima", "toll", "good", "great", "well done", "nice", "fast")


def texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [text for one in (value.values() if isinstance(value, Mapping) else value) for text in texts(one)]


@pytest.mark.parametrize("key", KEYS)
def test_sentence_is_there_in_both_languages_with_the_same_slots(key: str) -> None:
    ours, theirs = getattr(ENGLISH, key), getattr(GERMAN, key)
    assert ours != theirs, f"{key} is not translated"
    if isinstance(ours, Mapping):
        assert ours.keys() == theirs.keys()
    slots = [
        [sorted(set(re.findall(r"\{(\w+)\}", text))) for text in texts(getattr(speech, key))]
        for speech in (ENGLISH, GERMAN)
    ]
    assert slots[0] == slots[1]


def test_sentences_of_other_parts_are_translated_and_still_theirs() -> None:
    faults = {one.sentence for one in (errors.ModelError, *every_kind(errors.ModelError))}
    assert faults <= GERMAN.notes.keys()
    source = "".join((TUTOR / f"{name}.py").read_text(encoding="utf-8") for name in ("errors", "grade", "usage"))
    assert [note for note in GERMAN.notes if f'"{note}"' not in source] == []
    assert GERMAN.of("Nothing known.") == "Nothing known."


def every_kind(error: type[errors.ModelError]) -> Iterator[type[errors.ModelError]]:
    for one in error.__subclasses__():
        if one.__module__.startswith("tutor."):
            yield one
            yield from every_kind(one)


@pytest.mark.parametrize("key", KEYS)
def test_every_sentence_is_used(key: str) -> None:
    used = "".join((TUTOR / f"{name}.py").read_text(encoding="utf-8") for name in (*SPOKEN, "speech", "assemble"))
    assert re.search(rf"(?:speech|self)\.{key}\b", used)


def test_session_has_no_sentence_of_its_own_outside_of_the_speech() -> None:
    outside = []
    for name in SPOKEN:
        tree = ast.parse((TUTOR / f"{name}.py").read_text(encoding="utf-8"))
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        asserted = {id(node.msg) for node in ast.walk(tree) if isinstance(node, ast.Assert)}
        outside += [
            f"{name}: {node.value[:60]!r}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs | asserted
            and re.search(r"^[A-Z][a-z]+,? [a-z]+ ", node.value)
        ]  # fmt: skip
    assert outside == []


@pytest.mark.parametrize("speech", SPEECH.values(), ids=list(SPEECH))
def test_no_sentence_praises(speech: Speech) -> None:
    said = " ".join(text for key in ("opening", "seems", "next_step", "missing", "taken_back") for text in
                    texts(getattr(speech, key)))  # fmt: skip
    found = set(re.findall(r"\w+", said.casefold())) & set(PRAISE)
    assert found <= {"gut"}, "only in how well she knew it"


def test_whole_sitting_is_in_german(learner: Learner, cards: tuple[Card, ...], clock: Any) -> None:
    """Every sentence of a sitting through every kind of move; the cards themselves stay as they are."""
    study = StudySettings(language="de")
    session = s.Session(Parts(), learner, cards[:2], study, clock=clock)
    moves: tuple[s.Move, ...] = (
        s.Rate(3), s.Next(), s.Rate(3), s.Confidence(9), s.Ask("is it nectar?"), s.AskHint(), s.AskHint(), s.AskHint(),
        s.AskHint(), s.AskHint(), s.AskHint(), s.Commit(" "), s.Commit("nectar from flowers"), s.Appeal("because"),
        s.Tick(("x",)), s.Explain("simpler"), s.Mark("odd"), s.Edit(), s.Rate(9), s.Rate(1), s.Undo(), s.Rate(1),
        s.Next(), s.DontKnow(), s.Rate(2), s.Bury(), s.End(), s.Rate(1), s.Next(),
    )  # fmt: skip
    said = []
    for move in moves:
        clock.pass_(minutes=3)
        for event in session.act(move):
            said += [getattr(event, name, "") for name in ("text", "why", "focus", "feedback", "summary")]
            said += [event.hint.text] if isinstance(event, s.HintGiven) else []
    told = "\n".join(filter(None, said))
    for word in ("the", "your", "this", "answer", "card", "point", "points", "again", "and", "of", "it"):
        assert not re.search(rf"\b{word}\b", told, re.IGNORECASE), [line for line in said if f" {word} " in line]
    assert "Neu für dich: Nummer 1 von bis zu 20 neuen Karten heute." in told
    assert "Teilweise: 1 von 2 Punkten." in told
    assert "Fülle die Lücken" in told
    assert "2 Karten in 1 Stunde: 1 teilweise, 1 falsch." in told


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=3), "1 minute"),
        (timedelta(minutes=10), "10 minutes"),
        (timedelta(minutes=70), "1 hour"),
        (timedelta(hours=23, minutes=40), "1 day"),
        (timedelta(days=8), "8 days"),
        (timedelta(days=90), "3 months"),
        (timedelta(days=1000), "2.7 years"),
    ],
)
def test_length_of_time_in_words(length: timedelta, words: str) -> None:
    assert ENGLISH.span(length) == words


def test_length_of_time_in_german_follows_a_preposition() -> None:
    assert GERMAN.comes_back.format(span=GERMAN.span(timedelta(days=3))) == "Sie kommt in 3 Tagen wieder."
    assert GERMAN.span(timedelta(days=1000)) == "2,7 Jahren"
