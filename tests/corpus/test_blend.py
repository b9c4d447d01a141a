from dataclasses import replace

import numpy as np
import pytest

from corpus.blend import BY_MEANING, BY_STATES, BY_WORDS, Blend
from corpus.evidence import Evidence

STRONG = Evidence(
    late=0.8, dense=0.7, lexical=0.6, lead=0.4, asked=1.6, margin=0.2, gap=0.2, terse_gap=0.1, question_gap=0.1,
    question_worst=0.7, exact=1.0,
)  # fmt: skip
WEAK = Evidence(
    late=0.3, dense=0.1, lexical=0.0, lead=0.02, asked=1.6, margin=0.01, gap=0.8, terse_gap=0.4, question_gap=0.2,
    question_worst=0.1, fact=1.0,
)  # fmt: skip


@pytest.mark.parametrize("blend", [BY_STATES, BY_MEANING, BY_WORDS])
def test_strong_evidence_passes_the_bar_and_weak_does_not(blend: Blend) -> None:
    assert blend.probability(STRONG) > 0.8
    assert blend.probability(WEAK) < blend.bar


def test_a_card_far_from_the_query_answers_nothing_however_the_query_is_put() -> None:
    joined = replace(WEAK, asked=2.4, joins=1.0, gap=0.7, question_gap=0.1, terse_gap=0.2)
    assert replace(BY_STATES, far=-1.0).probability(joined) > BY_STATES.bar
    assert BY_STATES.probability(joined) < BY_STATES.bar


def test_words_count_the_more_the_better_any_card_meets_them() -> None:
    blend = Blend(late=1, dense=0.5, keyword_lexical=1, keyword_question=2)
    late, question, dense = np.array([0.5, 0.4]), np.array([0.1, 0.2]), np.array([0.2, 0.4])
    nothing, something = np.array([0.0, 0.0]), np.array([0.0, 0.5])
    assert blend.fuse(late, question, dense, nothing) == pytest.approx([0.6, 0.6])
    assert blend.fuse(late, question, dense, something) == pytest.approx([0.7, 1.05])
    assert blend.fuse(*[np.zeros(0, dtype=np.float32)] * 4).shape == (0,)


def test_scores_fall_from_the_probability_of_the_best() -> None:
    scores = BY_STATES.chances([1.0, 0.9, 0.2, -9.0], 0.8)
    assert scores[0] == pytest.approx(0.8)
    assert scores == sorted(scores, reverse=True)
    assert min(scores) >= 0
