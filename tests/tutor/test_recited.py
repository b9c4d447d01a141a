"""What turns a recited point into something else, and what does not."""

import pytest

from tutor.clauses import words
from tutor.recited import misquoted

CELL = "controls how much of the previous cell state is forgotten to compute the new cell state"
GAS = "The pressure rises when the volume falls"


@pytest.mark.parametrize(
    ("point", "answer", "kind"),
    [
        (CELL, "controls how much of the new cell state is forgotten to compute the previous cell state", "exchanged"),
        ("The dog was bitten by the cat in the garden", "the cat was bitten by the dog in the garden", "exchanged"),
        (
            "keeps it roughly the same across different layers",
            "keeps it roughly the different across same layers",
            "exchanged",
        ),
        ("Water boils at 100 degrees at sea level", "water boils at 90 degrees at sea level", "misquoted"),
        ("It explodes if the norm exceeds 1", "It explodes if the norm exceeds 10. That is bad.", "misquoted"),
        ("The water was evaporated, leaving the salt", "the water was not evaporated, leaving the salt", "misquoted"),
        (GAS, "the pressure falls when the volume falls", "misquoted"),
    ],
)
def test_what_is_turned_in_the_cards_own_words_is_found(point: str, answer: str, kind: str) -> None:
    assert [clash.kind for clash in misquoted(words(point), words(answer))] == [kind]


@pytest.mark.parametrize(
    ("point", "answer"),
    [
        (CELL, CELL),
        (GAS, "the pressure falls when the volume rises"),  # the same relation
        (GAS, "the pressure does not fall when the volume falls"),
        ("This handles variable-length inputs and outputs", "this handles variable-length outputs and inputs"),
        ("used for the flow of information between layers", "used for the information flow between layers"),
        ("uses two samples in each step of training", "uses 2 samples in each step of training"),
        ("a city of about 1,500 people at most", "a city of about 1500 people at most"),
        ("the bridge was built for at most 1500", "the bridge was built for at most 1,500"),
        ("the mean was found to be 2.5", "the mean was found to be 2,5"),
        ("the runner covers a distance of 5 km", "the runner covers a distance of 5000 m"),
        ("it is not a linear function of the weights", "it is a nonlinear function of the weights"),
        ("In 1492 Columbus sailed to America", "Columbus sailed to America in 1492"),
        ("prevents the network from overfitting to the data", "stops the network from overfitting to the data"),
        (CELL, "It decides what is dropped from memory, not what is kept: 10 of 100 cells"),  # recites nothing
    ],
)
def test_other_wording_is_let_be(point: str, answer: str) -> None:
    assert misquoted(words(point), words(answer)) == ()


def test_a_number_that_the_question_gives_is_no_claim() -> None:
    point, answer = words("the tree of the 5 nodes has a depth of 3"), words("the tree of the 5 nodes has a depth of 7")
    assert misquoted(point, answer)
    assert not misquoted(point, answer, frozenset({"7"}))
