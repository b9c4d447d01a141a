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
from tutor.feedback import before_next, feedback, first_look, with_doubts
from tutor.grade import Grade
from tutor.history import History, Kind, Play, Progress
from tutor.quiz import next_due
from tutor.schedule import Memory, Review, preset
from tutor.speech import Speech


def question_events(play: Play, card: Card, progress: Progress) -> Iterator[Asked | HintGiven]:
    """The open question with the hints given so far."""
    yield Asked(card=CardFace.of(card), why=play.why, progress=progress, focus=play.focus)
    yield from (HintGiven(hint=hint) for hint in play.hints)


def outcome_events(speech: Speech, play: Play, card: Card) -> Iterator[Graded | TryAgain | Revealed]:
    """The grade that decides the schedule, and the card with words on the answer, unless a second try is open."""
    if play.grade is None:
        return
    if rules.hidden(play):
        yield Graded(grade=rules.veiled(play.grade), first=True)
        yield TryAgain(text=first_look(play.grade, speech))
    else:
        yield Graded(grade=play.grade, first=True)
        yield revealed(speech, play, card, play.grade)


def revealed(speech: Speech, play: Play, card: Card, grade: Grade, *, again: bool = False) -> Revealed:
    """The card, with words on `grade`; the preset always follows from the first answer."""
    ticked = play.ticks is not None and not again
    words = feedback(card, grade, known=play.known or again, ticked=ticked, speech=speech)
    words = with_doubts(words, card, speech)
    if play.meant:
        words = before_next(words, [speech.other_card.format(question=" ".join(play.meant.split()))])
    decides = play.grade or grade
    return Revealed(card=card, feedback=words, citations=(citation(card),), preset=preset(decides, play.hints_counted))


def citation(card: Card) -> Citation:
    """The card itself as the source of its feedback."""
    return Citation(number=1, card=card.id, deck=card.deck, question=card.question, quote=card.answer)


def rated(speech: Speech, review: Review, memory: Memory, progress: Progress, now: datetime) -> Rated:
    """A rating that is on disk, and when the card comes back."""
    wait = memory.due - now
    text = speech.due_now if wait.total_seconds() <= 0 else speech.comes_back.format(span=speech.span(wait))
    if review.cram:
        text = speech.practised
    return Rated(value=review.value, due=memory.due, memory=memory, progress=progress, text=text)


def undone(speech: Speech, card: Card, kind: Kind, progress: Progress, phase: Phase) -> Undone:
    """What was taken back; the card itself only where its answer may be seen again."""
    seen = phase in ("graded", "rated")
    return Undone(card=card if seen else None, progress=progress, face=CardFace.of(card), text=speech.taken_back[kind])


def with_play(speech: Speech, view: View, play: Play, card: Card, rated: Rated | None, history: History) -> View:
    """`view` with the card in play; its answer and all that follows from it only once it may be seen."""
    view = replace(
        view, why=play.why, focus=play.focus, face=CardFace.of(card), hints=play.hints, confidence=play.confidence,
        talk=play.talk, leech=rules.leech(speech, history.memory(card.id), card), marked=history.marked.get(card.id),
    )  # fmt: skip
    if play.grade is None:
        return view
    view = replace(view, answer=play.answer)
    if rules.hidden(play):
        return replace(view, grade=rules.veiled(play.grade), feedback=first_look(play.grade, speech))
    shown = revealed(speech, play, card, play.grade)
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


def summary(speech: Speech, history: History, began: datetime, now: datetime, cards: Sequence[Card]) -> str:
    """What was done since `began`, counted in the log, and when the next card comes back."""
    reviews = [review for review in history.reviews(crammed=True) if review.at >= began]
    if not reviews:
        return " ".join([speech.none_rated, *_comes_back(speech, history, now, cards)])
    counts = Counter(review.verdict for review in reviews)
    parts = ", ".join(f"{counts[verdict]} {word}" for verdict, word in speech.verdicts.items() if counts[verdict])
    done = speech.done_one if len(reviews) == 1 else speech.done_many
    told = done.format(count=len(reviews), span=speech.span(now - began), parts=parts)
    return " ".join([told, *_comes_back(speech, history, now, cards)])


def nothing_left(speech: Speech, history: History, now: datetime, cards: Sequence[Card], new_per_day: int) -> str:
    """Why no card follows."""
    if not cards:
        return speech.no_cards
    new = any(history.memory(card.id).state == "new" for card in cards)
    limit = [speech.new_done.format(count=new_per_day)] if new else []
    return " ".join([speech.nothing_due, *limit, *_comes_back(speech, history, now, cards)])


def _comes_back(speech: Speech, history: History, now: datetime, cards: Sequence[Card]) -> Iterator[str]:
    due = next_due(cards, history, now)
    if due is not None:
        yield speech.card_due if due <= now else speech.next_back.format(span=speech.span(due - now))
