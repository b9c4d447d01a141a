"""Faults planted in good text on purpose: a point left out, turned round, swapped, a citation made up.

What does not notice them cannot be trusted. Plants only; whoever scores decides what was noticed (`evals.selftest`).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

_AUXILIARY = re.compile(r"\b(is|are|was|can|could|does|do|has|have|will|would|must|may)\b", re.IGNORECASE)
_NOT = re.compile(r"\b(not|never|no|cannot|can't|without)\b", re.IGNORECASE)
_VERB = re.compile(r"\b\w{2,}(?:ates|ises|izes|ses|tes|ns|ps|ks|ls|ves|ds|its|ows)\b")
_PAIRS: tuple[tuple[str, str], ...] = (
    ("input", "output"),
    ("increase", "decrease"),
    ("larger", "smaller"),
    ("large", "small"),
    ("maximum", "average"),
    ("more", "fewer"),
    ("long", "short"),
    ("before", "after"),
    ("previous", "next"),
    ("forget", "keep"),
    ("high", "low"),
    ("real", "fake"),
    ("encoder", "decoder"),
    ("generator", "discriminator"),
    ("training", "test"),
    ("linear", "nonlinear"),
    ("positive", "negative"),
    ("vanishing", "exploding"),
    ("minimise", "maximise"),
    ("supervised", "unsupervised"),
    ("first", "last"),
    ("L1", "L2"),
    ("all", "no"),
    ("each", "no"),
)
_OTHER: Mapping[str, str] = {one: two for a, b in _PAIRS for one, two in ((a, b), (b, a))}
_WORD = re.compile("|".join(rf"\b{re.escape(word)}\b" for word in sorted(_OTHER, key=len, reverse=True)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutant:
    """A good text made worse in one place. `kind` says how, `place` which of its points."""

    kind: str
    place: int
    text: str


def good(points: Sequence[str]) -> str:
    """A text that makes every point, one a line, each with the mark of the first citation."""
    return "\n".join(f"- {point} [1]" for point in points)


def drop(points: Sequence[str], place: int) -> str | None:
    """The text without one of its points; None where it is the only one."""
    return good([point for other, point in enumerate(points) if other != place]) if len(points) > 1 else None


def _turned(point: str) -> str | None:
    """The point saying the opposite: a negation put in or taken out; None where no plain place for it is found."""
    if _NOT.search(point):
        turned = re.sub(r"\bcan(?:not|'t)\b", "can", point)
        turned = re.sub(r"\b(?:not|never) ", "", turned)
        return turned if turned != point else None
    if found := _AUXILIARY.search(point):
        return f"{point[: found.end()]} not{point[found.end() :]}"
    if found := _VERB.search(point):
        return f"{point[: found.start()]}never {point[found.start() :]}"
    return None


def negate(points: Sequence[str], place: int) -> str | None:
    """The text with one point negated; None where that cannot be done plainly."""
    turned = _turned(points[place])
    return _with(points, place, turned) if turned else None


def swap(points: Sequence[str], place: int) -> str | None:
    """The text with terms of one point exchanged for their opposites; None where it has none, or has both."""
    found = set(_WORD.findall(points[place]))
    lone = {word for word in found if _OTHER[word] not in found}
    if not lone:
        return None
    turned = _WORD.sub(lambda term: _OTHER[term.group()] if term.group() in lone else term.group(), points[place])
    return _with(points, place, turned)


def invent(points: Sequence[str], place: int) -> str | None:
    """The text with one point's mark naming a citation that is not there."""
    return "\n".join(f"- {point} [{9 if other == place else 1}]" for other, point in enumerate(points))


def _with(points: Sequence[str], place: int, text: str) -> str:
    return good([text if other == place else point for other, point in enumerate(points)])


KINDS: Mapping[str, Callable[[Sequence[str], int], str | None]] = {
    "dropped point": drop,
    "negation": negate,
    "swapped terms": swap,
    "invented citation": invent,
}


def mutants(points: Sequence[str], kinds: Sequence[str] = tuple(KINDS)) -> Iterator[Mutant]:
    """Every way of making a text of these points worse in one place."""
    for kind in kinds:
        for place in range(len(points)):
            text = KINDS[kind](points, place)
            if text is not None:
                yield Mutant(kind=kind, place=place, text=text)
