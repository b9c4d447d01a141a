import pytest

from corpus.card import Card, KeyPoint
from tutor.cite import CitationGate, cite, unmarked, words


@pytest.mark.parametrize(
    ("text", "shown", "used", "invented"),
    [
        ("a [1] b", "a [1] b", [1], []),
        ("a [1, 2] b", "a [1][2] b", [1, 2], []),
        ("a [1-3]", "a [1][2][3]", [1, 3, 2], []),
        ("a 【2】", "a [2]", [2], []),
        ("a [card 2] b [^1]", "a [2] b [1]", [2, 1], []),
        ("a [7] b", "a  b", [], [7]),
        ("a [2, 7]", "a [2]", [2], [7]),
        ("in [0, 1] and x[0]", "in [0, 1] and x[0]", [], []),
        ("a [link](x) [2019] [", "a [link](x) [2019] [", [], []),
    ],
)
def test_marks_are_checked_wherever_the_pieces_break(
    text: str, shown: str, used: list[int], invented: list[int]
) -> None:
    for size in (1, 2, 3, 100):
        gate = CitationGate(3)
        parts = [gate.feed(text[at : at + size]) for at in range(0, len(text), size)]
        assert "".join([*parts, gate.finish()]) == shown
        assert sorted(gate.used) == sorted(used)
        assert gate.invented == invented


def test_citation_quotes_the_key_point_that_was_meant() -> None:
    points = (KeyPoint(id="1", text="It pumps blood."), KeyPoint(id="2", text="Four chambers", head="Parts:"))
    card = Card(id="c", deck="Heart", index=1, question="The heart?", answer="...", key_points=points)
    assert cite(1, card, "The heart has four chambers [1].").quote == "Parts: Four chambers"
    assert cite(1, card, "Blood is pumped [1].").quote == "It pumps blood."
    assert cite(1, Card(id="c", deck="d", index=1, question="q", answer="word " * 100)).quote.endswith("word…")


def test_words_that_carry_no_meaning_do_not_count() -> None:
    assert words("What are the chambers of the Heart?") == {"chamber", "heart"}
    assert words("loss and theories") == {"loss", "theory"}


def test_text_of_a_card_cannot_pass_for_a_mark() -> None:
    assert unmarked("[3] says x[1] and [12], not [a]") == "(3) says x[1] and (12), not [a]"
