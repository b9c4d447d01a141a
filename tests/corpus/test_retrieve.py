import json
import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from corpus.card import Card, KeyPoint, identify
from corpus.embed import OpenAIEmbedder
from corpus.errors import DeckError
from corpus.minilm import MiniLM
from corpus.read import read_decks
from corpus.retrieve import Retriever
from tests.loopback import Loopback, Play, vectors_fault
from tests.stocked import INDEX

QUERIES = [json.loads(line) for line in (Path(__file__).parent / "queries.jsonl").read_text("utf-8").splitlines()]
ASKED = [json.loads(line) for line in (Path(__file__).parent / "asked.jsonl").read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def cards(bundled: tuple[Path, ...]) -> tuple[Card, ...]:
    return tuple(card for deck in read_decks(bundled) for card in deck.cards)


@pytest.fixture(scope="module")
def retriever(
    cards: tuple[Card, ...], minilm: MiniLM, index_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Retriever]:
    folder = tmp_path_factory.mktemp("home") / "index"
    retriever = Retriever(cards, minilm, shutil.copytree(index_home / INDEX, folder))
    index = retriever.index
    assert index is not None
    index.wait(90)
    yield retriever
    retriever.close()


def misspell(query: str, seed: int) -> str:
    """One slip in one of the longer words: a letter left out, doubled, swapped or hit beside."""
    chance = random.Random(seed)
    words = query.split()
    long = [at for at, word in enumerate(words) if len(word) > 4 and word.isalpha()] or [len(words) - 1]
    at = chance.choice(long)
    word = words[at]
    place = chance.randrange(1, max(len(word) - 1, 2))
    slips = [
        word[:place] + word[place + 1 :],
        word[:place] + word[place - 1 : place] + word[place:],
        word[:place] + word[place : place + 2][::-1] + word[place + 2 :],
        word[:place] + chance.choice("abcdefghijklmnopqrstuvwxyz") + word[place + 1 :],
    ]
    words[at] = chance.choice(slips)
    return " ".join(words)


def recall(retriever: Retriever, kind: str, *, slips: bool = False) -> tuple[float, float]:
    """The share of queries with a relevant card first, and among the first five."""
    ranks = []
    for seed, one in enumerate(query for query in QUERIES if query["kind"] == kind):
        query = misspell(one["query"], seed) if slips else one["query"]
        found = [result.card.question in one["relevant"] for result in retriever.search(query, 5).results]
        ranks.append(found.index(True) if True in found else 5)
    return sum(rank == 0 for rank in ranks) / len(ranks), sum(rank < 5 for rank in ranks) / len(ranks)


def test_own_question_finds_the_card_first(retriever: Retriever) -> None:
    for card in list(retriever.cards.values())[::3]:
        result = retriever.search(card.question, 2)
        assert card.question in {found.card.question for found in result.results}
        assert result.answerable, card.question


def test_results_are_ordered_and_say_why(retriever: Retriever) -> None:
    found = retriever.search("hidden state role", 5)
    assert found.query == "hidden state role"
    assert found.results[0].card.question == "What role does the hidden state play in RNNs?"
    assert found.results[0].reason.startswith("question has hidden, state, role; ")
    scores = [one.score for one in found.results]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert found.probability == scores[0]


def test_decks_are_chosen_by_name_stem_or_path_and_unknown_ones_named(
    retriever: Retriever, cards: tuple[Card, ...]
) -> None:
    for deck in ("Deep Learning 3 Flashcards", "002_60efa877d38ee853", "002_60efa877d38ee853.txt", cards[50].path):
        found = retriever.search("recurrent network", 10, decks=[deck]).results
        assert found
        assert {one.card.deck for one in found} == {"Deep Learning 3 Flashcards"}
    with pytest.raises(DeckError, match=r"There is no deck 'biology'\. There are"):
        retriever.search("x", decks=["biology"])


def test_a_card_in_two_decks_is_found_in_either_and_once_in_both(retriever: Retriever) -> None:
    query = "difference between BPTT and TBPTT"
    for deck in ("000_a50d0d78d6c85856", "001_900170ba4f85ed8e"):
        assert "TBPTT" in retriever.search(query, 1, decks=[deck]).results[0].card.question
    both = retriever.search(query, 5).results
    assert len([one for one in both if "TBPTT" in one.card.question]) == 1


def test_excluded_cards_take_their_near_duplicates_with_them(retriever: Retriever) -> None:
    query = "What role does the hidden state play in RNNs?"
    first = retriever.search(query, 1).results[0].card
    twins = retriever.near_duplicates(first.id)
    assert twins
    assert first.id not in twins
    left = retriever.search(query, 10, exclude=[first.id]).results
    assert not {one.card.id for one in left} & {first.id, *twins}
    assert query not in {one.card.question for one in left}
    assert retriever.near_duplicates("no such card") == frozenset()


def test_cards_that_only_look_alike_are_no_duplicates(retriever: Retriever) -> None:
    forget = retriever.search("What does the Forget Gate in LSTM do?", 1).results[0].card
    names = {retriever.cards[one].question for one in retriever.near_duplicates(forget.id)}
    assert "What does the input gate in LSTM do?" not in names


def test_empty_and_senseless_queries_are_not_answerable(retriever: Retriever) -> None:
    for query in ("", "   ", "???", "\ud800", "x" * 5000, "zebra " * 3000):
        assert not retriever.search(query).answerable


def test_without_cards_nothing_is_found(minilm: MiniLM, tmp_path: Path) -> None:
    assert Retriever([], minilm, tmp_path).search("anything").results == ()


def card(question: str, answer: str, **more: Any) -> Card:
    points = (KeyPoint(id="1", text=answer),)
    return Card(id="", deck="Biology", index=1, question=question, answer=answer, key_points=points, **more)


def test_without_an_embedder_words_alone_find_and_refuse(tmp_path: Path) -> None:
    made = identify(
        [
            card("What does the mitochondrion do?", "makes ATP", tags=("cell",), path="bio.txt"),
            card("What does the ribosome do?", "makes proteins", tags=("cell", "protein"), path="bio.txt"),
            card("Who found penicillin?", "Fleming", tags=("history",), path="bio.txt"),
        ]
    )
    retriever = Retriever(made, None, tmp_path)
    found = retriever.search("mitochondrion function")
    assert found.results[0].card.answer == "makes ATP"
    assert found.answerable
    assert not retriever.search("price of gold in 1980").answerable
    assert {one.card.answer for one in retriever.search("what makes", tags=["protein"]).results} == {"makes proteins"}
    assert not list(tmp_path.iterdir())


def test_a_rare_tag_and_many_left_out_cards_still_find_enough(
    retriever: Retriever, minilm: MiniLM, index_home: Path, tmp_path: Path
) -> None:
    query = "what is a recurrent network good for"
    order = [one.card for one in retriever.search(query, 100).results]
    assert len(order) == 100
    rest = [one.card.id for one in retriever.search(query, 5, exclude={card.id for card in order[:60]}).results]
    assert len(rest) == 5
    assert not {card.id for card in order[:60]} & set(rest)
    last = order[-1]
    tagged = [replace(card, tags=("Rare",)) if card.id == last.id else card for card in retriever.cards.values()]
    folder = shutil.copytree(index_home / INDEX, tmp_path / "index")
    for embedder, asked in ((None, last.question), (minilm, query)):
        again = Retriever(tagged, embedder, folder)
        assert [one.card.id for one in again.search(asked, tags=["rare"]).results] == [last.id]
        again.close()


def test_langchain_sees_a_retriever(retriever: Retriever) -> None:
    found = retriever.as_langchain(k=2).invoke("forget gate in an LSTM")
    assert len(found) == 2
    assert found[0].metadata["question"] == "What does the Forget Gate in LSTM do?"
    assert found[0].page_content.startswith("What does the Forget Gate in LSTM do?\n")
    assert set(found[0].metadata) == {"card", "deck", "question", "score", "reason", "answerable"}


def test_learners_words_find_the_card_and_slips_of_the_pen_cost_little(retriever: Retriever) -> None:
    first, among = recall(retriever, "informal")
    assert first >= 0.6
    assert among >= 0.87
    slipped_first, slipped_among = recall(retriever, "informal", slips=True)
    assert slipped_first >= first - 0.05
    assert slipped_among >= among - 0.05


def test_good_and_bad_sides_are_looked_for_as_pros_and_cons(retriever: Retriever) -> None:
    found = retriever.search("good sides and bad sides of going recurrent?", 2).results
    assert "What are the pros and cons of a typical RNN architecture?" in {one.card.question for one in found}


def test_keywords_find_the_card_slips_or_not(retriever: Retriever) -> None:
    assert recall(retriever, "keyword")[0] >= 0.97
    assert recall(retriever, "keyword", slips=True)[0] >= 0.95


def test_most_of_what_nothing_answers_is_refused_and_little_else(retriever: Retriever) -> None:
    """On the half that nothing was fitted on."""
    held = [one for one in (*QUERIES, *ASKED) if one["half"] == "held"]
    right: dict[str, list[bool]] = {}
    for one in held:
        hit = retriever.search(one["query"]).answerable == bool(one["relevant"])
        right.setdefault("answered" if one["relevant"] else "refused", []).append(hit)
        right.setdefault(one["kind"], []).append(hit)
    share = {kind: sum(hits) / len(hits) for kind, hits in right.items()}
    assert share["answered"] >= 0.95, share
    assert min(share["short"], share["keyword"]) >= 0.97, share
    assert share["far"] >= 0.9, share
    assert share["near"] >= 0.75, share
    assert share["refused"] >= 0.5, share  # false premises, made of a card's own words, are hardly told


def test_a_card_and_what_it_asks_are_never_fitted_on_in_one_half_and_held_in_the_other() -> None:
    halves: dict[str, set[str]] = {}
    for one in ASKED:
        halves.setdefault(one["topic"], set()).add(one["half"])
    assert {len(found) for found in halves.values()} == {1}


@pytest.mark.parametrize("name", ["short", "nan", "dimension", "empty", "error", "silence"])
def test_embedding_server_that_fails_is_told_and_words_alone_find_the_card(
    cards: tuple[Card, ...], name: str, tmp_path: Path
) -> None:
    told: list[str] = []
    cards = cards[:12]
    with Loopback() as server:
        embedder = OpenAIEmbedder("m", server.url, timeout=1.0)
        retriever = Retriever(cards, embedder, tmp_path, tell=told.append)
        assert retriever.index is not None
        assert told == []
        if name in ("short", "nan", "dimension", "empty"):
            server.vectors = vectors_fault(name)
        elif name == "error":
            server.embedding_play = Play(status=500, body=b"{}")
        else:
            server.embedding_play = Play(body=b"{}", wait=30)
        begun = time.monotonic()
        found = retriever.search(cards[4].question)
        assert found.results[0].card == cards[4]
        assert found.answerable
        retriever.search(cards[5].question)
        assert time.monotonic() - begun < 2.5
        assert len(told) == 1
        assert told[0].startswith("Search goes by words alone for now.")
        retriever.close()
