import pytest

from evals.case import AnswerCase
from evals.judge import Judge
from evals.metrics import METRICS, Score, Tools
from evals.subject import Answer, Found
from tests.evals.test_judge import Says
from tutor.match import Matcher

CASE = AnswerCase(
    id="a",
    question="What does pooling do?",
    reference="- compresses information\n- reduces overfitting\n- saves parameters",
    must_not=("adds parameters",),
    cards=("What is pooling?",),
)
CARD = Found(card="c1", question="What is pooling?", quote="saves parameters", text="It saves parameters, and more.")


def _score(name: str, answer: Answer, tools: Tools | None = None, case: AnswerCase = CASE) -> Score:
    score = METRICS[name].score(case, answer, tools or Tools())
    assert score
    return score


def test_points_said_in_the_references_words_need_no_matcher() -> None:
    whole = Answer(text="It compresses  information, saves PARAMETERS and it reduces overfitting.")
    assert _score("coverage", whole).value == 1


def test_open_points_are_unscored_without_matcher_and_judge() -> None:
    score = _score("coverage", Answer(text="It compresses information."))
    assert score.value is None
    assert "2 of 3 points are settled neither by exact words" in score.reason


def test_an_empty_or_refusing_reply_covers_nothing() -> None:
    assert _score("coverage", Answer(text=" ")).value == 0
    assert _score("coverage", Answer(text="Nothing in your decks answers this.", answerable=False)).value == 0


def test_the_matcher_settles_what_words_leave_open() -> None:
    tools = Tools(matcher=Matcher(None))
    score = _score("coverage", Answer(text="It compresses information. Whales sing at night."), tools)
    assert score.value is not None
    assert score.value < 1
    assert "saves parameters" in score.reason


def test_the_judge_is_asked_for_open_points_only_and_counts_partly_as_half() -> None:
    model = Says("P1: MADE\nP2: PARTLY")
    reply = Answer(text="It compresses information, and the model stays small and general.")
    score = _score("coverage", reply, Tools(judge=Judge(model)))
    assert score.value == pytest.approx(2.5 / 3)
    assert "compresses information" not in model.prompts[0].split("=== ")[0]
    assert "by the judge" in score.reason


def test_points_the_judge_says_nothing_usable_about_are_unscored() -> None:
    score = _score("coverage", Answer(text="It is small."), Tools(judge=Judge(Says("perhaps", "P9: MADE"))))
    assert score.value is None
    assert "3 of 3 points are settled neither by the judge" in score.reason


def test_forbidden_words_are_found_whole_and_in_any_case() -> None:
    assert _score("must_not", Answer(text="Pooling ADDS parameters!")).value == 0
    assert _score("must_not", Answer(text="It never adds parametersets.")).value == 1
    assert METRICS["must_not"].score(AnswerCase(id="x", question="q", reference="r"), Answer(), Tools()) is None


def test_citations_must_quote_the_card_and_marks_must_refer_to_one() -> None:
    good = Answer(text="It saves parameters [1].", found=(CARD,))
    assert _score("citation_validity", good).value == 1
    invented = Answer(text="x [1]", found=(Found(card="c1", question="q", quote="makes coffee", text="saves"),))
    assert _score("citation_validity", invented).value == 0
    dangling = Answer(text="It saves [1], it compresses [2].", found=(CARD,))
    assert _score("citation_validity", dangling).value == 0.5
    assert _score("citation_validity", Answer(text="It saves.")).value == 0


def test_the_expected_card_must_be_cited() -> None:
    assert _score("cites_card", Answer(found=(CARD,))).value == 1
    assert _score("cites_card", Answer(found=(Found(card="x", question="y"),))).value == 0


def test_invented_citations_are_counted_though_the_tutor_took_them_out() -> None:
    flags = ("The reply cited cards that were not retrieved ([7]); those marks were taken out.",)
    assert _score("invented", Answer(text="x", flags=flags)).value == 1
    assert _score("invented", Answer(text="x")).value == 0
