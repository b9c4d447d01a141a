from corpus.card import Card, KeyPoint
from tutor.german_speech import GERMAN
from tutor.quote import Ranked, not_in_cards, quote


def made(question: str, *points: str, head: str = "", index: int = 1) -> Card:
    listed = tuple(KeyPoint(id=f"{at}", text=point, head=head) for at, point in enumerate(points))
    return Card(
        id=f"card{index}", deck="D", index=index, question=question, answer="\n".join(points), key_points=listed
    )


def test_card_with_one_point_is_quoted_in_a_line() -> None:
    text, citations = quote("what pumps blood", [Ranked(card=made("What pumps blood?", "The heart."), score=0.9)])
    assert text == "The heart. [1]"
    assert [citation.card for citation in citations] == ["card1"]


def test_points_under_a_heading_are_quoted_under_it() -> None:
    card = made("Parts of the heart?", "left", "right", head="Chambers:")
    text, _ = quote("parts of the heart", [Ranked(card=card, score=0.9)])
    assert text == "From the card “Parts of the heart?”:\n- Chambers:\n  - left [1]\n  - right [1]"


def test_of_a_long_answer_the_points_that_answer_are_quoted_in_their_order() -> None:
    points = [f"fact number {number}" for number in range(8)] + ["valves stop the back-flow", "nothing else"]
    text, _ = quote("which valves stop back-flow", [Ranked(card=made("Tell me all", *points), score=0.9)])
    assert "valves stop the back-flow [1]" in text
    assert "fact number" not in text


def test_answer_that_is_asked_for_as_a_whole_is_quoted_whole() -> None:
    points = [f"rule {number}" for number in range(9)]
    text, _ = quote("the nine rules of chess", [Ranked(card=made("Nine rules of chess?", *points), score=0.9)])
    assert text.count("[1]") == 9


def test_further_card_is_quoted_only_where_it_is_nearly_as_good_and_adds_something() -> None:
    best = Ranked(card=made("What is a pulse?", "A beat of the artery.", index=1), score=0.9)
    near = Ranked(card=made("How fast is a pulse?", "Seventy beats of the pulse a minute.", index=2), score=0.85)
    far = Ranked(card=made("What is a pulse dial?", "An old telephone pulse.", index=3), score=0.3)
    text, citations = quote("what is a pulse", [best, near, far])
    assert text.startswith("A beat of the artery. [1]")
    assert "See also “How fast is a pulse?”: Seventy beats of the pulse a minute. [2]" in text
    assert [citation.card for citation in citations] == ["card1", "card2"]


def test_nearest_cards_are_named_where_none_answers() -> None:
    near = Ranked(card=made("What pumps\nblood?", "The heart."), score=0.2)
    assert not_in_cards([near]) == ("The cards do not answer this. The nearest ones are:\n- What pumps blood? (D)")
    assert not_in_cards([]) == "The cards do not answer this."
    assert not_in_cards([near], GERMAN).startswith("Die Karten beantworten das nicht. Am nächsten kommen:\n- What")
