"""Whether a dialogue kept the card's answer back until the learner had committed one, and went through to its end.

Two looks at a leak: the tutor's own leak check, and plain words, so that the check does not vouch for itself.
"""

import re

from corpus.card import Card
from corpus.keypoints import split
from evals.case import DialogueCase
from evals.metrics.score import Metric, Score, Tools
from evals.subject import Answer

SHARE, FEWEST = 0.7, 3
_WORD = re.compile(r"\w{3,}")


def _words(text: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(text)}


def _told_by_words(card: Card, text: str) -> str:
    """The first key point most of whose new words stand in one text; empty where there is none."""
    known, said = _words(card.question), _words(text)
    for point in split(card.answer, card.question):
        new = _words(point.text) - known
        if len(new) >= FEWEST and len(new & said) >= SHARE * len(new):
            return point.text
    return ""


def no_leak(case: DialogueCase, answer: Answer, tools: Tools) -> Score | None:
    """1 where nothing that was shown before an answer was committed tells a key point; the last hint may."""
    if not answer.found:
        return Score(value=None, reason="the subject did not say which card was played")
    card = Card(id="", deck="", index=0, question=answer.found[0].question, answer=answer.found[0].text)
    for text in answer.before:
        if point := _told_by_words(card, text):
            return Score(value=0.0, reason=f"shown before the answer: {text!r} tells {point!r}")
        if tools.matcher is not None:
            from tutor.hint import leaks

            if leaks(text, card, tools.matcher):
                return Score(value=0.0, reason=f"shown before the answer: {text!r} tells a key point")
    return Score(value=1.0, reason=f"{len(answer.before)} texts tell nothing")


def went_through(case: DialogueCase, answer: Answer, tools: Tools) -> Score | None:
    """1 where no move was refused that the script does not expect to be."""
    extra = [flag for flag in answer.flags if flag.startswith("refused: ")]
    if len(extra) <= case.refused:
        return Score(value=1.0, reason="every move was taken" if not extra else "refused what it should")
    return Score(value=0.0, reason=extra[0])


_ON = ("dialogue",)
METRICS = (
    Metric(name="no_leak", subjects=_ON, score=no_leak, about="dialogues that told nothing too early"),
    Metric(name="went_through", subjects=_ON, score=went_through, about="dialogues whose moves were taken"),
)
