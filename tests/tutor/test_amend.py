from corpus.card import Card
from tutor.amend import edited
from tutor.events import Edit
from tutor.rules import kept


def test_learners_own_points_and_tags_take_the_place_of_the_cards(cards: tuple[Card, ...]) -> None:
    _, body, told = kept(Edit("", "", points="it saves energy\n\nthey keep together", tags="sky, exam"))
    card = edited(cards[2], body)
    assert told
    assert [point.text for point in card.key_points] == ["it saves energy", "they keep together"]
    assert card.tags == ("sky", "exam")
    assert (card.id, card.question, card.answer) == (cards[2].id, cards[2].question, cards[2].answer)


def test_points_of_a_changed_answer_are_found_anew_where_none_are_given(cards: tuple[Card, ...]) -> None:
    card = edited(cards[2], {"question": "", "answer": "- they rest\n- they talk"})
    assert [point.text for point in card.key_points] == ["they rest", "they talk"]
