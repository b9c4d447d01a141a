"""A card is one chunk; a long one is cut at its points and asks its question again in each part."""

from dataclasses import replace
from pathlib import Path

from corpus.card import Card, card_id
from corpus.chunk import chunk_cards
from corpus.read import read_decks
from corpus.tokens import count_tokens


def card(question: str, answer: str, path: str = "a.txt") -> Card:
    return Card(id=card_id(question), deck="D", index=1, question=question, answer=answer, path=path)


def test_every_bundled_card_is_one_chunk(bundled: tuple[Path, ...]) -> None:
    cards = [c for deck in read_decks(bundled) for c in deck.cards]
    chunks = chunk_cards(cards)
    assert [chunk.text for chunk in chunks] == [c.text for c in cards]
    assert len({chunk.id for chunk in chunks}) == 153


def test_long_card_is_cut_at_its_lines_with_the_question_said_again() -> None:
    lines = [f"- point {n} says something about the matter at hand" for n in range(60)]
    chunks = chunk_cards([card("What is there to say?", "\n".join(lines))], max_tokens=100)
    assert len(chunks) > 3
    assert all(chunk.text.startswith("What is there to say?\n") for chunk in chunks)
    assert all(count_tokens(chunk.text) <= 100 for chunk in chunks)
    assert [row for chunk in chunks for row in chunk.text.split("\n")[1:]] == lines
    assert [chunk.part for chunk in chunks] == list(range(len(chunks)))


def test_no_chunk_is_too_long_whatever_the_text() -> None:
    texts = ["word " * 3000, "x" * 5000, "水" * 2000, "One. Two. " * 900, "é" * 999 + "\n" + "- a\n" * 999]
    for text in texts:
        for question in ("Why?", "long question " * 300):
            chunks = chunk_cards([card(question, text)])
            assert all(count_tokens(chunk.text) <= 200 for chunk in chunks)
            kept = "".join("".join(chunk.text.split("\n")[1:]) for chunk in chunks).replace(" ", "")
            assert kept == "".join(text.split())


def test_card_in_two_files_is_a_chunk_in_each_but_twice_in_one_file_is_one() -> None:
    chunks = chunk_cards([card("q", "a"), card("q", "a"), card("q", "a", "b.txt")])
    assert [(chunk.card, chunk.path) for chunk in chunks] == [(card_id("q"), "a.txt"), (card_id("q"), "b.txt")]
    assert len({chunk.id for chunk in chunks}) == 2


def test_learners_questions_stand_behind_the_card_or_where_there_is_no_room_in_a_chunk_of_their_own() -> None:
    asked = ("what do they live on", "food underground")
    (whole,) = chunk_cards([replace(card("What do moles eat?", "earthworms"), queries=asked)])
    assert whole.text == "What do moles eat?\nearthworms\nwhat do they live on\nfood underground"
    long = replace(card("What do moles eat?", "\n".join(f"- thing number {n}" for n in range(60))), queries=asked)
    *parts, last = chunk_cards([long])
    assert parts == list(chunk_cards([replace(long, queries=())]))
    assert (last.text, last.part) == ("What do moles eat?\nwhat do they live on\nfood underground", len(parts))
    endless = replace(long, queries=("word " * 500,))
    assert all(count_tokens(chunk.text) <= 200 for chunk in chunk_cards([endless]))
