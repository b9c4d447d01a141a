from pathlib import Path

import pytest

from evals.case import DialogueCase, read_cases
from evals.dialogue import move_of
from evals.run import run_cases
from evals.subject import TutorSubject
from evals.suite import load_suite
from tutor import events
from tutor.assemble import open_tutor
from tutor.config import load_settings


def test_moves_are_read_from_their_lines() -> None:
    assert move_of("hint") == events.AskHint()
    assert move_of("don't know") == events.DontKnow()
    assert move_of("ask: why: because?") == events.Ask("why: because?")
    assert move_of("rate: 3") == events.Rate(3)
    for wrong in ("jump", "ask:", "rate: five", "hint: 2"):
        with pytest.raises(ValueError, match=r"no move|five"):
            move_of(wrong)


def test_a_wrong_move_is_a_fault_of_the_case_file(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text('{"id": "d", "card": "x", "moves": ["jump"]}\n{"id": "e", "card": "x", "moves": []}\n')
    _, faults = read_cases(path, "dialogue")
    assert "line 1: 'jump' is no move" in faults[0]
    assert "line 2: `moves` is empty" in faults[1]


def test_a_scripted_learner_is_played_against_the_tutor(home: Path, indexed: Path) -> None:
    with open_tutor(load_settings()) as tutor:
        subject = TutorSubject(tutor)
        card = "Name a function that models the all-or-nothing response of biological neurons."
        case = DialogueCase(id="d", card=card, moves=("rate: 5", "hint", "answer: the threshold function", "rate: 5"))
        answer = subject.answer(case)
        assert answer.verdict == "correct"
        assert "Threshold" in answer.text
        assert answer.before
        assert not any("threshold" in text.casefold() for text in answer.before)
        assert [flag.partition(":")[0] for flag in answer.flags] == ["refused", "rated"]
        suite = load_suite("dialogue").select(tags=["plain"], limit=3)
        run = run_cases(suite, [subject])[0]
        assert run.counts == {"scored": 3, "unscored": 0, "error": 0}
        assert {score.value for result in run.results for score in result.scores.values()} == {1.0}
