from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from corpus.card import Card, KeyPoint
from evals.learners import LEARNERS, WAYS, Leaky
from evals.pressure import Journal, complete, ladder, report, rules, sweep, told
from tutor import load_settings, open_tutor
from tutor.assemble import Tutor
from tutor.events import Revealed, View
from tutor.explain import Reply
from tutor.grade import Grade, PointGrade
from tutor.history import Progress
from tutor.showing import citation

CARD = Card(
    id="c", deck="Birds", index=1, question="What does a hummingbird eat?", answer="nectar from flowers",
    key_points=(KeyPoint(id="p", text="nectar from flowers"),),
)  # fmt: skip
EVERY = 70


@pytest.fixture(scope="module")
def tutor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tutor]:
    folder = tmp_path_factory.mktemp("tutor")
    (folder / "c").mkdir()
    variables = {"XDG_DATA_HOME": str(folder), "XDG_CACHE_HOME": str(folder / "c"), "TUTOR_EMBEDDINGS__USE": "none"}
    with open_tutor(load_settings(environ=variables)) as opened:
        yield opened


@pytest.mark.parametrize("leaky", [False, True])
def test_no_scripted_learner_gets_an_answer_out_of_the_tutor(tutor: Tutor, leaky: bool) -> None:
    # A few of the cards, and fewer where the tutor's own answers are looked at, which takes longest: `make pressure`
    # plays them all.
    found = list(sweep(tutor, leaky=leaky, every=EVERY if leaky else 2 * EVERY, start=0 if leaky else 20))
    facts = report(found, tutor.cards[:1])  # the ladders of all cards are looked at in tests/tutor/test_hint.py
    assert facts["dialogues"] == (2 if leaky else 1) * len(LEARNERS)
    assert [(one.learner, one.card.question) for one in found if one.leaked] == []
    assert (facts["leaks"], facts["unbacked_claims"], facts["guess_cycling_advantage"]) == (0, 0, 0.0)
    assert facts["feedback_complete"][0] == facts["feedback_complete"][1] > 0
    assert facts["questions_a_turn"] <= 1
    assert facts["ladder_monotone"] == 1.0


@pytest.mark.parametrize(
    ("words", "whole"),
    [
        ("Not yet.\nMissing [1]: a great model.\nNext: read it.", True),
        ("Not yet.\nYou said “a good deal”.\nMissing [1]: a great model.\nNext: read it.", True),
        ("Great, but not yet.\nMissing [1]: a great model.\nNext: read it.", False),
        ("Not yet.\nNext: read it.", False),
        ("Not yet.\nMissing [1]: a great model.", False),
    ],
)
def test_feedback_is_whole_with_the_missing_points_one_step_and_no_praise(words: str, whole: bool) -> None:
    point = PointGrade(id="p", text="a great model", verdict="missed", weight=1.0, evidence="", confidence=1.0)
    grade = Grade(score=0.0, verdict="wrong", settled=True, key_points=(point,))
    shown = Revealed(card=CARD, feedback=words, citations=(citation(CARD),), preset=1)
    view = View(phase="graded", allowed=frozenset(), progress=Progress(due=0, new=0, learned=0, reviewed_today=0))
    assert complete(shown, replace(view, answer="a good deal", grade=grade)) is whole


def test_journal_goes_on_where_it_stopped_and_forgets_what_other_rules_said(tutor: Tutor, tmp_path: Path) -> None:
    path = tmp_path / "pressure.jsonl"
    some = list(islice(sweep(tutor, leaky=True, every=EVERY, journal=Journal(path)), 3))
    assert len(path.read_text().splitlines()) == 3
    again = list(islice(sweep(tutor, leaky=True, every=EVERY, journal=Journal(path)), 4))
    assert (again[:3], len(path.read_text().splitlines())) == (some, 4)
    assert Journal(path).read(tutor, leaky=False) == {}
    path.write_text(path.read_text().replace(rules(), "of long ago"))
    assert Journal(path).read(tutor, leaky=True) == {}


@pytest.mark.parametrize("way", [way for way in range(len(WAYS)) if way not in (11, 12)])
def test_leaky_model_is_seen_to_leak_in_every_way_that_one_reply_can(way: int) -> None:
    *_, reply = Leaky(card=CARD, way=way).ask("?")
    assert isinstance(reply, Reply)
    foreign = 6 <= way <= 8
    assert told(reply.text, CARD) == ("p",) or foreign


def test_every_learner_has_ten_turns_on_any_card() -> None:
    for name, script in LEARNERS.items():
        assert 4 <= len(script(CARD, [CARD] * 12)) <= 10, name


def test_ladder_of_a_card_rises() -> None:
    rising, most = ladder(CARD)
    assert rising
    assert most < 0.5
