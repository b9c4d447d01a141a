"""An answer's way to its grade: stored first, then graded, then the grade stored; ticks and appeals beside it.

Decides no schedule and shows nothing. Where nobody can grade, the grade is "ungraded" and says why.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from corpus.card import Card
from corpus.errors import CorpusError
from tutor import rules
from tutor.errors import TutorError
from tutor.grade import Grade
from tutor.history import Play, dump_grade
from tutor.learner import Learner


class Grades(Protocol):
    """Grades an answer to a card; `tutor.grade.Grader` is one."""

    def grade_card(self, card: Card, answer: str) -> Grade:
        """The grade of `answer`."""


class Marking:
    """Marks answers for one learner. Every method writes to the log before it returns."""

    def __init__(self, learner: Learner, grader: Callable[[], Grades], clock: Callable[[], datetime]) -> None:
        self._learner = learner
        self._grader = grader
        self._clock = clock

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
        """Store the learner's own ticks, and the grade that follows from them, beside the grader's."""
        body = {"made": list(made), "grade": dump_grade(rules.ticked(grade, made))}
        self._learner.record("ticks", id=id, at=self._clock(), card=play.card, ask=play.ask, body=body)

    def appeal(self, play: Play, grade: Grade, id: str, reason: str) -> None:
        """Store an appeal; from here the learner decides point by point, and both grades are kept."""
        body = {"reason": reason, "grade": play.grade_id}
        self._learner.record("appeal", id=id, at=self._clock(), card=play.card, ask=play.ask, body=body)
        self._keep_grade(play, play.answer_id, replace(grade, settled=False), id=f"{id}:grade")

    def _judge(self, card: Card, text: str) -> Grade:
        try:
            return self._grader().grade_card(card, text)
        except (TutorError, CorpusError) as error:
            return rules.ungraded(card, error.plain if isinstance(error, TutorError) else str(error))

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
