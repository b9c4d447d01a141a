"""An answer's way to its grade: stored first, then graded, then the grade stored; ticks and appeals beside it.

Decides no schedule and shows nothing. Where nobody can grade, the grade is "ungraded" and says why.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from corpus.card import Card, KeyPoint, text_key
from corpus.errors import CorpusError
from tutor import rules
from tutor.errors import TutorError, plain
from tutor.grade import Grade
from tutor.history import Accepted, Play, dump_grade
from tutor.learner import Learner

_ALTERNATIVES = 5  # each costs the grader a look, and the newest are the likeliest to be said again


class Grades(Protocol):
    """Grades an answer to a card; `tutor.grade.Grader` is one."""

    def grade_card(self, card: Card, answer: str, accepted: Sequence[str] = (), others: Sequence[str] = ()) -> Grade:
        """The grade of `answer`, where those in `accepted` and what `others` answer to the question are right too."""

    def appeal(
        self, *, question: str, reference: str, answer: str, reason: str, key_points: Sequence[KeyPoint] = ()
    ) -> Grade:
        """The grade of `answer` with `reason` as one more claim to check."""


class Marking:
    """Marks answers for one learner. Every method writes to the log before it returns.

    `others` gives what other cards answer to the question of a card.
    """

    def __init__(
        self,
        learner: Learner,
        grader: Callable[[], Grades],
        clock: Callable[[], datetime],
        others: Callable[[Card], Sequence[str]] = lambda _: (),
    ) -> None:
        self._learner = learner
        self._grader = grader
        self._clock = clock
        self._others = others

    def keep(self, play: Play, id: str, text: str, *, known: bool = True) -> None:
        """Store an answer, which is safe from here on."""
        self._learner.commit_answer(id=id, at=self._clock(), card=play.card, ask=play.ask, text=text, known=known)

    def first(self, play: Play, card: Card) -> Grade:
        """Grade the answer that decides the schedule."""
        grade = self._judge(card, play.answer) if play.known else rules.not_known(card)
        self._keep_grade(play, play.answer_id, grade)
        return grade

    def again(self, play: Play, card: Card, id: str, text: str) -> Grade:
        """Grade a later answer, for feedback only."""
        grade = self._judge(card, text)
        self._keep_grade(play, id, grade, feedback_only=True)
        return grade

    def tick(self, play: Play, grade: Grade, id: str, made: Collection[str]) -> None:
        """Store the learner's own ticks, and the grade that follows from them, beside the grader's.

        After an appeal her words are kept with the card as well, so that they count the next time.
        """
        now, card = self._clock(), play.card
        if play.appealed and (made or _won(self._learner.accepted(card), play.answer)):
            # First, so that ticks sent again after a kill in between still find it done.
            kept = {"text": play.answer, "made": list(made), "answer": play.answer_id}
            self._learner.record("accepted", id=f"{id}:accepted", at=now, card=card, ask=play.ask, body=kept)
        body = {"made": list(made), "grade": dump_grade(rules.ticked(grade, made))}
        self._learner.record("ticks", id=id, at=now, card=card, ask=play.ask, body=body)

    def appeal(self, play: Play, card: Card, grade: Grade, id: str, reason: str) -> Grade:
        """Store an appeal, grade again with its reason, and store that grade beside the first; ticks then decide."""
        body = {"reason": reason, "grade": play.grade_id}
        self._learner.record("appeal", id=id, at=self._clock(), card=play.card, ask=play.ask, body=body)
        again = self._argued(card, play.answer, grade, reason) if reason else replace(grade, settled=False)
        self._keep_grade(play, play.answer_id, again, id=f"{id}:grade")
        return again

    def _argued(self, card: Card, answer: str, grade: Grade, reason: str) -> Grade:
        try:
            again = self._grader().appeal(
                question=card.question,
                reference=card.reference,
                answer=answer,
                reason=reason,
                key_points=card.key_points,
            )
        except (TutorError, CorpusError) as error:
            return replace(grade, settled=False, note=plain(error))
        return rules.appealed(grade, again)

    def _judge(self, card: Card, text: str) -> Grade:
        points = {point.id for point in card.key_points}
        alternatives = self._learner.accepted(card.id)
        whole = [one.text for one in alternatives if points <= one.made]
        try:
            grade = self._grader().grade_card(card, text, whole[-_ALTERNATIVES:], self._others(card))
        except (TutorError, CorpusError) as error:
            grade = rules.ungraded(card, plain(error))
        return rules.credited(grade, _won(alternatives, text))

    def _keep_grade(self, play: Play, answer: str, grade: Grade, *, id: str = "", feedback_only: bool = False) -> None:
        self._learner.record_grade(
            id=id or f"{answer}:grade",
            at=self._clock(),
            card=play.card,
            ask=play.ask,
            answer=answer,
            grade=grade,
            feedback_only=feedback_only,
        )


def _won(alternatives: Sequence[Accepted], text: str) -> frozenset[str]:
    """The ids of the key points that these very words won in an appeal before."""
    key = text_key(text)
    return next((one.made for one in alternatives if text_key(one.text) == key), frozenset())
