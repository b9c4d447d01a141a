"""What a session shows, made from its play and the log: events, the view, and a sitting's summary in plain words.

Changes nothing. Before an answer is committed only `asked` and `hint` events can be made, and they hold no answer.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from corpus.card import Card
from tutor import rules
from tutor.events import Asked, CardFace, Graded, HintGiven, Phase, Rated, Revealed, TryAgain, Undone, View
from tutor.explain import Citation
from tutor.feedback import feedback, first_look, with_doubts
from tutor.grade import Grade
from tutor.history import History, Kind, Play, Progress
from tutor.quiz import next_due
from tutor.schedule import Memory, Review, preset, span


def question_events(play: Play, card: Card, progress: Progress) -> Iterator[Asked | HintGiven]:
    """The open question with the hints given so far."""
    yield Asked(card=CardFace.of(card), why=play.why, progress=progress, focus=play.focus)
    yield from (HintGiven(hint=hint) for hint in play.hints)


def outcome_events(play: Play, card: Card) -> Iterator[Graded | TryAgain | Revealed]:
    """The grade that decides the schedule, and the card with words on the answer, unless a second try is open."""
    if play.grade is None:
        return
    if rules.hidden(play):
        yield Graded(grade=rules.veiled(play.grade), first=True)
        yield TryAgain(text=first_look(play.grade))
    else:
        yield Graded(grade=play.grade, first=True)
        yield revealed(play, card, play.grade)


def revealed(play: Play, card: Card, grade: Grade, *, again: bool = False) -> Revealed:
    """The card, with words on `grade`; the preset always follows from the first answer."""
    words = feedback(card, grade, known=play.known or again, ticked=play.ticks is not None and not again)
    words = with_doubts(words, card)
    decides = play.grade or grade
    return Revealed(card=card, feedback=words, citations=(citation(card),), preset=preset(decides, play.hints_counted))


def citation(card: Card) -> Citation:
    """The card itself as the source of its feedback."""
    return Citation(number=1, card=card.id, deck=card.deck, question=card.question, quote=card.answer)


def rated(review: Review, memory: Memory, progress: Progress, now: datetime) -> Rated:
    """A rating that is on disk, and when the card comes back."""
    wait = memory.due - now
    text = "It is due again now." if wait.total_seconds() <= 0 else f"It comes back in {span(wait)}."
    if review.cram:
        text = "Practice only: your schedule stays as it was."
    return Rated(value=review.value, due=memory.due, memory=memory, progress=progress, text=text)


def undone(card: Card, kind: Kind, progress: Progress, phase: Phase) -> Undone:
    """What was taken back; the card itself only where its answer may be seen again."""
    what = {"review": "rating", "edit": "change", "bury": "putting away", "skip": "skipping", "suspend": "suspending"}
    seen = phase in ("graded", "rated")
    text = f"Taken back: the {what.get(kind, kind)}."
    return Undone(card=card if seen else None, progress=progress, face=CardFace.of(card), text=text)


def with_play(view: View, play: Play, card: Card, rated: Rated | None, history: History) -> View:
    """`view` with the card in play; its answer and all that follows from it only once it may be seen."""
    view = replace(
        view, why=play.why, focus=play.focus, face=CardFace.of(card), hints=play.hints, confidence=play.confidence,
        talk=play.talk, leech=rules.leech(history.memory(card.id), card), marked=history.marked.get(card.id),
    )  # fmt: skip
    if play.grade is None:
        return view
    view = replace(view, answer=play.answer)
    if rules.hidden(play):
        return replace(view, grade=rules.veiled(play.grade), feedback=first_look(play.grade))
    shown = revealed(play, card, play.grade)
    return replace(
        view,
        grade=play.grade,
        ticks=play.ticks,
        card=card,
        feedback=shown.feedback,
        citations=shown.citations,
        preset=shown.preset,
        again=play.again,
        again_text=play.again_text,
        rated=rated,
    )


def summary(history: History, began: datetime, now: datetime, cards: Sequence[Card]) -> str:
    """What was done since `began`, counted in the log, and when the next card comes back."""
    reviews = [review for review in history.reviews(crammed=True) if review.at >= began]
    if not reviews:
        return " ".join(["No card was rated in this sitting.", *_comes_back(history, now, cards)])
    words = {"correct": "correct", "partial": "partly", "wrong": "wrong", "ungraded": "ungraded"}
    counts = Counter(review.verdict for review in reviews)
    parts = ", ".join(f"{counts[verdict]} {word}" for verdict, word in words.items() if counts[verdict])
    cards_word = "card" if len(reviews) == 1 else "cards"
    done = f"{len(reviews)} {cards_word} in {span(now - began)}: {parts}."
    return " ".join([done, *_comes_back(history, now, cards)])


def nothing_left(history: History, now: datetime, cards: Sequence[Card], new_per_day: int) -> str:
    """Why no card follows."""
    if not cards:
        return "There is no card to study here. Choose other decks, or import one."
    new = any(history.memory(card.id).state == "new" for card in cards)
    limit = f" The new cards of today ({new_per_day}) are done." if new else ""
    return " ".join([f"Nothing is due now.{limit}", *_comes_back(history, now, cards)])


def _comes_back(history: History, now: datetime, cards: Sequence[Card]) -> Iterator[str]:
    due = next_due(cards, history, now)
    if due is not None:
        waiting = "A card is due now." if due <= now else f"The next card comes back in {span(due - now)}."
        yield waiting
