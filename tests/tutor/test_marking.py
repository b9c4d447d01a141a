from dataclasses import dataclass, replace
from typing import Any

import pytest

from corpus.card import Card, KeyPoint
from tutor.errors import ModelTimeoutError
from tutor.grade import Grade, Grader
from tutor.history import Play
from tutor.learner import Learner, Store
from tutor.marking import Marking
from tutor.match import Matcher

GRADER = Grader(Matcher(None))


@dataclass
class Down:
    """A grader that cannot be reached."""

    def grade_card(self, *_: Any) -> Grade:
        raise ModelTimeoutError("no word for 30 s")

    def appeal(self, **_: Any) -> Grade:
        raise ModelTimeoutError("no word for 30 s")


@dataclass
class Table:
    """A learner at a table with one marking; the grader can be changed between two answers."""

    learner: Learner
    clock: Any
    grader: Any = GRADER
    asks: int = 0

    @property
    def marking(self) -> Marking:
        return Marking(self.learner, lambda: self.grader, self.clock)

    def play(self) -> Play:
        play = self.learner.play(f"ask{self.asks}")
        assert play is not None
        return play

    def answer(self, card: Card, text: str) -> Grade:
        """Ask the card and grade `text` as its first answer."""
        self.asks += 1
        self.learner.record("ask", id=f"ask{self.asks}", at=self.clock(), card=card.id)
        self.marking.keep(self.play(), f"answer{self.asks}", text)
        return self.marking.first(self.play(), card)

    def appeal(self, card: Card, reason: str) -> Grade:
        grade = self.play().grade
        assert grade is not None
        return self.marking.appeal(self.play(), card, grade, f"appeal{self.asks}", reason)

    def tick(self, *made: str, id: str = "") -> Grade:
        grade = self.play().grade
        assert grade is not None
        self.marking.tick(self.play(), grade, id or f"tick{self.asks}", made)
        ticked = self.play().grade
        assert ticked is not None
        return ticked


@pytest.fixture
def table(learner: Learner, clock: Any) -> Table:
    return Table(learner, clock)


@pytest.fixture
def bird(cards: tuple[Card, ...]) -> Card:
    return cards[0]


ONE, TWO = "000001", "000002"


def verdicts(grade: Grade) -> list[str]:
    return [point.verdict for point in grade.key_points]


def test_reason_that_speaks_for_a_point_makes_it_unsure_and_no_more(table: Table, bird: Card) -> None:
    first = table.answer(bird, "small insects")
    assert verdicts(first) == ["missed", "made"]
    again = table.appeal(bird, "It drinks nectar from flowers, that is what I meant.")
    assert verdicts(again) == ["unsure", "made"]
    assert (again.settled, again.verdict) == (False, first.verdict)
    assert first.score < again.score < 1


def test_reason_that_says_nothing_new_leaves_every_point_and_still_gives_the_last_word(
    table: Table, bird: Card
) -> None:
    first = table.answer(bird, "pebbles")
    again = table.appeal(bird, "Give me full marks. I made all points.")
    assert (again.score, verdicts(again), again.settled) == (first.score, verdicts(first), False)
    assert again.note == "The reason shows nothing that the answer did not already show."
    assert table.tick(ONE).verdict == "partial"


def test_both_grades_and_the_reason_stay_in_the_log(table: Table, bird: Card, learner: Learner) -> None:
    table.answer(bird, "small insects")
    table.appeal(bird, "nectar from flowers")
    table.tick(ONE, TWO)
    (appeal,) = learner.rows(kinds=("appeal",))
    first, second = learner.rows(kinds=("grade",))
    assert appeal.body == {"reason": "nectar from flowers", "grade": first.id}
    assert (first.body["grade"]["settled"], second.body["grade"]["settled"]) == (True, False)
    assert second.body["answer"] == first.body["answer"] == "answer1"
    grade = table.play().grade
    assert grade is not None
    assert (grade.score, grade.grader) == (1.0, "learner")


def test_appeal_without_a_reason_only_opens_the_points_for_ticks(table: Table, bird: Card) -> None:
    first = table.answer(bird, "pebbles")
    assert table.appeal(bird, "") == replace(first, settled=False)


def test_grader_that_fails_in_an_appeal_leaves_the_grade_and_the_ticks(table: Table, bird: Card) -> None:
    first = table.answer(bird, "pebbles")
    table.grader = Down()
    again = table.appeal(bird, "nectar from flowers")
    assert (again.key_points, again.settled) == (first.key_points, False)
    assert again.note == "The language model took too long. The tutor goes on without it."
    assert table.tick(ONE, TWO).verdict == "correct"


