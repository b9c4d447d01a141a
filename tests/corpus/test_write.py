"""What is written can be read again: every card field that a format can hold comes back as it was."""

import csv
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus.card import Card, Deck, identify
from corpus.errors import DeckError
from corpus.keypoints import split
from corpus.read import read_deck
from corpus.read.columns import key_of
from corpus.write import write_deck

HELD = {"question", "answer", "tags", "deck", "guid", "id", "index"}


def fields(card: Card, *, wanted: set[str] = HELD) -> dict[str, object]:
    return {name: getattr(card, name) for name in wanted}


def plain(text: str) -> str:
    """A text as every reader leaves it."""
    return unicodedata.normalize("NFC", "\n".join(row.rstrip() for row in text.split("\n"))).strip()


letters = st.characters(exclude_categories=("Cs", "Cc", "Cf"), include_characters="\n\t")
texts = st.text(letters, min_size=1, max_size=60).map(plain).filter(bool)
tricky = st.sampled_from(
    [
        'a "quoted" word',
        '"',
        "a,b;c\td",
        "=1+1",
        "#tags",
        "#separator:comma",
        "- one\n- two",
        "a<b and c>d",
        "x\n\ny",
        "{",
        "'",
        "'=1+1",
        "''@x",
        "+1",
    ]
)
words = st.from_regex(r"[a-z0-9_:äß-]{1,8}", fullmatch=True).filter(lambda word: word.strip(":_-") != "")
cards = st.builds(
    lambda question, answer, tags, deck, guid: Card(
        id="", deck=deck, index=1, question=question, answer=answer, tags=tuple(dict.fromkeys(tags)), guid=guid,
        key_points=split(answer),
    ),
    st.one_of(texts, tricky),
    st.one_of(texts, tricky),
    st.lists(words, max_size=3),
    st.sampled_from(["Biology", "Biology::Cells"]),
    st.one_of(st.just(""), st.from_regex(r"[A-Za-z0-9!#$%&()*+,./:;<=>?@^_`{|}~-]{3,10}", fullmatch=True)),
)  # fmt: skip


def deck_of(found: list[Card]) -> Deck:
    numbered = [
        Card(
            id="", deck=c.deck, index=n, question=c.question, answer=c.answer, tags=c.tags, guid=c.guid,
            key_points=c.key_points,
        )
        for n, c in enumerate(found, 1)
    ]  # fmt: skip
    keys = [key_of(card.guid) for card in numbered]
    return Deck(name="Biology", path="", format="test", cards=identify(numbered, keys))


def each_once(found: list[Card]) -> bool:
    """No two cards of one guid, and none of one name with other words: no format can tell such cards apart."""
    guids = [card.guid for card in found if card.guid]
    ids = {card.id: card.text for card in deck_of(found).cards}
    return len(set(guids)) == len(guids) and all(ids[card.id] == card.text for card in deck_of(found).cards)


