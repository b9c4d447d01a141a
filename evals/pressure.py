"""Every bundled card under every scripted learner: does the tutor keep the answer, its ladder, and to the truth?

Judges by plain words, by words in disguise and by the tutor's own leak check; a session is played, none is changed.
"""

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.card import Card, KeyPoint
from evals.dialogue import move_of, not_hers, text_of
from evals.learners import LEARNERS, WAYS, Leaky
from evals.stats import exact
from tutor import events
from tutor.clauses import STOP, stem
from tutor.disguise import said
from tutor.events import Event
from tutor.explain import Reply, Said
from tutor.feedback import short
from tutor.grade import Grade
from tutor.hint import LEVELS, hint, leaks
from tutor.session import Parts, Session

if TYPE_CHECKING:
    from tutor.assemble import Tutor
    from tutor.learner import Learner

SHARE = 0.8  # of a point's own words: told
UNDER_PRESSURE = frozenset(LEARNERS) - {"full", "partial", "wrong", "silent"}
_ROWS = {"Graded": "grade", "HintGiven": "hint", "ConfidenceKept": "confidence", "Rated": "review"}
_PRAISE = re.compile(r"\b(?:well done|good|great|nice|excellent|bravo|almost)\b", re.IGNORECASE)


@dataclass
class Seen:
    """What one dialogue showed: texts before the answer was shown, by turn, and what was wrong with it."""

    learner: str
    card: Card
    own: str = ""
    early: list[str] = field(default_factory=list)
    questions: int = 0
    graded: int = 0
    complete: int = 0
    claims: int = 0
    unbacked: list[str] = field(default_factory=list)
    asides: int = 0
    answered: int = 0
    leaked: tuple[str, ...] = ()
    way: int | None = None


class Doubled:
    """A tutor whose language model is `leaky`, and to whom every question seems to be about something else."""

    def __init__(self, tutor: "Tutor", leaky: Leaky) -> None:
        self.tutor = tutor
        self.explainer: Any = leaky
        self.model: object = leaky

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the tutor has
        return getattr(self.tutor, name)

    def related(self, question: str, card: Card) -> bool:
        """Never, so that the check of the reply has to hold alone."""
        return False


def own_words(text: str, question: str) -> frozenset[str]:
    """The words of `text` that carry it and that the question does not hold."""
    asked = {stem(word) for word in re.findall(r"\w+", question.casefold())}
    return frozenset(w for w in re.findall(r"[^\W_]+", text.casefold()) if w not in STOP and stem(w) not in asked)


def told(text: str, card: Card) -> tuple[str, ...]:
    """The ids of the points most of whose own words stand in `text`, plainly or in disguise, without the matcher."""
    found = []
    for point in card.key_points:
        own = own_words(point.text, card.question)
        if own and len(said(own, text)) / len(own) >= SHARE:
            found.append(point.id)
    return tuple(found)


def play(parts: Parts, learner: "Learner", card: Card, name: str, moves: Sequence[str], study: Any) -> Seen:  # noqa: ANN401
    """One dialogue: ten moves on one card, and what they showed."""
    session = Session(parts, learner, [card], study)
    seen = Seen(learner=name, card=card)
    shown = False
    for move in (events.Next(), *(move_of(text) for text in moves)):
        hidden_before = not shown
        for event in session.act(move):
            shown = shown or (isinstance(event, events.Graded | events.Revealed) and session.phase != "tried")
            if not shown and not isinstance(event, Said):
                seen.early.append(text_of(event))
            _count(seen, event, session, learner)
        if hidden_before and not shown:
            view = session.view()
            assert view.card is None, "the view holds the card before its answer is shown"
            seen.early += [point.text for point in view.grade.key_points] if view.grade else []
    seen.own = "\n".join(move.partition(":")[2] for move in moves if move.startswith("answer:"))
    seen.early = [text for text in dict.fromkeys(seen.early) if text]
    seen.leaked = _leaked(told, seen)
    return seen


def _leaked(judge: Callable[[str, Card], Collection[str]], seen: Seen) -> tuple[str, ...]:
    """The points that were told to her; what she said herself may be said back."""
    text = not_hers("\n".join(seen.early), seen.own)
    found = set(judge(text, seen.card)) if text.strip() else set()
    return tuple(sorted(found - set(judge(seen.own, seen.card)))) if found else ()


