import json
import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from corpus.card import Card
from corpus.read import read_decks
from tutor.clauses import prepare
from tutor.heap import LEAST, heaps, misplaced

CARD = "What does the pooling layer do? It divides the map into small regions and takes the largest value of each."


def taken(card: str, answer: str) -> str:
    """The words of an answer that are taken for a heap."""
    text = prepare(answer)
    return " ".join(word.text for word, heap in zip(text.words, heaps(prepare(card), text), strict=True) if heap)


@pytest.mark.parametrize(
    ("answer", "heap"),
    [
        ("regions value the small each into largest takes map divides", True),  # ten of its words, in no order
        ("value map regions largest divides each takes small", True),
        ("into the regions of the takes value and", True),  # few of them, but `of the takes value and` cannot be said
        ("It divides the map into regions and takes the largest value.", False),
        ("takes largest value of each small region", False),
        ("The largest value of each region of the map is taken, so it is small.", False),
    ],
)
def test_the_cards_own_words_in_no_order_are_a_heap(answer: str, heap: bool) -> None:
    assert bool(taken(CARD, answer)) == heap


def test_a_sentence_to_which_a_heap_is_hung_is_left_whole() -> None:
    said = "It doubles the map and takes the smallest value."
    heap = "regions value the small each into largest takes map divides"
    assert taken(CARD, f"{said} {heap}") == heap


def test_words_of_the_field_are_a_heap_where_they_cannot_follow_each_other() -> None:
    heap = "gates tensor the of state memory with into decay window batches the and momentum stride encoder"
    assert taken(CARD, heap) == taken(CARD, f"It saves parameters. {heap}") == heap


@pytest.mark.parametrize(
    ("said", "count"),
    [
        ("The map is cut into regions, of each of which the largest value is kept.", 0),
        ("Bulb A is on, and each is in a path of its own.", 0),
        ("It is taken from within the cell, for at least one step.", 0),
        ("What it belongs to, what it is made of, what it is for.", 0),
        ("takes the of regions", 1),
        ("regions, the. Map with into and or", 4),
        ("", 0),
    ],
)
def test_misplaced_words_are_counted(said: str, count: int) -> None:
    assert sum(misplaced(prepare(said))) == count


def test_learners_answers_are_no_heaps_and_their_cards_shuffled_are(bundled: tuple[Path, ...]) -> None:
    chance = random.Random(11)
    cards: Mapping[str, Card] = {
        f"{Path(card.path).name[:3]}:{card.index}": card for deck in read_decks(bundled) for card in deck.cards
    }
    rows = [json.loads(line) for line in (Path(__file__).parent / "answers_kept.jsonl").read_text("utf-8").splitlines()]
    said = [(cards[row["card"]], text) for row in rows for name, text in row.items() if name in {"right", "terse"}]
    heaped = [text for card, text in said if taken(f"{card.question}\n{card.answer}", text)]
    assert len(heaped) <= 0.02 * len(said)
    found = asked = 0
    for card in cards.values():
        words = card.answer.split()
        if len(words) > LEAST:
            chance.shuffle(words)
            asked += 1
            found += bool(taken(f"{card.question}\n{card.answer}", " ".join(words)))
    assert found >= 0.8 * asked
