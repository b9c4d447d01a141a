import json
from pathlib import Path

import pytest

from evals.case import AnswerCase, Case, GradingCase, RetrievalCase, SubjectError
from evals.echo import echo
from evals.subject import Answer, Scripted, TutorSubject
from tutor.assemble import open_tutor
from tutor.config import load_settings
from tutor.errors import ConfigError
from tutor.settings import Settings

ASKED = AnswerCase(id="a", question="What is the dying ReLU problem?", reference="it only outputs 0")
GRADED = GradingCase(
    id="g",
    question="What does backpropagation do?",
    reference="computes all gradients required for the optimization of the network.",
    answer="it shuffles the images of the network",
    score=0.0,
)


def _settings(home: Path, url: str = "") -> Settings:
    toml = home / "tutor.toml"
    profile = f'[model]\nuse = "m"\n[models.m]\nmodel = "m"\nbase_url = "{url}"\ntimeout = 5\nretries = 0\n'
    toml.write_text((profile if url else "") + '[embeddings]\nuse = "none"\n')
    return load_settings(toml, environ={"XDG_DATA_HOME": str(home / "d"), "XDG_CACHE_HOME": str(home / "c")})


def test_the_tutor_answers_each_kind_of_case(home: Path) -> None:
    with open_tutor(_settings(home)) as tutor:
        subject = TutorSubject(tutor)
        found = subject.answer(RetrievalCase(id="r", query="dying ReLUs", relevant=("x",)))
        assert found.found[0].question == "What is the dying ReLUs problem?"
        assert found.answerable
        reply = subject.answer(ASKED)
        assert reply.text
        assert reply.found[0].text
        assert reply.first_seconds is not None
        assert (reply.model, reply.output_tokens) == ("", 0)
        grade = subject.answer(GRADED)
        assert grade.score is not None
        assert grade.score < 0.5
        assert grade.points
        with pytest.raises(SubjectError, match="no answer to a Case"):
            subject.answer(Case(id="x"))
    assert subject.about["model"] == "none"
    assert subject.name == "none"


def test_a_model_that_answers_is_named_with_its_tokens(home: Path) -> None:
    with echo(tokens=20) as url, open_tutor(_settings(home, url)) as tutor:
        subject = TutorSubject(tutor)
        reply = subject.answer(ASKED)
        assert "m" in reply.model
        assert (reply.input_tokens, reply.output_tokens) == (100, 20)
        assert "memory of the network" in reply.text
        assert subject.about["model"] == "m"
        assert "http" not in json.dumps(dict(subject.about)) or "127.0.0.1" in subject.about["where"]


def test_a_model_that_is_away_is_an_error_and_no_answer_of_the_tutors(home: Path) -> None:
    with open_tutor(_settings(home, "http://127.0.0.1:9/v1")) as tutor:
        subject = TutorSubject(tutor)
        for case in (ASKED, GRADED):
            with pytest.raises(SubjectError, match="cannot be reached"):
                subject.answer(case)


def test_a_profile_without_its_key_is_refused_before_anything_runs(home: Path) -> None:
    settings = _settings(home, "http://127.0.0.1:9/v1")
    profile = settings.models["m"].model_copy(update={"api_key_env": "NO_SUCH_KEY"})
    settings = settings.model_copy(update={"models": {"m": profile}})
    with open_tutor(settings) as tutor, pytest.raises(ConfigError, match="the profile m cannot be used"):
        TutorSubject(tutor)


def test_the_double_says_what_it_is_told_and_keeps_count() -> None:
    double = Scripted({"a": Answer(text="x"), "g": ValueError("odd")})
    assert double.answer(ASKED).text == "x"
    with pytest.raises(ValueError, match="odd"):
        double.answer(GRADED)
    with pytest.raises(SubjectError, match="holds no answer to 'r'"):
        double.answer(RetrievalCase(id="r", query="q"))
    assert double.asked == ["a", "g", "r"]
