"""Which words of one text say which of another: same stem, same side of an axis, slip of the pen, abbreviation.

Compares words only; vectors are for `features.py`.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .clauses import Word
from .opposites import alike

Floats = NDArray[np.floating[Any]]
STANDING = 4  # words; fewer may stand anywhere


def _initials(words: Sequence[Word]) -> dict[str, range]:
    """Initials of two to five neighbouring words -> their places: `rnn` for `recurrent neural network`."""
    plain = [(at, word.text[0]) for at, word in enumerate(words[:400]) if word.weight > 0.1 and word.text.isalpha()]
    letters = "".join(letter for _, letter in plain)
    found = {}
    for size in range(2, 6):
        for at in range(len(plain) - size + 1):
            found[letters[at : at + size]] = range(plain[at][0], plain[at + size - 1][0] + 1)
    return found


def likeness(ours: Sequence[Word], theirs: Sequence[Word]) -> Floats:
    """How well each of `theirs` says each of `ours`: shape (ours, theirs), 0 to 1, abbreviations seen through."""
    forms: dict[str, int] = {}
    columns = [forms.setdefault(word.text, len(forms)) for word in theirs]
    unique = list({forms[word.text]: word for word in theirs if word.content}.items())
    table = np.zeros((len(ours), len(forms)), np.float32)
    for row, word in enumerate(ours):
        if word.content:
            for column, other in unique:
                table[row, column] = alike(word.text, other.text)
        elif word.text in forms:
            table[row, forms[word.text]] = 1.0
    found = table[:, columns] if columns else np.zeros((len(ours), 0), np.float32)
    _abbreviations(ours, theirs, found)
    return found


def _abbreviations(ours: Sequence[Word], theirs: Sequence[Word], found: Floats) -> None:
    """Mark words of one side whose initials are a word of the other side."""
    for a, b, table in ((ours, theirs, found), (theirs, ours, found.T)):
        short = {
            word.text.removesuffix("s"): at for at, word in enumerate(b) if 2 <= len(word.text) <= 6 and word.content
        }
        if short:
            for letters, places in _initials(a).items():
                if letters in short:
                    cells = table[places.start : places.stop, short[letters]]
                    np.maximum(cells, 0.9, out=cells)


def letter_cosine(a: str, b: str) -> float:
    """The cosine of two texts by their runs of three letters, 0 to 1."""
    left, right = (Counter(line[at : at + 3] for at in range(len(line) - 2)) for line in (a, b))
    dot = sum(count * right.get(key, 0) for key, count in left.items())
    norm = sum(c * c for c in left.values()) * sum(c * c for c in right.values())
    return float(dot / norm**0.5) if norm else 0.0


def standing(text: Sequence[Word], point: Sequence[Word]) -> tuple[int, int] | None:
    """Where `text` holds the words of `point` one after the other, denied where they are denied there; else None."""
    ours = [(word.text, word.negated) for word in point]
    theirs = [(word.text, word.negated) for word in text]
    found = (at for at in range(len(theirs) - len(ours) + 1) if theirs[at : at + len(ours)] == ours)
    at = next(found, None) if len(ours) >= STANDING else None
    return None if at is None else (at, at + len(ours))


def peak(table: Floats) -> Floats:
    """The best of each row, shape (rows,); 0 where there is no column."""
    result: Floats = np.maximum.reduce(table, axis=1) if table.shape[1] else np.zeros(len(table), np.float32)
    return result


def weigh(words: Sequence[Word], known: frozenset[str] = frozenset()) -> Floats:
    """What each word weighs; words that the question gives (`known` stems) a quarter of it."""
    return np.array([word.weight * (0.25 if word.stem in known else 1.0) for word in words], np.float32)


def mean(values: Floats, weights: Floats) -> float:
    """The weighted mean; 0 without weight."""
    total = float(np.add.reduce(weights))
    return float(values @ weights) / total if total > 0 else 0.0
