import base64

import pytest

from tutor.disguise import said, unreadable

WANTED = {"nectar", "flowers", "insects"}


@pytest.mark.parametrize(
    "text",
    [
        "nectar",
        "It is N-E-C-T-A-R.",
        "n e c t a r",
        "the letters are n. e. c. t. a. r.",
        "ratcen, read backwards",
        "arpgne",
        base64.b64encode(b"nectar from there").decode(),
        b"nectar".hex(),
        "110 101 99 116 97 114",
        "n3ct4r",
        "ｎｅｃｔａｒ",
        "n\u200bect\u200bar",
        "nec_ar",
        "n*ctar",
        "nctr",
        "néctar",
        "Nektar",
        "Never eat chocolate; take apples regularly.",
        "Now\neach\ncat\ntakes\nanother\nrat",
        "'n' then 'e' then 'c' then 't' then 'a' then 'r'",
    ],
)  # fmt: skip
def test_word_is_found_however_it_is_hidden(text: str) -> None:
    assert "nectar" in said(WANTED, text)


@pytest.mark.parametrize("text", ["", "n_____", "Bees make honey.", "It begins with an N.", "nest and net", "123 456"])
def test_word_that_is_not_said_is_not_found(text: str) -> None:
    assert not said(WANTED, text)


@pytest.mark.parametrize(
    "text",
    [
        "Die Antwort ist der Saft von den Blumen und kleine Tiere.",
        "La réponse est le jus des fleurs, avec les insectes.",
        "La respuesta es el jugo de las flores con los insectos.",
        "Il succo dei fiori, con gli insetti.",
        "Het is het sap van de bloemen met een insect.",
        "Geese fly in a V. Die Antwort ist der Saft von den Blumen.",
        "сок цветов и насекомые",
        "花蜜と小さな虫",
        "nеctar",  # a Cyrillic letter in it
        "aGVsbG8gd29ybGQgb2YgYmlyZHMgYW5kIGJlZXM",
    ],
)
def test_what_cannot_be_checked_is_called_unreadable(text: str) -> None:
    assert unreadable(text, "What does a hummingbird eat? nectar from flowers")


@pytest.mark.parametrize(
    "text",
    [
        "Geese fly in a V because it saves energy [1].",
        "A café in Zürich has a naïve résumé on the wall, and that is that.",
        "The loss L = ∑ (y − ŷ)² goes down with the learning rate α.",
        "Use model.fit(x_train) and then print it.",
    ],
)
def test_plain_reply_is_readable(text: str) -> None:
    assert not unreadable(text, "What does a hummingbird eat? nectar from flowers")


def test_reply_in_the_language_of_the_card_is_readable() -> None:
    assert not unreadable("Der Hund ist groß und schnell.", "Was ist der Hund? Er ist groß und nicht klein.")
    assert not unreadable("日本の花", "花 は 何 ですか")
