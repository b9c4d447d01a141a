"""Which texts ask the same in other words."""

from hypothesis import given
from hypothesis import strategies as st

from corpus.similar import alike, candidates, overlap, words

vocabulary = st.lists(
    st.sampled_from("high low bias gradient gradients gradeint learning learned not cell".split()), max_size=5
)


def test_framing_words_and_plurals_do_not_count() -> None:
    assert words("What is the role of the hidden states in RNNs?") == ("role", "hidden", "state", "rnn")
    assert words("Name the gates") == ("gate",)
    assert words("What is it?") == ("what", "is", "it")


def test_overlap_is_the_share_of_common_words() -> None:
    assert overlap(("a", "b"), ("b", "c")) == 1 / 3
    assert overlap((), ()) == 1


def test_order_counts_where_words_are_the_same() -> None:
    assert alike(("convert", "c", "f"), ("convert", "f", "c")) == "no"
    assert alike(("a", "b"), ("a", "b")) == "yes"


@given(st.lists(vocabulary.map(tuple), max_size=12))
def test_no_alike_pair_is_missed(texts: list[tuple[str, ...]]) -> None:
    pairs = set(candidates(texts))
    wanted = {
        (one, two)
        for one in range(len(texts))
        for two in range(one + 1, len(texts))
        if alike(texts[one], texts[two]) != "no"
    }
    assert wanted <= pairs


def test_contraction_is_the_same_as_the_words_it_stands_for() -> None:
    assert alike(words("What's the capital of Spain?"), words("What is the capital of Spain?")) == "yes"
