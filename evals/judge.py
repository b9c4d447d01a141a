"""The judge: a named second model that says which key points a reply makes, in verdict lines that are read here.

It is never chosen silently and never scores: it gives verdicts, and metrics do the arithmetic.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evals.case import JudgeError
from prompts import render
from tutor.errors import ModelError
from tutor.model import ChatModel, complete

VERDICTS = ("made", "partly", "missed", "contradicted")
_LINE = re.compile(r"^[\s>*`#-]*P(\d{1,3})[*`]*\s*[:.)=-]+\s*[*`]*([A-Za-z]+)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """Verdicts by the point's place, from 0; a point with no valid verdict is absent. `words` are the judge's own."""

    verdicts: Mapping[int, str]
    words: str


class Judge:
    """A model with the judge's prompt."""

    def __init__(self, model: ChatModel) -> None:
        self.model = model
        self.name = model.name

    def judge(self, question: str, points: Sequence[str], reply: str) -> Judged:
        """Which of the points the reply makes: one call, and one more where a verdict is missing or off the menu.

        Raises:
            JudgeError: no call succeeded, or no verdict could be read twice.
        """
        first = self._call(question, points, reply, tuple(range(len(points))))
        missing = tuple(place for place in range(len(points)) if place not in first.verdicts)
        if not missing:
            return first
        second = self._call(question, points, reply, missing)
        verdicts = {**second.verdicts, **first.verdicts}
        if not verdicts:
            raise JudgeError(f"the judge {self.name} gave no verdict line in two calls; it said {second.words[:80]!r}")
        return Judged(verdicts=verdicts, words=f"{first.words}\n{second.words}")

    def _call(self, question: str, points: Sequence[str], reply: str, places: tuple[int, ...]) -> Judged:
        fence = f"=== {secrets.token_hex(8)} ==="
        prompt = render(
            "judge",
            question=question,
            points="\n".join(f"P{place + 1}: {points[place]}" for place in places),
            fence=fence,
            reply=reply,
            count=str(len(places)),
            names=", ".join(f"P{place + 1}" for place in places),
        )
        try:
            said = complete(self.model, prompt, max_tokens=400, patience=60)
        except ModelError as error:
            raise JudgeError(f"the judge {self.name} failed: {error}") from error
        verdicts = {place: verdict for place, verdict in read_verdicts(said.text).items() if place in places}
        return Judged(verdicts=verdicts, words=said.text)


def read_verdicts(text: str) -> dict[int, str]:
    """The verdict lines in a judge's words, by the point's place from 0; the last valid one for a point wins.

    >>> read_verdicts("P1: MADE\\nP2: maybe\\nP1: **MISSED**")
    {0: 'missed'}
    """
    thought = text.rpartition("</think>")[2]
    found: dict[int, str] = {}
    for match in _LINE.finditer(thought):
        word = match.group(2).lower()
        if word in VERDICTS and int(match.group(1)) > 0:
            found[int(match.group(1)) - 1] = word
    return found
