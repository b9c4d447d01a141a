"""What a language model says about each key point: asked once, read strictly, checked against the learner's own words.

Computes no score and trusts no verdict: `grade.py` weighs these against the matcher's.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import Literal

from corpus.card import KeyPoint
from prompts import Prompt, render

from .clauses import clean, prepare
from .errors import ModelCutError, ModelEmptyError, ModelLimitError, ModelLongError, ModelRefusedError
from .model import ChatModel, complete

Verdict = Literal["made", "partly", "missed", "contradicted", "unsure"]

# Points that no answer to another question makes. A model that finds one made says yes to everything.
_CONTROLS = (
    "The Treaty of Westphalia ended the Thirty Years' War in 1648",
    "A blue whale's heart weighs about as much as a small horse",
    "Sourdough bread rises because wild yeast ferments the flour",
    "The violin has four strings tuned in fifths",
    "Mount Kilimanjaro stands in north-eastern Tanzania",
    "Honeybees dance to show where flowers are",
)
_LINE = re.compile(
    r"^[\s*_`>-]*POINT\s+[\[(<`*]*(?P<id>[0-9A-Za-z-]+)[\])>`*]*\s*[:=-]+\s*[\"'*`_]*"
    r"(?P<verdict>made|partly|partially|missed|missing|contradicted)\b[\"'*`_.]*\s*(?:\|\s*(?P<quote>.*))?$",
    re.IGNORECASE | re.MULTILINE,
)
_AT_ONCE = 12  # points whose lines fit well into a reply of 1024 tokens
_SAME: dict[str, Verdict] = {"partially": "partly", "missing": "missed"}
_REFUSAL = re.compile(r"\b(?:I can(?:'|no|’)t|I cannot|I am unable|I'm unable|I won't|as an AI)\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Spoken:
    """One verdict of the model's, with evidence that is certainly in the answer ("" where none was found)."""

    id: str
    verdict: Verdict
    evidence: str


def ask(model: ChatModel, question: str, reference: str, points: Sequence[KeyPoint], answer: str) -> dict[str, Spoken]:
    """The model's verdict for every point, asked a few at a time; those that are too much at once are asked in halves.

    Raises:
        ModelError: it failed, refused, was cut, left a point out, or found a control point made; or the answer
            alone is too long for it, which is never cut: what is cut off would count as missed.
    """
    spoken: dict[str, Spoken] = {}
    for at in range(0, len(points), _AT_ONCE):
        spoken |= _ask_some(model, question, reference, points[at : at + _AT_ONCE], answer)
    return spoken


def _ask_some(
    model: ChatModel, question: str, reference: str, points: Sequence[KeyPoint], answer: str
) -> dict[str, Spoken]:
    try:
        return _ask_once(model, question, reference, points, answer)
    except (ModelLongError, ModelLimitError):
        if len(points) == 1:
            raise
    spoken: dict[str, Spoken] = {}
    for half in (points[: len(points) // 2], points[len(points) // 2 :]):
        spoken |= _ask_some(model, question, "\n".join(map(_said, half)), half, answer)
    return spoken


def _ask_once(
    model: ChatModel, question: str, reference: str, points: Sequence[KeyPoint], answer: str
) -> dict[str, Spoken]:
    controls = _controls(question, reference, answer)
    fence = f"=====answer {token_hex(8)}====="
    reply = complete(model, _prompt(question, reference, [*points, *controls], answer, fence))
    spoken = read(reply.text, [*points, *controls], answer)
    if any(spoken[control.id].verdict in ("made", "partly") for control in controls if control.id in spoken):
        raise ModelRefusedError(
            "The model found a control point in the answer that is not there, so its verdicts do not count."
        )
    lost = [point.id for point in points if point.id not in spoken]
    if lost:
        _raise(reply.text, lost)
    return {point.id: spoken[point.id] for point in points}


def _raise(text: str, lost: Sequence[str]) -> None:
    if not text.strip():
        raise ModelEmptyError("The model said nothing.")
    if _REFUSAL.search(text):
        raise ModelRefusedError("The model declined to judge the answer.")
    raise ModelCutError(f"The model gave no verdict for {len(lost)} of the points.", text=text)


def _controls(question: str, reference: str, answer: str) -> tuple[KeyPoint, ...]:
    """Two control points that share no word with the card or the answer; their ids look like any other."""
    said = prepare(f"{question}\n{reference}\n{answer}").stems
    free = [text for text in _CONTROLS if not prepare(text).stems & said] or [_CONTROLS[0]]
    return tuple(KeyPoint(id=token_hex(3), text=text) for text in free[:2])


def _prompt(question: str, reference: str, points: Sequence[KeyPoint], answer: str, fence: str) -> Prompt:
    lines = [f"{point.id}: {_said(point)}" for point in sorted(points, key=lambda point: point.id)]
    return render(
        "grade",
        question=question,
        reference=reference,
        points="\n".join(lines),
        fence=fence,
        answer=answer.replace("=====", "= = ="),
    )


def _said(point: KeyPoint) -> str:
    return f"{point.head + ': ' if point.head else ''}{' '.join(point.text.split())}"


def read(text: str, points: Sequence[KeyPoint], answer: str) -> dict[str, Spoken]:
    """The verdict lines in `text`; where a point has several, they must agree, or it is unsure."""
    wanted = {point.id.casefold(): point.id for point in points}
    found: dict[str, Spoken] = {}
    for line in _LINE.finditer(text):
        key = wanted.get(line["id"].casefold())
        if key is None:
            continue
        word = line["verdict"].lower()
        verdict = _SAME.get(word, word)
        evidence = quoted(line["quote"] or "", answer)
        if verdict in ("made", "partly", "contradicted") and not evidence:
            verdict = "unsure"
        if key in found and found[key].verdict != verdict:
            verdict = "unsure"
        found[key] = Spoken(id=key, verdict=verdict, evidence=evidence)  # type: ignore[arg-type]
    return found


def quoted(quote: str, answer: str) -> str:
    """The learner's own words that `quote` copies, as they stand in `answer`; "" if they do not."""
    bare = clean(quote).strip().strip("\"'“”‘’«»`|. ")
    if len(re.findall(r"\w", bare)) < 2:
        return ""
    pattern = r"\W+".join(re.escape(part) for part in re.findall(r"\w+", bare)[:60])
    match = re.search(pattern, clean(answer), re.IGNORECASE)
    return match.group() if match else ""