# Few decks of many cards: genanki takes a seventh of a second a file, whatever is in it.
@settings(max_examples=35, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(found=st.lists(cards, min_size=1, max_size=12).filter(each_once))
def test_package_read_again_has_the_same_cards_but_for_runs_of_blanks_which_html_cannot_hold(
    found: list[Card], tmp_path: Path
) -> None:
    deck = deck_of(found)
    again = read_deck(write_deck(deck, tmp_path / "deck.apkg"))
    wanted = {"tags", "deck", "guid", "id"}
    said = [(card.question.split(), card.answer.split(), fields(card, wanted=wanted)) for card in again.cards]
    meant = [(card.question.split(), card.answer.split(), fields(card, wanted=wanted)) for card in deck.cards]
    assert sorted(said, key=str) == sorted(meant, key=str)


@pytest.mark.parametrize("ending", [".txt", ".csv", ".jsonl"])
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(found=st.lists(cards, min_size=1, max_size=6).filter(each_once))
def test_read_after_write_gives_the_same_cards(ending: str, found: list[Card], tmp_path: Path) -> None:
    deck = deck_of(found)
    again = read_deck(write_deck(deck, tmp_path / f"deck{ending}"))
    assert [fields(card) for card in again.cards] == [fields(card) for card in deck.cards]
    assert [card.key_points for card in again.cards] == [card.key_points for card in deck.cards]
    assert not again.skipped


@pytest.mark.parametrize("ending", [".txt", ".csv", ".jsonl"])
def test_bundled_decks_survive_every_format(ending: str, bundled: tuple[Path, ...], tmp_path: Path) -> None:
    for path in bundled:
        deck = read_deck(path)
        again = read_deck(write_deck(deck, tmp_path / f"{path.stem}{ending}"))
        wanted = {"question", "answer", "deck", "id", "key_points"}
        assert [fields(c, wanted=wanted) for c in again.cards] == [fields(c, wanted=wanted) for c in deck.cards]
        assert again.name == deck.name


def test_no_cell_of_a_written_table_is_run_by_a_spreadsheet(tmp_path: Path) -> None:
    cells = ("=HYPERLINK(1)", "+1", "-2+3", "@x", "'=1", "plain")
    deck = deck_of([Card(id="", deck="=D", index=1, question=f"{one} ?", answer=one, guid=one) for one in cells])
    with write_deck(deck, tmp_path / "deck.csv").open(encoding="utf-8-sig", newline="") as file:
        written = list(csv.reader(file))
    assert not [cell for row in written for cell in row if cell[:1] in ("=", "+", "-", "@")]
    assert [row[1] for row in written[1:]] == ["'=HYPERLINK(1)", "'+1", "'-2+3", "'@x", "''=1", "plain"]
    assert [card.answer for card in read_deck(tmp_path / "deck.csv").cards] == list(cells)


def test_apostrophe_in_a_table_of_others_stays(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("front,back\nWhat is it?,'=1\n")
    assert [card.answer for card in read_deck(tmp_path / "mine.csv").cards] == ["'=1"]


def test_key_points_that_a_person_edited_survive_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"question": "q", "answer": "a, b", "key_points": ["a", {"text": "b", "head": "also"}]}\n')
    again = read_deck(write_deck(read_deck(path), tmp_path / "b.jsonl"))
    assert [(point.text, point.head) for point in again.cards[0].key_points] == [("a", ""), ("b", "also")]


def test_anki_text_says_which_column_is_what(tmp_path: Path) -> None:
    deck = deck_of([Card(id="", deck="D", index=1, question="q", answer="a\nb", tags=("x", "y z"), guid="g!1")])
    written = write_deck(deck, tmp_path / "d.txt").read_text(encoding="utf-8")
    assert written == (
        "#separator:tab\n#html:false\n#guid column:1\n#deck column:2\n#tags column:5\n"
        '"g!1"\t"D"\t"q"\t"a\nb"\t"x y_z"\n'
    )


def test_unknown_ending_own_file_and_missing_folder_are_refused(tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_text("question,answer\nq,a\n")
    deck = read_deck(source)
    with pytest.raises(DeckError, match=r"\.docx.*Use \.txt"):
        write_deck(deck, tmp_path / "a.docx")
    with pytest.raises(DeckError, match="own file"):
        write_deck(deck, source)
    with pytest.raises(DeckError, match="cannot be written"):
        write_deck(deck, tmp_path / "gone" / "a.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv"]


def test_package_is_read_again_or_says_what_to_install(tmp_path: Path) -> None:
    deck = deck_of([Card(id="", deck="D", index=1, question="1 < 2?", answer="{{c1::yes}} <b>\n  - & so")])
    if not _has_genanki():
        with pytest.raises(DeckError, match="genanki"):
            write_deck(deck, tmp_path / "a.apkg")
        return
    (again,) = read_deck(write_deck(deck, tmp_path / "a.apkg")).cards
    assert (again.question, again.answer, again.deck) == ("1 < 2?", "{{c1::yes}} <b>\n  - & so", "D")


def _has_genanki() -> bool:
    from importlib.util import find_spec

    return find_spec("genanki") is not None