def _count(seen: Seen, event: Event, session: Session, learner: "Learner") -> None:
    if isinstance(event, Reply):
        seen.asides += 1
        seen.answered += event.answerable
    if isinstance(event, events.HintGiven | events.TryAgain | events.Revealed):
        text = event.hint.text if isinstance(event, events.HintGiven) else text_of(event)
        own = text.replace(seen.card.question, "").replace(seen.card.answer, "")
        for head in {point.head for point in seen.card.key_points if point.head}:
            own = own.replace(head, "")
        seen.questions = max(seen.questions, re.sub("“[^”]*”", "", own).count("?"))
    if isinstance(event, events.Revealed):
        seen.graded += 1
        seen.complete += complete(event, session.view())
    if (kind := _ROWS.get(type(event).__name__)) is not None:
        seen.claims += 1
        if not learner.rows(card=seen.card.id, kinds=(kind,)):  # type: ignore[arg-type]
            seen.unbacked.append(f"{type(event).__name__} without its row")
    if isinstance(event, events.Asked | events.Rated | events.Ended):
        seen.claims += 1
        if event.progress != session.progress():
            seen.unbacked.append(f"{type(event).__name__}: {event.progress}")
    if isinstance(event, events.Rated) and event.due != learner.history.memory(seen.card.id).due:
        seen.unbacked.append(f"due {event.due}")


def complete(event: events.Revealed, view: events.View) -> bool:
    """Whether feedback names every point not made, cites the card, praises no wrong answer, and ends in one step."""
    text, grade = event.feedback, view.grade
    if grade is None or text.count("Next:") != 1 or not event.citations:
        return False
    decides = view.again or grade
    if decides.verdict == "wrong" and _PRAISE.search(_tutors_own(text.partition("Next:")[0], decides)):
        return False
    if not view.again and (not view.answer or grade.verdict == "ungraded"):
        return "[1]" in text
    plain = " ".join(text.split())
    asked = [p for p in decides.key_points if p.weight]
    open_points = [p for p in asked if p.verdict in ("missed", "contradicted", "partly")]
    return all(" ".join(point.text.split()).rstrip(".;,: ")[:60] in plain for point in open_points)


def _tutors_own(text: str, grade: Grade) -> str:
    """Feedback without what it quotes from the learner or the card, where praise is nobody's."""
    for point in grade.key_points:
        text = text.replace(short(point.text), "")
    return re.sub("“[^”]*”", "", text)


def ladder(card: Card) -> tuple[bool, float]:
    """Whether no rung towards any point shows fewer of its own letters than the one before; the most before the last.

    All rungs but the last tell no point, by words.
    """
    found = [_ladder(card, point) for point in card.key_points]
    return all(rising for rising, _ in found), max((most for _, most in found), default=0.0)


def _ladder(card: Card, point: KeyPoint) -> tuple[bool, float]:
    # The deck's name stands on the card's face, and a few words are the ladder's own.
    plain = f"{card.question} {card.deck} sentence point answer word short"
    own, cued = own_words(f"{point.head} {point.text}", plain), len(own_words(point.text, plain))
    texts = [hint(card, level, missing=[point.id]).text for level in range(1, LEVELS + 1)]
    shares = [_letters(text, own, cued) for text in texts]
    rising = all(one <= two + 1e-9 for one, two in pairwise(shares))
    return rising and not any(told(text, card) for text in texts[:-1]), max(shares[:-1])


def _letters(text: str, own: Collection[str], cued: int) -> float:
    """The share of the letters of a point's own words that a hint shows.

    In a list of first letters each is one, a word that comes twice counts once: at most `cued`.
    """
    total = sum(map(len, own)) or 1
    if "beginning with:" in text:
        return min(cued, len(re.findall(r"\b[A-Z]\b", text.partition("beginning with:")[2]))) / total
    there = re.findall(r"\w+", text.casefold())
    best = (
        max((_plain(one) for one in there if len(one) == len(word) and _fits(one, word)), default=0) for word in own
    )
    return sum(best) / total


def _fits(shown: str, word: str) -> bool:
    return all(one in ("_", two) for one, two in zip(shown, word, strict=True))


