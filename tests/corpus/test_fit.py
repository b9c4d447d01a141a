import json
import random
from pathlib import Path

import numpy as np
import pytest

from corpus.card import Card, identify
from corpus.evidence import Evidence
from corpus.fit import Asked, fit_bar, fit_basis, fit_odds, gather, probability, stackfaq
from corpus.minilm import MiniLM
from corpus.rerank import SIZE


def evidence(lead: float) -> Evidence:
    return Evidence(late=0.5, dense=0.5, lexical=0.5, lead=lead, asked=1)


def test_odds_follow_what_tells_and_nothing_else() -> None:
    chance = random.Random(1)
    seen = [
        Asked(
            evidence=evidence(lead := chance.random()),
            answered=lead + 0.2 * chance.random() > 0.6,
            weight=1.0,
            topic=str(at),
            kind="made",
        )
        for at in range(300)
    ]
    fitted = fit_odds(seen, ("late", "lead"))
    assert fitted["lead"] > 5
    assert fitted["late"] == pytest.approx(0, abs=1e-6)
    assert -fitted["offset"] / fitted["lead"] == pytest.approx(0.5, abs=0.1)
    bar = fit_bar(seen, ("late", "lead"))
    refused = [probability(fitted, one.evidence) < bar for one in seen if one.answered]
    assert sum(refused) / len(refused) == pytest.approx(0.05, abs=0.03)


def test_each_answered_query_is_also_seen_with_its_cards_taken_away() -> None:
    made = [
        Card(id="", deck="d", index=at, question=f"What is {word}?", answer=f"a kind of {kind}", path="p")
        for at, (word, kind) in enumerate([("granite", "rock"), ("maple", "tree"), ("heron", "bird")])
    ]
    queries = [
        {"query": "granite rock", "relevant": ["What is granite?"]},
        {"query": "what kind of car", "relevant": []},
    ]
    seen = gather(identify(made), None, queries, 1.0)
    assert [(one.answered, one.weight) for one in seen] == [(True, 1.0), (False, 1.0)]
    assert seen[0].evidence.lexical > seen[1].evidence.lexical


def test_the_basis_has_the_shape_that_is_shipped(minilm: MiniLM, tmp_path: Path) -> None:
    (tmp_path / "retrieval").mkdir()
    (tmp_path / "grading").mkdir()
    words = "granite maple heron valley copper engine tunnel sonata lemon orbit".split()
    cards = [
        {"card_id": str(at), "question": f"Why {word}?", "answers": [" ".join(words)]} for at, word in enumerate(words)
    ]
    for name, rows in {
        "retrieval/stackfaq_cards.jsonl": cards,
        "retrieval/stackfaq_queries.jsonl": [{"id": "1", "query": "the stone", "relevant": ["0"]}],
        "grading/some.jsonl": [{"question": "What is a maple?", "reference": "A tree with red leaves in autumn"}],
    }.items():
        (tmp_path / name).write_text("\n".join(map(json.dumps, rows)))
    assert stackfaq(tmp_path)[1][0]["relevant"] == ["Why granite?"]
    basis = fit_basis(tmp_path, minilm)
    assert basis.shape == (385, SIZE)
    assert basis.dtype == np.float16
    assert np.isfinite(basis).all()
