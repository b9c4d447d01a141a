from pathlib import Path

from corpus.card import Card
from corpus.read import read_decks
from evals.bench import Dice
from evals.echo import echo
from evals.overhead import first_words, many


def test_many_cards_are_made_of_few_and_differ() -> None:
    card = Card(id="x", deck="d", index=1, question="What?", answer="That.")
    made = many([card], 50)
    assert len({card.id for card in made}) == len({card.text for card in made}) == 50


def test_every_way_to_the_first_words_is_measured_beside_the_server_itself(
    bundled: tuple[Path, ...], tmp_path: Path
) -> None:
    cards = read_decks(bundled)[0].cards[:20]
    with echo() as url:
        took = first_words(cards, Dice(), [cards[0].question, cards[1].question], url, tmp_path)
    assert set(took) == {"server", "tutor", "by hand", "tutorial"}
    assert all(len(seconds) == 2 for seconds in took.values())
    assert all(0 <= each < 5 for seconds in took.values() for each in seconds)
    assert min(took["server"]) > 0
