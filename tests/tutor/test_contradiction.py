import pytest

from tutor.clauses import words
from tutor.contradiction import clashes, together
from tutor.subjects import crossed, crossings, parts


def against(point: str, answer: str) -> float:
    return together(clashes(words(point), words(answer)))


@pytest.mark.parametrize(
    ("point", "answer"),
    [
        ("It stabilizes training by averaging gradients", "It destabilizes training by averaging gradients"),
        ("The hidden state stores the past", "The hidden state does not store the past"),
        ("Biases are initialized to 0.1", "Biases are initialized to 10"),
        ("Data flows from the encoder to the decoder", "Data flows from the decoder to the encoder"),
        ("The generator produces fakes, the discriminator detects them",
         "The discriminator produces fakes, the generator detects them"),
        ("low bias and high variance", "high bias and low variance"),
        ("Valves control the flow of water", "Water controls the flow of valves"),
        ("The student learns from the mistakes of the teacher", "The teacher learns from student mistakes"),
        ("gradients are multiplied by values < 1", "gradients are multiplied by values > 1"),
        ("the derivative is 1 for inputs > 0", "the derivative is 0 for inputs > 0"),
        ("L2 loss for normal residuals", "L1 loss for normal residuals"),
        ("blue waves are scattered more strongly than red ones", "air scatters red light more than blue light"),
        ("The generator makes images, the discriminator tells images of the generator from real ones",
         "The discriminator makes images, the generator tells images of the discriminator from real ones"),
    ],
)  # fmt: skip
def test_a_clause_that_says_the_opposite_clashes(point: str, answer: str) -> None:
    assert against(point, answer) > 0.5


@pytest.mark.parametrize(
    ("point", "answer"),
    [
        (
            "It stabilizes training by averaging previous gradients",
            "training is stable as past gradients are averaged",
        ),
        ("The hidden state stores the past", "the past is stored in the hidden state"),
        ("low bias and high variance", "bias is low and variance is high"),
        ("The network does not forget", "the network never forgets"),
        ("A causes B", "B is caused by A"),
        ("Valves control the flow of water", "control water flow via valves"),
        ("Gates control the flow of information", "control information flow via gates"),
        ("The output of the first layer is the input of the next", "the first layer output is the next input"),
        ("weights are not high", "weights are low"),
        ("writing to memory", "it is written to the memory and read from it"),
        ("blue waves are scattered more than red ones", "red light is scattered less than blue"),
        ("blue waves are scattered more than red ones", "blue light is scattered more than red light"),
        ("Moles cannot take advantage of colours and shades between things", "can't use shades between things"),
        ("the seal prevents leaking", "bring the lid down so that none leaks"),
        ("several deep canals are shared between all towns", "The towns share some deep canals"),
        ("the valve throws steam into the pipe", "the steam is thrown out into the pipe"),
    ],
)
def test_the_same_in_other_words_does_not_clash(point: str, answer: str) -> None:
    assert against(point, answer) < 0.5


def test_a_clause_that_names_one_subject_and_says_what_belongs_to_another_is_found() -> None:
    card = parts(
        [
            (words("Reset gate: how much of the previous state to remember"), 0, 2),
            (words("Update gate: how much of the new state replaces the old"), 0, 2),
        ]
    )
    found = crossed(card, words("the update gate says how much of the previous state to remember"))
    assert found is not None
    assert {found[0], found[1]} == {0, 1}
    assert crossed(card, words("the reset gate says how much of the previous state to remember")) is None


def test_two_subjects_that_are_each_given_what_is_the_others_are_exchanged() -> None:
    card = parts(
        [
            (words("Reset gate: how much of the previous state to remember"), 0, 2),
            (words("Update gate: how much of the new state replaces the old"), 0, 2),
        ]
    )
    both = [
        "the update gate says how much of the previous state to remember",
        "the reset gate how much the new replaces",
    ]
    found = crossings(card, [words(clause) for clause in both])
    assert all("exchanged" in {clash.kind for clash in found[at]} for at in (0, 1))
    once = crossings(card, [words(both[0])])
    assert "exchanged" not in {clash.kind for row in once.values() for clash in row}
    assert crossings(card, [words("the reset gate says how much of the previous state to remember")]) == {}
