"""What a View becomes on screen: nothing of an answer too early, the learner's words marked, ticks where asked for."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from corpus.card import Card
from tutor import events
from tutor.explain import Citation
from tutor.grade import Grade, PointGrade
from tutor.history import Progress
from tutor.ui.show import card_html, face_html, near_html, progress_html, said_html, screen, talk_html
from tutor.ui.words import ENGLISH

PROGRESS = Progress(due=3, new=12, learned=5, reviewed_today=2)
CARD = Card(id="abc", deck="Birds", index=1, question="Why a <V>?", answer="it saves energy\nthey see each other")
FACE = events.CardFace(id="abc", deck="Birds", question="Why a <V>?", points=2)
ASKED = events.View(
    phase="asked", allowed=frozenset({events.Commit, events.AskHint}), progress=PROGRESS, face=FACE, why="It is due."
)  # fmt: skip
POINTS = (
    PointGrade(
        id="p1", text="it saves energy", verdict="made", evidence="saves them energy", weight=0.5, confidence=0.9
    ),
    PointGrade(id="p2", text="they see each other", verdict="missed", evidence="", weight=0.5, confidence=0.9),
)
GRADE = Grade(score=0.5, verdict="partial", settled=True, key_points=POINTS)
GRADED = replace(
    ASKED,
    phase="graded",
    allowed=frozenset({events.Rate, events.Tick}),
    answer="It saves them energy, I think",
    grade=GRADE,
    card=CARD,
    feedback="Partly: 1 of 2 points.\nMissing [1]: they see each other.\nNext: say it once more.",
    citations=(Citation(number=1, card="abc", deck="Birds", question="Why a <V>?", quote=""),),
    preset=3,
)


class Tags(HTMLParser):
    """Opened and closed tags, to see that they pair."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in ("br", "img", "hr"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def paired(html: str) -> bool:
    tags = Tags()
    tags.feed(html)
    return not tags.open and "\n" not in html


def test_card_that_waits_shows_its_face_and_no_result() -> None:
    seen = screen(ASKED, ENGLISH)
    assert "Why a &lt;V&gt;?" in seen.face
    assert "2 points to make" in seen.face
    assert "It is due." in seen.face
    assert (seen.result, seen.rated, seen.preset, seen.points) == ("", "", 0, ())
    assert seen.moves == {"Commit", "AskHint"}


def test_points_made_in_part_only_are_not_counted_as_none() -> None:
    half = replace(GRADE, key_points=tuple(replace(point, verdict="partly") for point in POINTS))
    seen = screen(replace(GRADED, grade=half), ENGLISH)
    assert "Partly right" in seen.result
    assert "points made" not in seen.result


def test_graded_card_shows_points_her_words_and_the_reference() -> None:
    seen = screen(GRADED, ENGLISH)
    assert "Partly right" in seen.result
    assert "1 of 2 points made" in seen.result
    assert '<li class="made">' in seen.result
    assert '<li class="missed">' in seen.result
    assert '<mark class="made">saves them energy</mark>' in seen.result
    assert "they see each other" in seen.result
    assert 'href="#card-abc"' in seen.result
    assert seen.preset == 3
    assert seen.points == ()


def test_unsettled_grade_asks_for_ticks_with_the_tutors_guess_ticked() -> None:
    seen = screen(replace(GRADED, grade=replace(GRADE, settled=False)), ENGLISH)
    assert seen.points == (("p1", "it saves energy", True), ("p2", "they see each other", False))
    assert "You decide" in seen.result
    assert "1 of 2" not in seen.result.split("<details>")[0]


def test_learners_ticks_replace_the_verdicts() -> None:
    grade = replace(GRADE, settled=False)
    seen = screen(replace(GRADED, grade=grade, ticks=("p2",), allowed=frozenset({events.Rate})), ENGLISH)
    assert "Ticked by you" in seen.result
    assert seen.result.count('<li class="made">') == 1
    assert seen.points == ()


def test_i_dont_know_is_told_the_answer_and_not_judged() -> None:
    seen = screen(replace(GRADED, answer="", grade=replace(GRADE, verdict="wrong", score=0.0)), ENGLISH)
    assert "Here is the answer" in seen.result
    assert "Not yet" not in seen.result


def test_feedback_that_streams_is_shown_as_it_comes() -> None:
    assert "so fa" in screen(GRADED, ENGLISH, said="so fa").result


@pytest.mark.parametrize("view", [ASKED, GRADED, replace(GRADED, grade=replace(GRADE, settled=False))])
def test_tags_pair_and_stay_on_one_line(view: events.View) -> None:
    seen = screen(view, ENGLISH)
    assert all(paired(html) for html in (seen.bar, seen.face, seen.result, seen.rated, seen.talk))


def test_ended_sitting_shows_its_summary() -> None:
    seen = screen(
        events.View(phase="ended", allowed=frozenset({events.Next}), progress=PROGRESS, summary="3 cards."), ENGLISH
    )
    assert "3 cards." in seen.face
    assert "phase-ended" in seen.face


def test_progress_line_counts() -> None:
    html = progress_html(PROGRESS, ENGLISH)
    assert "3 due · 12 new · 5 learned" in html
    assert "2 reviewed today" in html
    assert "width:25%" in html


def test_other_pieces_are_paired_and_inert() -> None:
    card = replace(CARD, question="<script>x</script>", path="/a/birds.txt", line=4)
    pieces = (
        card_html(card, ENGLISH),
        face_html(FACE, ENGLISH),
        near_html(GRADED.citations, ENGLISH),
        said_html("Hi [1] <b>", GRADED.citations, ENGLISH, whole=True),
        said_html("", (), ENGLISH),
        talk_html((("learner", "why <i>?"), ("tutor", "so [1]"))),
    )
    for html in pieces:
        assert paired(html)
        assert "<script>" not in html
        assert "<i>" not in html
    assert "birds.txt, line 4" in pieces[0]
    assert CARD.answer.split("\n")[0] not in pieces[1]
