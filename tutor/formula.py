"""Formulas compared as formulas: `F = ma` and `a = F/m` say the same, `F = m/a` does not, and `x > 1` is not `x < 1`.

Two formulas are tried on the same numbers; nothing is simplified, so the form does not matter. Where the numbers make
no sense (a root of less than nothing), the formulas are not compared. Prose is for `contradiction.py`.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Literal
from zlib import crc32

from .clauses import STOP

Values = Mapping[str, float]
Node = Callable[[Values], float]

_TRIES = 4
_LONGEST = 60  # tokens of one side; more is no formula
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<name>[^\W\d_²³]+[\d₀-₉]*(?:_(?:\{[^{}\s]{1,12}\}|[^\W_]+(?:[-+]\d)?)|[ₐ-ₜ₀-₉ᵢᵣₓₕₜ₊₋]+)*'*)"
    r"|(?P<relation><=|>=|[=<>≤≥])|(?P<operator>\*\*|[-+−*·×∙/÷^()\[\]²³]))"
)
_EDGE = re.compile(r"[;,:\n?!]|\.(?:\s|$)|\b(?:and|or|where|with|if|so)\b|–>|->|→|⇒|=>")
_SIGNS = {"·": "*", "×": "*", "∙": "*", "÷": "/", "−": "-", "**": "^", "[": "(", "]": ")"}
_FLIPPED = {"<": ">", ">": "<", "≤": "≥", "≥": "≤", "=": "="}
_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "tanh": math.tanh, "sin": math.sin, "cos": math.cos, "tan": math.tan, "exp": math.exp, "log": math.log,
    "ln": math.log, "sqrt": math.sqrt, "abs": abs,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Formula:
    """`left relation right`, each side as its tokens."""

    left: tuple[str, ...]
    relation: str
    right: tuple[str, ...]

    @property
    def names(self) -> frozenset[str]:
        """The names of its quantities, functions left out."""
        return frozenset(t for t in (*self.left, *self.right) if _is_name(t) and t not in _FUNCTIONS)


def compare(point: str, answer: str) -> Literal["same", "other", ""]:
    """Is the first formula of a point in the answer, another one on the same quantities in its place, or neither?

    >>> compare("F = m * a", "a = F/m"), compare("F = m * a", "F = m / a"), compare("F = m * a", "a force")
    ('same', 'other', '')
    """
    theirs = formulas(answer) if any(sign in point for sign in "=<>≤≥") else ()
    ours = formulas(point)[:1] if theirs else ()
    for one in ours:
        tried = [_agree(one, other) for other in theirs]
        if True in tried:
            return "same"
        if False in tried:
            return "other"
    return ""


@lru_cache(maxsize=2_000)
def formulas(text: str) -> tuple[Formula, ...]:
    """The formulas in a text, in order: what stands around a sign of relation, as far as it can be read as one."""
    return tuple(formula for part in _EDGE.split(text[:4_000]) for formula in _read(part))


def _read(part: str) -> Iterator[Formula]:
    tokens = _tokens(part)
    signs = [at for at, token in enumerate(tokens) if token in _FLIPPED]
    for place, at in enumerate(signs):
        first = signs[place - 1] + 1 if place else max(0, at - _LONGEST)
        last = signs[place + 1] if place + 1 < len(signs) else min(len(tokens), at + _LONGEST)
        left = next((tokens[n:at] for n in range(first, at) if _tree(tuple(tokens[n:at]))), None)
        right = next((tokens[at + 1 : n] for n in range(last, at + 1, -1) if _tree(tuple(tokens[at + 1 : n]))), None)
        if left and right:
            formula = Formula(tuple(left), tokens[at], tuple(right))
            if _telling(formula):
                yield formula


def _telling(formula: Formula) -> bool:
    """Is it more than two words with a sign between them?"""
    worked = any(token in ("+", "*", "/", "^", "(") for token in (*formula.left, *formula.right))
    return bool(formula.names) and (worked or not any(_is_word(name) for name in formula.names))


def _tokens(part: str) -> list[str]:
    found = []
    at = 0
    while at < len(part):
        match = _TOKEN.match(part, at)
        if match is None:
            found.append("?")  # no part of any formula
            at += 1
            continue
        token = match.group().strip()
        at = match.end()
        if token in "²³":
            found += ["^", "2" if token == "²" else "3"]
        else:
            found.append({"<=": "≤", ">=": "≥"}.get(token) or _SIGNS.get(token, token))
    return found


def _is_name(token: str) -> bool:
    return token[0].isalpha()


def _is_word(token: str) -> bool:
    """An English word rather than a symbol?"""
    return token.isalpha() and (len(token) > 3 or (len(token) > 1 and token.lower() in STOP))


@lru_cache(maxsize=4_000)
def _tree(tokens: tuple[str, ...]) -> Node | None:
    """What the tokens come to as a function of the quantities; None where they cannot be read."""
    reader = _Reader(tokens)
    try:
        node = reader.sum()
    except (IndexError, ValueError):
        return None
    return node if reader.at == len(tokens) else None


class _Reader:
    """Reads sums of products of powers, with multiplication signs left out between symbols."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = tokens
        self.at = 0

    def _next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def sum(self) -> Node:
        terms = [(1.0, self._product())]
        while self._next() in ("+", "-"):
            sign = 1.0 if self._next() == "+" else -1.0
            self.at += 1
            terms.append((sign, self._product()))
        return lambda values: math.fsum(sign * term(values) for sign, term in terms)

    def _product(self) -> Node:
        factors = [(False, self._power())]
        while (sign := self._next()) in ("*", "/") or self._joined():
            self.at += sign in ("*", "/")
            factors.append((sign == "/", self._power()))
        return lambda values: math.prod(1 / f(values) if under else f(values) for under, f in factors)

    def _joined(self) -> bool:
        """May the next token be a factor without a sign? A word may not: it is prose."""
        before, after = self.tokens[self.at - 1], self._next()
        return bool(after) and not _is_word(before) and not _is_word(after) and (after == "(" or after[0].isalnum())

    def _power(self) -> Node:
        if self._next() == "-":
            self.at += 1
            inner = self._power()
            return lambda values: -inner(values)
        base = self._atom()
        if self._next() != "^":
            return base
        self.at += 1
        exponent = self._power()
        return lambda values: base(values) ** exponent(values)

    def _atom(self) -> Node:
        token = self.tokens[self.at]
        self.at += 1
        if token == "(":
            return self._closed()
        if token[0].isdigit():
            number = float(token)
            return lambda _: number
        if not _is_name(token) or (_is_word(token) and token.lower() in STOP):
            raise ValueError(token)
        if self._next() == "(" and (token in _FUNCTIONS or token in ("f", "g", "σ", "sigma", "relu", "softmax")):
            self.at += 1
            inner = self._closed()
            function = _FUNCTIONS.get(token) or _unknown(token)
            return lambda values: function(inner(values))
        return lambda values: values[token]

    def _closed(self) -> Node:
        inner = self.sum()
        if self._next() != ")":
            raise ValueError("a bracket is not closed")
        self.at += 1
        return inner


