"""Tables of cards: headers, delimiters, quotes, and rows that do not fit."""

import time
from pathlib import Path

import pytest

from corpus.card import Deck
from corpus.read import read_deck


def deck_of(folder: Path, text: str | bytes, name: str = "deck.csv") -> Deck:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_deck(path)


def texts(deck: Deck) -> list[tuple[str, str]]:
    return [(card.question, card.answer) for card in deck.cards]


@pytest.mark.parametrize(
    "text",
    [
        "question,answer\nq1,a1\nq2,a2\n",
        "answer,question\na1,q1\na2,q2\n",
        "Back;Front\na1;q1\na2;q2\n",
        "Term\tDefinition\nq1\ta1\nq2\ta2\n",
        "Frage;Antwort\nq1;a1\nq2;a2\n",
        "pregunta,respuesta\nq1,a1\nq2,a2\n",
        "問題,答え\nq1,a1\nq2,a2\n",
        "id,tags,Question Text,Answer Text\n1,,q1,a1\n2,,q2,a2\n",
        "sep=;\nq1;a1\nq2;a2\n",
        "sep=;\nquestion;answer\nq1;a1\nq2;a2\n",
        "q1,a1\nq2,a2\n",
        "q1\ta1\nq2\ta2\n",
        "q1|a1\nq2|a2\n",
        '"q1","a1"\r\n"q2","a2"\r\n',
        "\ufeffquestion,answer\nq1,a1\nq2,a2\n",
        "\n\nquestion,answer\n\nq1,a1\n\nq2,a2\n",
    ],
)
def test_headers_and_delimiters_are_found(tmp_path: Path, text: str) -> None:
    deck = deck_of(tmp_path, text)
    assert texts(deck) == [("q1", "a1"), ("q2", "a2")]
    assert not deck.findings


def test_first_row_is_a_card_unless_it_names_both_columns(tmp_path: Path) -> None:
    deck = deck_of(tmp_path, "Question,what one asks\nThe answer is,42\n")
    assert texts(deck) == [("Question", "what one asks"), ("The answer is", "42")]


def test_delimiter_is_the_one_that_fits_all_rows(tmp_path: Path) -> None:
    deck = deck_of(tmp_path, "red, green or blue?;red, mostly\nWhat, then?;nothing\nWhere;here, there, everywhere\n")
    assert texts(deck)[0] == ("red, green or blue?", "red, mostly")
    assert len(deck) == 3


def test_quoted_fields_hold_delimiters_quotes_and_lines(tmp_path: Path) -> None:
    deck = deck_of(tmp_path, 'question,answer\n"a ""b"", c","1\n2"\nplain "mid" quote,x\nlast,"y"\n')
    assert texts(deck) == [('a "b", c', "1\n2"), ('plain "mid" quote', "x"), ("last", "y")]
    assert [card.line for card in deck.cards] == [2, 4, 5]


def test_unclosed_quote_costs_no_card(tmp_path: Path) -> None:
    deck = deck_of(tmp_path, 'question,answer\nq1,"a1\nq2,a2\n5" disk,small\n"q4","a, 4"\n"x" y,z\n')
    assert texts(deck) == [("q1", '"a1'), ("q2", "a2"), ('5" disk', "small"), ("q4", "a, 4"), ('"x" y', "z")]
    assert [(f.kind, f.line) for f in deck.findings] == [("uncertain", 2), ("uncertain", 6)]
    assert "quotation mark is not closed" in deck.findings[0].message


def test_ragged_rows_are_kept_and_named(tmp_path: Path) -> None:
    deck = deck_of(tmp_path, "question,answer\nq1,a1, and more\nq2\nq3,a3\n", "biology.csv")
    assert texts(deck) == [("q1", "a1, and more"), ("q3", "a3")]
    assert [f.kind for f in deck.findings] == ["uncertain", "no_answer"]
    assert deck.findings[0].message == (
        "biology.csv line 2 has 3 fields, the header has 2. Quote the field that contains a comma."
    )


def test_tags_decks_guids_and_unknown_columns_are_kept(tmp_path: Path) -> None:
    deck = deck_of(tmp_path, "front,back,reading,tags,deck,guid\n犬,dog,いぬ,animal noun,Words::Animals,g1\n")
    (card,) = deck.cards
    assert (card.answer, card.tags, card.deck, card.guid) == (
        "dog\nreading: いぬ", ("animal", "noun"), "Words::Animals", "g1",
    )  # fmt: skip
    assert deck.name == "Words::Animals"


def test_plain_text_is_not_taken_for_html(tmp_path: Path) -> None:
    deck = deck_of(tmp_path, "question,answer\nif a<b and c>d,x &lt; y <br> z\n")
    assert texts(deck) == [("if a<b and c>d", "x &lt; y <br> z")]


def test_formulas_stay_text(tmp_path: Path) -> None:
    deck = deck_of(tmp_path, "question,answer\n=cmd|' /C calc'!A0,+1+1\n")
    assert texts(deck) == [("=cmd|' /C calc'!A0", "+1+1")]


def test_quizlet_text_export_needs_no_ending(tmp_path: Path) -> None:
    deck = deck_of(tmp_path, "mitosis\tcell division\nmeiosis\thalving, then division\n", "export.txt")
    assert texts(deck) == [("mitosis", "cell division"), ("meiosis", "halving, then division")]


def test_anki_text_export_is_read_by_its_own_header(tmp_path: Path) -> None:
    deck = deck_of(
        tmp_path,
        "#separator:Semicolon\n#html:true\n#guid column:1\n#notetype column:2\n#deck column:3\n#tags column:6\n"
        'g1;Basic;A::B;"q <b>1</b>";"one<br>two";t1 t2\n#not a comment;Basic;A::C;"2 &lt; 3";yes;\n',
        "notes.txt",
    )
    assert texts(deck) == [("q 1", "one\ntwo"), ("2 < 3", "yes")]
    assert [(c.guid, c.deck, c.tags) for c in deck.cards] == [
        ("g1", "A::B", ("t1", "t2")),
        ("#not a comment", "A::C", ()),
    ]
    assert deck.format == "Anki text"


def test_export_of_anki_cards_does_not_repeat_the_question(tmp_path: Path) -> None:
    text = (
        '#separator:tab\n#html:true\n"What is<br>it?"\t"What is<br>it?\n\n<hr id=answer>\n\na dot"\nq\t"q<br>a"\nr\tr\n'
    )
    assert texts(deck_of(tmp_path, text, "cards.txt")) == [("What is\nit?", "a dot"), ("q", "a"), ("r", "r")]


def test_line_separators_inside_fields_are_no_rows(tmp_path: Path) -> None:
    deck = deck_of(tmp_path, "question,answer\nq1,a\u2028b\u0085c\nq2,a2\n")
    assert len(deck) == 2
    assert deck.cards[0].answer.startswith("a\u2028b")


def test_twenty_thousand_rows_are_read_in_a_second_or_two(tmp_path: Path) -> None:
    rows = "".join(f'What is number {n}?,"It is {n}, in all",t{n % 5}\n' for n in range(20_000))
    start = time.process_time()
    assert len(deck_of(tmp_path, "question,answer,tags\n" + rows)) == 20_000
    assert time.process_time() - start < 4
