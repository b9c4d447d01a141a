"""Questions that learners may ask in their own words, written once for each card by a language model and kept on disk.

Search alone uses them, as further text of the card (document expansion by queries: Nogueira et al. 2019, doc2query). A
question that does not lead back to its card is left out (Gospodinov et al. 2023, doc2query--). Changes no card's text.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from corpus.card import Card, Deck, text_key
from tutor.asked import CARD, Inquiry, Kept, Progress, ask_about, numbered, one_line
from tutor.model import ChatModel

__all__ = ["Leads", "expand", "expanded", "kept_queries", "read"]

# Whether a search for a question finds the card it was written for.
Leads = Callable[[str, Card], bool]

_MOST = 3  # questions a card
_SHORTEST, _LONGEST = 3, 160  # letters
_CONTROLS = (("How many days does a week have?", "Seven."), ("How many months does a year have?", "Twelve."))
_OF_CONTROLS = re.compile(r"\b(?:day|week|month|year|calendar|monday|sunday|january|december)", re.IGNORECASE)
_LINE = re.compile(CARD + r"(?P<query>\S.*?)\s*$", re.IGNORECASE | re.MULTILINE)


def kept_queries(path: Path) -> Kept[str]:
    """The questions of a learner's library, kept in this file."""
    return Kept(path, "queries", str, str)


def expanded(deck: Deck, kept: Kept[str]) -> Deck:
    """The deck with the questions of its cards as they are now."""
    cards = tuple(replace(card, queries=queries) if (queries := kept.of(card)) else card for card in deck.cards)
    return replace(deck, cards=cards)


def expand(
    model: ChatModel, cards: Sequence[Card], kept: Kept[str], leads: Leads, progress: Progress = lambda *_: None
) -> int:
    """Have the model write questions for the cards that have none, and keep those that lead back; how many got none.

    A card whose questions were all left out counts as asked about, so that nothing is spent on it again.

    Raises:
        ModelError: the model failed, or wrote of something else for a control; what was kept before stands.
    """
    inquiry = Inquiry(prompt="queries", read=read, controls=_CONTROLS, distrust=_distrust)
    by = inquiry.asked_by(model)
    silent = 0

    def ask(handful: Sequence[Card]) -> Mapping[str, Sequence[str]]:
        nonlocal silent
        said = inquiry.ask(model, handful)
        good = {card.id: [query for query in said.get(card.id, ()) if leads(query, card)] for card in handful}
        silent += sum(not queries for queries in good.values())
        return good

    ask_about(kept.open_cards(cards, by, found_by_any=True), ask, kept, by, progress)
    return silent


def _distrust(control: Card, said: tuple[str, ...] | None) -> str:
    if said is not None and not any(map(_OF_CONTROLS.search, said)):
        return (
            f"The model's questions for the card {control.question!r} are about something else ({said[0]!r}), so none "
            "of its questions counts."
        )
    return ""


def read(text: str, cards: Sequence[Card]) -> dict[str, tuple[str, ...]]:
    """The questions in a reply, by card id, at most three a card; a card without any is not in it.

    Left out: what is too short or too long, no words, the card's own question, and what was said before.
    """
    found: dict[str, list[str]] = {}
    for line, card in numbered(text, _LINE, cards):
        query = one_line(line["query"]).strip('"“”„`* ')
        queries = found.setdefault(card.id, [])
        known = {text_key(one) for one in (card.question, *queries)}
        fits = _SHORTEST <= len(query) <= _LONGEST and any(sign.isalpha() for sign in query)
        if fits and len(queries) < _MOST and text_key(query) not in known:
            queries.append(query)
    return {card: tuple(queries) for card, queries in found.items() if queries}