def _unknown(name: str) -> Callable[[float], float]:
    """Some function for a name that stands for any: the same for the same name."""
    shift = crc32(name.encode()) % 97 / 31
    return lambda value: math.sin(value + shift) + 2


def _agree(one: Formula, other: Formula) -> bool | None:
    """Do two formulas hold for the same numbers? None where they are not about the same quantities."""
    one, other = _split(one, other), _split(other, one)
    names = one.names | other.names
    if not one.names & other.names or len(one.names ^ other.names) > len(names) // 2:
        return None
    if one.names != other.names:
        return False if one.left == other.left and one.relation == other.relation == "=" else None
    try:
        if one.relation == other.relation == "=" and (solved := _solved(one)):
            return all(_holds(other, values) for values in _filled(one, solved))
        return _same_sides(one, other) or (one.relation == other.relation == "=" and _same_sides(one, _turned(other)))
    except (ValueError, OverflowError, ZeroDivisionError, TypeError):
        return None


def _split(one: Formula, other: Formula) -> Formula:
    """`ma` as `m a` where the other formula has `m` and `a`."""

    def side(tokens: tuple[str, ...]) -> tuple[str, ...]:
        parts: list[str] = []
        for token in tokens:
            apart = token.isalpha() and 1 < len(token) < 5 and token not in other.names
            parts += token if apart and set(token) <= other.names else [token]
        return tuple(parts)

    return Formula(side(one.left), one.relation, side(one.right))


def _solved(formula: Formula) -> tuple[str, Node] | None:
    """The quantity that stands alone on one side, and what it is."""
    for alone, rest in ((formula.left, formula.right), (formula.right, formula.left)):
        node = _tree(rest)
        if len(alone) == 1 and _is_name(alone[0]) and alone[0] not in rest and node:
            return alone[0], node
    return None


def _drawn(names: frozenset[str], seed: int) -> dict[str, float]:
    random = Random(seed)
    return {name: random.uniform(0.3, 2.5) for name in sorted(names)}


def _filled(formula: Formula, solved: tuple[str, Node]) -> Iterator[Values]:
    name, node = solved
    for seed in range(_TRIES):
        values = _drawn(formula.names, seed)
        values[name] = node(values)
        yield values


def _holds(formula: Formula, values: Values) -> bool:
    left, right = _tree(formula.left), _tree(formula.right)
    return left is not None and right is not None and math.isclose(left(values), right(values), rel_tol=1e-6)


def _turned(formula: Formula) -> Formula:
    return Formula(formula.right, _FLIPPED[formula.relation], formula.left)


def _same_sides(one: Formula, other: Formula) -> bool:
    """Does each side come to the same, with the same relation, the other formula turned round where need be?"""
    for theirs in (other, _turned(other)):
        sides = ((_tree(one.left), _tree(theirs.left)), (_tree(one.right), _tree(theirs.right)))
        tries = [_drawn(one.names, seed) for seed in range(_TRIES)]
        if one.relation == theirs.relation and all(
            a and b and math.isclose(a(values), b(values), rel_tol=1e-6) for a, b in sides for values in tries
        ):
            return True
    return False
