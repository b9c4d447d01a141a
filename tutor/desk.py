"""The cards on a learner's desk: those of the chosen decks as she has them, and which of them comes next.

Reads her log and writes nothing; the choice itself is made in `tutor.quiz`.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from corpus.card import Card, text_key
from corpus.similar import words
from tutor import rules
from tutor.amend import laid
from tutor.german_speech import SPEECH
from tutor.hint import LEVELS
from tutor.history import Progress, day_start
from tutor.learner import Learner
from tutor.quiz import Choice, choose, cram, in_decks, new_before, same_question, word_lists

_TRIED = 5
_OTHERS = 3  # more cards with one question have a question that means nothing by itself


class Neighbours(Protocol):
    """Cards like others, found by meaning. While the index is not open there are none, unless asked to `wait`."""

    def near(self, text: str, card: Card, *, wait: bool = False) -> Sequence[Card]:
        """The cards nearest to `text`, best first, without `card` and those that tell the same."""

    def twins(self, card: Card) -> Collection[str]:
        """The ids of cards that ask or tell the same as `card`."""


class Desk:
    """The cards of one session. With `cram` set they come due or not; `exam` brings back what would be forgotten.

    The cards with the ids in `picked` come before all others, due or not, each once.
    """

    def __init__(self, learner: Learner, cards: Sequence[Card], study: rules.Study, parts: Neighbours) -> None:
        self.cram = False
        self.exam: datetime | None = None
        self.picked: list[str] = []
        self._decks: tuple[str, ...] = ()
        self._learner = learner
        self._raw = tuple(cards)
        self._study = study
        self.speech = SPEECH[study.language]
        self._parts = parts
        self.lay()

    def lay(self) -> None:
        """Lay the cards out as the log has them now."""
        history = self._learner.history
        self._laid = history.amended
        self.cards = laid(self._raw, history)
        self.by_id = {card.id: card for card in reversed(self.cards)}
        self.chosen = in_decks(self.cards, self._decks)
        self._alike = same_question(self.cards)
        self._lists = word_lists(self.cards)

    @property
    def decks(self) -> tuple[str, ...]:
        """The names or file stems of the decks to study; () for all."""
        return self._decks

    @decks.setter
    def decks(self, names: tuple[str, ...]) -> None:
        self.chosen = in_decks(self.cards, names)
        self._decks = names

    def refresh(self) -> None:
        """Lay the cards out anew if one was changed since, in this window or another."""
        if self._learner.history.amended != self._laid:
            self.lay()

    @property
    def rungs(self) -> int:
        """How many hints a card may give."""
        return min(LEVELS, self._study.hints)

    def new_per_day(self, now: datetime) -> int:
        """How many new cards today."""
        return new_before(self.exam, now, self.chosen, self._learner.history, self._study.new_per_day)

    def progress(self, now: datetime) -> Progress:
        """Counts over the chosen decks, read from the log now."""
        return self._learner.progress(self.chosen, now, new_per_day=self.new_per_day(now))

    def spent(self, began: datetime, now: datetime) -> str:
        """Says that the sitting that `began` then has taken what it may; empty while it has not."""
        reviews = self._learner.history.reviews(crammed=True)
        done = sum(1 for review in reversed(reviews) if review.at >= began)
        cards, minutes = self._study.cards_a_sitting, self._study.minutes_a_sitting
        if cards and done >= cards:
            return self.speech.cards_spent.format(cards=cards)
        if minutes and now - began >= timedelta(minutes=minutes):
            return self.speech.minutes_spent.format(minutes=minutes)
        return ""

    def next(self, now: datetime) -> Choice | None:
        """The card to put now; None where nothing is left."""
        history = self._learner.history
        while self.picked:
            card = self.by_id.get(self.picked.pop(0))
            if card is not None and card.id not in history.away(now):
                return Choice(card=card, why=self.speech.why_picked)
        if self.cram:
            return cram(self.chosen, history, now, alike=self._alike, speech=self.speech)
        alike = {
            id: frozenset(self._parts.twins(self.by_id[id])) | self._alike.get(id, frozenset())
            for id in {review.card for review in history.reviews() if review.at >= day_start(now)}
            if id in self.by_id
        }
        return choose(
            self.chosen, history, now, new_per_day=self.new_per_day(now), exam=self.exam, alike=alike,
            apart=self.confusable(history.last_card), lists=self._lists, speech=self.speech,
        )  # fmt: skip

    def confusable(self, id: str, *, wait: bool = False) -> tuple[str, ...]:
        """The ids of cards taken for this one: those she confused with it first, then those near in meaning."""
        card = self.by_id.get(id)
        if card is None or card.deck in self._lists:
            return ()
        near = [one.id for one in self._parts.near(card.question, card, wait=wait)]
        found = dict.fromkeys([*sorted(self._learner.history.confused.get(id, ())), *near])
        return tuple(one for one in found if one in self.by_id and one != id and one not in self._alike.get(id, ()))

    def other_answers(self, card: Card) -> list[str]:
        """What other cards of the deck answer to the very question of this one: she cannot know which is meant."""
        asked, alike = text_key(card.question), (self.by_id[id] for id in sorted(self._alike.get(card.id, ())))
        found = [one.reference for one in alike if one.path == card.path and text_key(one.question) == asked]
        return found if len(found) <= _OTHERS else []

    def known_near(self, card: Card) -> list[str]:
        """The questions of cards near this one that she has learned."""
        known = self._learner.history.memory
        return [self.by_id[id].question for id in self.confusable(card.id) if known(id).learned]

    def meant(self, card: Card, answer: str, leaks: Callable[[str, Card], Collection[str]]) -> Card | None:
        """The card that a wrong answer to `card` answers: most of whose points it tells; None where there is none."""
        candidates = [*self._parts.near(answer, card), *(self.by_id[id] for id in self.confusable(card.id))]
        own = {*words(answer)} - {*words(card.question)}
        for other in {one.id: one for one in candidates[:_TRIED]}.values():
            # Held against its points only where it shares a word with them, since that is the dearer look.
            if own & {*words(other.answer)} and 2 * len(leaks(answer, other)) > len(other.key_points):
                return other
        return None
