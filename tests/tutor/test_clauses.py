import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutor.clauses import clean, prepare, stem, words


def test_spellings_and_endings_share_a_stem() -> None:
    for one, other in (
        ("regularise", "regularization"),
        ("gradients", "gradient"),
        ("written", "writing"),
        ("normalizes", "normalised"),
        ("dependency", "dependencies"),
    ):
        assert stem(one) == stem(other)


def test_negation_reaches_the_words_after_it_and_stops_at_a_comma() -> None:
    marked = {word.text: word.negated for word in words("It does not reset the gate, the gate updates")}
    assert marked["reset"]
    assert not marked["updates"]


def test_not_only_denies_nothing() -> None:
    assert not any(word.negated for word in words("not only the weights but also the biases"))


def test_a_whole_sentence_can_be_denied() -> None:
    assert all(word.negated for word in words("It is not true that pooling saves parameters")[5:])


def test_clauses_are_sentences_and_their_parts() -> None:
    text = prepare("Reset gate: forgets the past, update gate: keeps it. Both are learned")
    cut = [text.text[clause.start : clause.end] for clause in text.clauses]
    assert "forgets the past" in cut
    assert "update gate: keeps it" in cut
    assert "Both are learned" in cut


def test_invisible_characters_are_taken_out() -> None:
    assert clean("gra\u200bdi\u2060ent \U000e0041\u202e") == "gradient "


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_every_word_lies_where_it_says(text: str) -> None:
    seen = prepare(text)
    for word in seen.words:
        assert 0 <= word.start < word.end <= len(seen.text)
    for clause in seen.clauses:
        assert 0 <= clause.first < clause.last <= len(seen.words)


@pytest.mark.parametrize(
    ("text", "undenied"),
    [
        ("tide not yet low -> boats float", "boats"),
        ("tide not yet low => boats float", "boats"),
        ("tide not yet low → boats float", "boats"),
        ("none is negative and they add up", "add"),
    ],
)
def test_a_denial_ends_at_an_arrow_and_at_the_next_subject(text: str, undenied: str) -> None:
    assert {word.text: word.negated for word in words(text)}[undenied] is False
