"""How high the relevant cards stand in what was retrieved: recall, reciprocal rank, discounted gain."""

import math
from functools import partial

from corpus.card import text_key
from evals.case import RetrievalCase
from evals.metrics.score import Metric, Score, Tools
from evals.subject import Answer, Found


def _ranks(relevant: tuple[str, ...], found: tuple[Found, ...]) -> dict[str, int]:
    """The first place, from 1, of each relevant card that was found; a card is named by its id or its question."""
    wanted = {text_key(name): name for name in relevant}
    ranks: dict[str, int] = {}
    for place, each in enumerate(found, 1):
        for key in (text_key(each.card), text_key(each.question)):
            if key in wanted:
                ranks.setdefault(wanted[key], place)
    return ranks


def _told(ranks: dict[str, int], relevant: tuple[str, ...], found: tuple[Found, ...]) -> str:
    if ranks:
        return ", ".join(f"{name!r} is at {rank}" for name, rank in sorted(ranks.items(), key=lambda pair: pair[1]))
    first = f"first was {found[0].question!r}" if found else "nothing was found"
    return f"{relevant[0]!r} was not found; {first}"


def recall(case: RetrievalCase, answer: Answer, tools: Tools, *, k: int) -> Score | None:
    """The share of the relevant cards among the first `k`, out of as many as fit there."""
    if case.unanswerable:
        return None
    ranks = _ranks(case.relevant, answer.found)
    hits = sum(rank <= k for rank in ranks.values())
    return Score(value=hits / min(k, len(case.relevant)), reason=_told(ranks, case.relevant, answer.found))


def reciprocal_rank(case: RetrievalCase, answer: Answer, tools: Tools) -> Score | None:
    """One over the place of the first relevant card; 0 where none was found."""
    if case.unanswerable:
        return None
    ranks = _ranks(case.relevant, answer.found)
    return Score(value=1 / min(ranks.values()) if ranks else 0.0, reason=_told(ranks, case.relevant, answer.found))


def ndcg(case: RetrievalCase, answer: Answer, tools: Tools) -> Score | None:
    """Normalised discounted cumulative gain over all that was retrieved (Järvelin and Kekäläinen 2002), gain 0 or 1."""
    if case.unanswerable:
        return None
    ranks = _ranks(case.relevant, answer.found)
    gain = sum(1 / math.log2(rank + 1) for rank in ranks.values())
    best = sum(1 / math.log2(place + 1) for place in range(1, len(case.relevant) + 1))
    return Score(value=gain / best, reason=_told(ranks, case.relevant, answer.found))


_ON = ("retrieval",)
METRICS = (
    Metric(name="recall@1", subjects=_ON, score=partial(recall, k=1), about="the first card is a relevant one"),
    Metric(name="recall@3", subjects=_ON, score=partial(recall, k=3), about="relevant cards among the first three"),
    Metric(name="recall@5", subjects=_ON, score=partial(recall, k=5), about="relevant cards among the first five"),
    Metric(name="mrr", subjects=_ON, score=reciprocal_rank, about="one over the place of the first relevant card"),
    Metric(name="ndcg", subjects=_ON, score=ndcg, about="discounted gain of the order"),
)
