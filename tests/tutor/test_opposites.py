import pytest

from tutor.opposites import alike, opposed, opposite


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hypertension", "hypotension"),
        ("increases", "decreases"),
        ("convex", "nonconvex"),
        ("stable", "unstable"),
        ("before", "after"),
        ("overfitting", "underfitting"),
        ("encoder", "decoder"),
        ("supervised", "unsupervised"),
        ("stabilizes", "destabilizes"),
        ("more", "less"),
        ("always", "never"),
        ("intracellular", "intercellular"),
        ("oviparous", "viviparous"),
        ("eukaryotic", "prokaryotic"),
        ("robust", "fragile"),
    ],
)
def test_opposed_terms_are_known_and_never_alike(one: str, other: str) -> None:
    assert opposed(one, other)
    assert opposed(other, one)
    assert alike(one, other) == 0


@pytest.mark.parametrize(
    ("one", "other"), [("raised", "grew"), ("weights", "weight"), ("gradient", "gradeint"), ("lowers", "reduces")]
)
def test_words_that_say_the_same_are_alike(one: str, other: str) -> None:
    assert alike(one, other) >= 0.7
    assert not opposed(one, other)


def test_an_opposite_is_opposed() -> None:
    for word in ("increasing", "backward", "high", "supervised", "global"):
        assert opposed(word, opposite(word))