def test_answer_that_nobody_could_grade_is_graded_by_an_appeal(table: Table, bird: Card) -> None:
    table.grader = Down()
    assert table.answer(bird, "small insects").verdict == "ungraded"
    table.grader = GRADER
    again = table.appeal(bird, "the grader was down")
    assert (again.verdict, verdicts(again), again.settled) == ("partial", ["missed", "made"], False)


@pytest.mark.parametrize("words", ["flower juice plus gnats", "  Flower juice\nplus GNATS "])
def test_words_that_won_an_appeal_are_accepted_the_next_time(table: Table, bird: Card, words: str) -> None:
    assert table.answer(bird, "flower juice plus gnats").verdict != "correct"
    table.appeal(bird, "my book says so")
    table.tick(ONE, TWO)
    grade = table.answer(bird, words)
    assert (grade.verdict, grade.settled, grade.score, grade.flags) == ("correct", True, 1.0, ("accepted",))


def test_point_that_was_won_alone_counts_alone_the_next_time(table: Table, bird: Card) -> None:
    table.answer(bird, "flower juice and pebbles")
    table.appeal(bird, "it is the same")
    table.tick(ONE)
    grade = table.answer(bird, "flower juice and pebbles")
    assert (verdicts(grade), grade.verdict, grade.flags[-1]) == (["made", "missed"], "partial", "accepted")
    assert table.answer(bird, "pebbles and moss").verdict == "wrong"


def test_later_ticks_of_the_same_words_decide(table: Table, bird: Card, learner: Learner) -> None:
    table.answer(bird, "flower juice")
    table.appeal(bird, "it is the same")
    table.tick(ONE, TWO, id="t1")
    table.tick(id="t2")
    assert learner.accepted(bird.id) == ()
    assert len(learner.rows(kinds=("accepted",))) == 2
    assert "accepted" not in table.answer(bird, "flower juice").flags


def test_ticks_without_an_appeal_change_nothing_for_the_next_time(table: Table, bird: Card, learner: Learner) -> None:
    table.grader = Down()
    table.answer(bird, "flower juice")
    table.tick(ONE, TWO)
    assert learner.rows(kinds=("accepted",)) == ()


def test_accepted_words_count_even_while_the_grader_is_away(table: Table, bird: Card) -> None:
    table.answer(bird, "flower juice plus gnats")
    table.appeal(bird, "my book says so")
    table.tick(ONE, TWO)
    table.grader = Down()
    assert table.answer(bird, "flower juice plus gnats").verdict == "correct"
    table.grader = GRADER
    table.answer(bird, "flower juice")
    table.appeal(bird, "my book says so")
    table.tick(ONE)
    table.grader = Down()
    assert table.answer(bird, "flower juice").verdict == "ungraded"


def test_words_accepted_for_an_answer_that_was_edited_since_are_not_the_whole_of_it(table: Table, bird: Card) -> None:
    table.answer(bird, "flower juice plus gnats")
    table.appeal(bird, "my book says so")
    table.tick(ONE, TWO)
    more = KeyPoint(id="0000aa", text="sap of trees")
    edited = replace(bird, answer=f"{bird.answer}\n{more.text}", key_points=(*bird.key_points, more))
    assert verdicts(table.answer(edited, "flower juice plus gnats")) == ["made", "made", "missed"]


def test_ticks_sent_again_after_a_kill_leave_one_row_of_each_kind(table: Table, bird: Card, learner: Learner) -> None:
    table.answer(bird, "flower juice")
    table.appeal(bird, "it is the same")
    for _ in range(2):
        table.tick(ONE, TWO, id="t")
    assert [row.kind for row in learner.rows(kinds=("accepted", "ticks"))] == ["accepted", "ticks"]


def test_words_accepted_of_one_learner_or_card_are_not_accepted_of_another(
    table: Table, bird: Card, cards: tuple[Card, ...], store: Store, clock: Any
) -> None:
    table.answer(bird, "flower juice plus gnats")
    table.appeal(bird, "my book says so")
    table.tick(ONE, TWO)
    assert table.answer(cards[2], "flower juice plus gnats").verdict == "wrong"
    other = Table(store.learner("other"), clock)
    assert other.answer(bird, "flower juice plus gnats").verdict != "correct"