def _plain(word: str) -> int:
    return sum(one != "_" for one in word)


def sweep(
    tutor: "Tutor", *, leaky: bool, every: int = 1, start: int = 0, journal: "Journal | None" = None
) -> Iterator[Seen]:
    """Every `every`-th card from `start` on under every learner, with the built tutor or with one whose model leaks.

    What stands in the `journal` is taken from there, and what is played is added to it.
    """
    from tutor.learner import Store

    known = journal.read(tutor, leaky) if journal is not None else {}
    with Store.open("sqlite://") as store:
        for place in range(start, len(tutor.cards), every):
            card = tutor.cards[place]
            others = [*tutor.cards[place + 1 :], *tutor.cards[:place]]
            for turn, name in enumerate(LEARNERS):
                double = Leaky(card=card, way=None if turn == 0 else (place + turn) % len(WAYS))
                seen = known.get((card.id, name, double.way))
                if seen is None:
                    parts: Any = Doubled(tutor, double) if leaky else tutor
                    learner = store.learner(f"{name} {place}")
                    seen = play(parts, learner, card, name, LEARNERS[name](card, others), tutor.settings.study)
                    seen.leaked = _leaked(told, seen) or _leaked(partial(leaks, matcher=tutor.matcher), seen)
                    seen.way = double.way
                    if journal is not None:
                        journal.add(seen, leaky)
                yield seen


class Journal:
    """Dialogues that were played, one a line of a file that only grows; those on other rules count as never played."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rules = rules()

    def add(self, seen: Seen, leaky: bool) -> None:
        """Keep one dialogue."""
        line = {**vars(seen), "card": seen.card.id, "rules": self._rules, "leaky": leaky}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def read(self, tutor: "Tutor", leaky: bool) -> dict[tuple[str, str, int | None], Seen]:
        """What was played on the rules as they are now, by card, learner and the double's way."""
        cards = {card.id: card for card in tutor.cards}
        lines = self._path.read_text(encoding="utf-8").splitlines() if self._path.exists() else []
        found = {}
        for line in map(json.loads, lines):
            if line.pop("rules") == self._rules and line.pop("leaky") == leaky and line["card"] in cards:
                seen = Seen(**{**line, "card": cards[line["card"]], "leaked": tuple(line["leaked"])})
                found[seen.card.id, seen.learner, seen.way] = seen
        return found


def rules() -> str:
    """A fingerprint of the code and the numbers that a dialogue follows from."""
    found, root = hashlib.sha256(), Path(__file__).parents[1]
    for pattern in ("tutor/*.py", "tutor/*.json", "corpus/**/*.py", "corpus/*.npy", "evals/*.py"):
        for path in sorted(root.glob(pattern)):
            found.update(path.read_bytes())
    return found.hexdigest()[:16]


def report(found: Sequence[Seen], cards: Sequence[Card]) -> dict[str, Any]:
    """The figures of a sweep, each with its count."""
    ladders = [ladder(card) for card in cards]
    cycled = [one for one in found if one.learner == "guesses"]
    return {
        "dialogues": len(found),
        "leaks": sum(bool(one.leaked) for one in found),
        "first_commitment": _rate([one for one in found if one.learner not in UNDER_PRESSURE]),
        "under_pressure": _rate([one for one in found if one.learner in UNDER_PRESSURE]),
        "guess_cycling_advantage": sum(len(one.early) > 1 for one in cycled) / max(1, len(cycled)),
        "ladder_monotone": sum(rising for rising, _ in ladders) / max(1, len(ladders)),
        "ladder_most_shown": round(max((most for _, most in ladders), default=0.0), 3),
        "questions_a_turn": max((one.questions for one in found), default=0),
        "feedback_complete": [sum(one.complete for one in found), sum(one.graded for one in found)],
        "claims": sum(one.claims for one in found),
        "unbacked_claims": sum(len(one.unbacked) for one in found),
        "side_questions_answered": [sum(one.answered for one in found), sum(one.asides for one in found)],
    }


def _rate(found: Collection[Seen]) -> dict[str, float]:
    leaks, n = sum(bool(one.leaked) for one in found), len(found)
    return {"dialogues": n, "leaks": leaks, "at_most": round(exact(leaks, n)[1], 4) if n else 1.0}
