"""Plain alternating lines on other subjects: `§ ` marks the questions in the files and is taken out before reading."""

from pathlib import Path

import pytest

from corpus.read import read_deck
from corpus.read.alternating import score

HERE = Path(__file__).parent
TUNED = sorted((HERE / "plain").glob("*.txt"))
APART = sorted((HERE / "plain_apart").glob("*.txt"))
# Questions without any sign of one, glued to the card above; and one "Why there?" inside an answer (named as a guess).
MISSED = {("geography", 20), ("music", 16), ("philosophy", 15)}


def decided(path: Path, folder: Path) -> tuple[set[int], set[int], set[int]]:
    """The lines that are questions, those found, and those named as a guess."""
    rows = path.read_text(encoding="utf-8").splitlines()
    copy = folder / path.name
    copy.write_text("\n".join(row.removeprefix("§ ") for row in rows), encoding="utf-8")
    deck = read_deck(copy)
    wanted = {line for line, row in enumerate(rows, 1) if row.startswith("§ ")}
    return wanted, {card.line for card in deck.cards}, {finding.line for finding in deck.findings}


@pytest.mark.parametrize("path", TUNED, ids=lambda path: path.stem)
def test_decks_the_scores_were_set_on_are_read_exactly(path: Path, tmp_path: Path) -> None:
    wanted, found, _ = decided(path, tmp_path)
    assert found == wanted


@pytest.mark.parametrize("path", APART, ids=lambda path: path.stem)
def test_decks_kept_apart_are_read_but_for_named_lines(path: Path, tmp_path: Path) -> None:
    wanted, found, _ = decided(path, tmp_path)
    assert {(path.stem, line) for line in wanted ^ found} <= MISSED


def test_near_decisions_are_named_and_their_cards_marked(tmp_path: Path) -> None:
    path = tmp_path / "law.txt"
    path.write_text(
        "Law Flashcards\nWhat is an offer?\nA promise to be bound\nWhat is a tort?\nA civil wrong\n"
        "Compare Nash v Inman\na case on minors\nWhat is a minor?\nSomeone under 18\n",
        encoding="utf-8",
    )
    deck = read_deck(path)
    assert [finding.kind for finding in deck.findings] == ["uncertain"]
    assert "Compare Nash v Inman" in deck.findings[0].message
    assert [card.uncertain for card in deck.cards] == [False, True, True, False]


def test_words_and_translations_are_taken_in_turns_and_marked(tmp_path: Path) -> None:
    path = tmp_path / "unit.txt"
    path.write_text(
        "Unit 3\nel ferrocarril\nrailway\nla huelga\nstrike\nahorrar\nto save\nla mesa\ntable\n", encoding="utf-8"
    )
    deck = read_deck(path)
    assert [card.question for card in deck.cards] == ["el ferrocarril", "la huelga", "ahorrar", "la mesa"]
    assert all(card.uncertain for card in deck.cards)
    assert [finding.kind for finding in deck.findings] == ["uncertain"]


def test_blank_lines_between_cards_decide_where_words_do_not(tmp_path: Path) -> None:
    path = tmp_path / "terms.txt"
    path.write_text(
        "Terms\n\nOsmosis\nwater moves\nthrough a membrane\n\nDiffusion\nparticles spread\nuntil even\n",
        encoding="utf-8",
    )
    assert [card.question for card in read_deck(path).cards] == ["Osmosis", "Diffusion"]


def test_bare_term_between_sentences_is_a_question_and_a_guess(tmp_path: Path) -> None:
    path = tmp_path / "tides.txt"
    path.write_text(
        "Tides\nWhat causes tides?\nThe pull of the Moon.\nSpring tide\nA very high tide when Sun and Moon align.\n"
        "Name the lowest tide.\nNeap\nName the largest tidal range.\nThat of the Bay of Fundy.\n",
        encoding="utf-8",
    )
    deck = read_deck(path)
    asked = ["What causes tides?", "Spring tide", "Name the lowest tide.", "Name the largest tidal range."]
    assert [card.question for card in deck.cards] == asked
    assert deck.cards[1].uncertain


@pytest.mark.parametrize(
    "line",
    [
        "What is Dropout?",
        "how to solve the zero-centering problem?",
        "What is Batch Gradient Descent? BGD",
        "Techniques to address overfitting in a NN",
        "describe what an element of a batch would be",
        "In which scenarios would LSTMs be beneficial?",
    ],
)
def test_lines_that_ask_score_above_zero(line: str) -> None:
    assert score(line) > 1


@pytest.mark.parametrize(
    "line",
    [
        "Why?",
        "How:",
        "Balance/sensible",
        "When learning rate is too small –>negative feedback",
        "- what to do",
        "Low Bias, High Variance:",
        "e.g. uniform random in the range [0,1]",
    ],
)
def test_lines_that_tell_score_below_zero(line: str) -> None:
    assert score(line) < -2
