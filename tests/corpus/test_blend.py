import numpy as np
import pytest

from corpus.blend import BY_MEANING, BY_STATES, BY_WORDS, Blend, Evidence, lead

STRONG = Evidence(late=0.8, dense=0.7, lexical=0.6, worst=0.7, lead=0.4, asked=4)
WEAK = Evidence(late=0.3, dense=0.1, lexical=0.0, worst=0.2, lead=0.02, asked=4)


@pytest.mark.parametrize("blend", [BY_STATES, BY_MEANING, BY_WORDS])
def test_strong_evidence_passes_the_bar_and_weak_does_not(blend: Blend) -> None:
    assert blend.probability(STRONG) > 0.7
    assert blend.probability(WEAK) < blend.bar


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


def test_the_lead_is_over_the_mean_of_the_next_four() -> None:
    assert lead([1.0, 0.8, 0.6, 0.4, 0.2, 0.0], rest_is_zero=False) == pytest.approx(0.5)
    assert lead([1.0, 0.8], rest_is_zero=False) == pytest.approx(0.2)
    assert lead([1.0, 0.8], rest_is_zero=True) == pytest.approx(0.8)
    assert lead([0.9], rest_is_zero=False) == pytest.approx(0.3)
