"""Guards against answers that work on the grader instead of the question: orders, copied questions, soup, look-alikes.

Takes such text out or names it with a flag; what a flag costs is decided in `match.py` and `grade.py`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby, pairwise, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .clauses import STOP, Prepared, Word, clean, prepare, stem
from .heap import LEAST, heaps
from .opposites import PLACES, alike, opposed

Floats = NDArray[np.floating[Any]]
IDLE, WORDS = 0.15, 1.0  # the share of a point, or the words of it, that a sentence must add to count as about it
TERSE = 0.4  # the share of neighbours among the telling words that are neighbours there, but for one between
SHUFFLED, ORDERED = 0.9, 0.15  # the share of words that are the card's, and of neighbours that are neighbours there
COPIED = 4  # words; a shorter question may stand in an answer by chance
APART, OFFERED = 4, 3  # so many clauses about nothing asked, or words `or` beyond the card's, are guesses
STRANGE = 0.3  # the share of words that are none of the card's, from which on what `or` joins is guessed
REACH = 4  # words to each side of an `or`
SAID = 0.4  # from here on, one word says another
JUMBLED, MOST, JOINED = 5, 0.7, 0.5  # words in a row, the share of the question's, and of neighbours that are there
_CHOICES = frozenset({"or", "vs", "versus", "whether"})
_MARK = re.compile(r"</?\s*([A-Za-z][\w-]{0,30})\b[^<>]{0,80}>")
_FILLED = re.compile(r"<([A-Za-z][\w-]{0,30})\b[^<>]{0,80}>[^<>A-Za-z]{1,20}</\1\s*>")
# The same one to eight words, five times and more without a break: said once, they say as much.
_REPEATED = re.compile(r"\b(\w{2,30}(?:\W{1,3}\w{1,30}){0,7})(?:\W{1,3}\1\b){4,}", re.IGNORECASE)
_LOOKED_AT, _LONG = 40_000, 20_000  # letters
_CLOSING = re.compile(r"</\s*([A-Za-z][\w-]{0,30})\s*>")
_ASKS = re.compile(r"\W*(?:what|why|how|which|who|whom|where|when|(?:can|could|would|will) you)\b", re.IGNORECASE)
_EITHER = (("true", "false"), ("yes", "no"), ("right", "wrong"), ("correct", "incorrect"))
_SENTENCE = re.compile(r"(?:[^.!?\n]|[.!?]+(?![.!?\s\"'”)]|$))*(?:[.!?]+|\n|$)")


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Orders to a grader, and look-alikes of its own output."""
    lines = files(__package__).joinpath("orders.txt").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line and not line.startswith("#")]
    orders = [row for row in rows if not row.startswith("^")]
    looks = [row for row in rows if row.startswith("^")]
    return tuple(re.compile("|".join(f"(?:{row})" for row in kind), re.IGNORECASE) for kind in (orders, looks))  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class Guarded:
    """An answer without the text that addresses the grader, and flags for what was seen."""

    text: str
    flags: tuple[str, ...]


def guard(question: str, reference: str, answer: str) -> Guarded:
    """`answer` cleaned, without orders to the grader, look-alikes of its own output, heaps of words and the question.

    A sentence that is mostly made of the card's own words is the card's subject and stays. An answer that is nothing
    but a heap or the question stays too, and is named: a heap here or by `soup`, the question by `copied`.
    """
    whole = clean(answer)
    text = _REPEATED.sub(r"\1", whole[:_LOOKED_AT])
    card = prepare(f"{question}\n{reference}")
    own = {word.stem for word in card.words if word.content}
    kept: dict[str, str] = {}  # what is said again says no more
    flags: list[str] = []
    for place, match in enumerate(_SENTENCE.finditer(text)):
        sentence = match.group()
        kind, at = _kind(sentence)
        if kind and not _about(sentence[at:], own):
            flags.append(kind)
            before = sentence[:at] if _about(sentence[:at], own) else ""  # no mark may part it from what was said
            kept[str(place)] = before + ("\n" if sentence.endswith("\n") else " ")
        else:
            kept.setdefault(" ".join(sentence.split()) or str(place), sentence)
    if len(whole) > _LONG:
        flags.append("long")
    rest = _untagged(whole, f"{question}\n{reference}", "".join(kept.values()).strip())
    unasked = _unasked(question, rest)
    bare = _unheaped(card, unasked)
    if not re.search(r"\w", bare):
        if re.search(r"\w", unasked):
            flags.append("keyword_soup")
        bare = rest
    return Guarded(bare, tuple(dict.fromkeys(flags)))


def _unasked(question: str, text: str) -> str:
    """`text` without the question, where it stands there word by word."""
    asked = re.findall(r"\w+", clean(question))
    if len(asked) < COPIED:
        return text
    pattern = r"(?:\bthe question (?:is|was)\W+)?" + r"\W+".join(map(re.escape, asked)) + r"\W*"
    return _unjumbled(asked, re.sub(pattern, " ", text, flags=re.IGNORECASE).strip())


def _unjumbled(asked: Sequence[str], text: str) -> str:
    """`text` without stretches of the question's words in another order; one that offers a choice is answered so."""
    order = [word.casefold() for word in asked]
    known, pairs, found = set(order), set(pairwise(order)), list(re.finditer(r"\w+", text))
    if not _CHOICES.isdisjoint(known):
        return text
    for own, group in groupby(reversed(found), lambda word: word.group().casefold() in known):
        run = list(group)[::-1]
        said = [word.group().casefold() for word in run]
        kept = sum(pair in pairs for pair in pairwise(said))
        if own and len(run) >= JUMBLED and len(set(said)) >= MOST * len(known) and kept <= JOINED * (len(run) - 1):
            text = f"{text[: run[0].start()]} {text[run[-1].end() :]}"
    return text.strip()


def _untagged(whole: str, card: str, text: str) -> str:
    """`text` without marks such as `<answer>` that are closed somewhere in the `whole` and not the card's own.

    What stands between two of them without a letter, as in `<grade>100</grade>`, goes with them.
    """
    own, closed = ({name.casefold() for name in _CLOSING.findall(said)} for said in (card, whole))
    strange = closed - own
    text = _FILLED.sub(lambda mark: " " if mark[1].casefold() in strange else mark[0], text)
    return _MARK.sub(lambda mark: " " if mark[1].casefold() in strange else mark[0], text).strip()


def _unheaped(card: Prepared, text: str) -> str:
    """`text` without stretches of words that nothing joins, or that are the card's words in no order of the card's."""
    seen = prepare(text)
    heap = heaps(card, seen) if len(seen.words) >= LEAST else np.zeros(0, bool)
    if not heap.any():
        return text
    edges = [word.start for word in seen.words]
    parts = [seen.text[a:b] for a, b in pairwise([*edges, len(seen.text)])]
    return seen.text[: edges[0]] + "".join(part for part, drop in zip(parts, heap, strict=True) if not drop)


def _kind(sentence: str) -> tuple[str, int]:
    """What a sentence is, an order or a look-alike, and where that begins; "" and 0 where it is neither."""
    if len(sentence) < 4:
        return "", 0
    orders, looks = _patterns()
    if order := orders.search(sentence):
        return "order", order.start()
    return ("lookalike", 0) if looks.match(sentence) else ("", 0)


def _about(sentence: str, own: set[str]) -> bool:
    strong = [stem(word.text) for word in prepare(_MARK.sub(" ", sentence)).words if word.content]
    return bool(strong) and sum(word in own for word in strong) / len(strong) >= 0.6


def copied(question: Prepared, answer: Prepared) -> bool:
    """Does the answer say nothing that the question does not?"""
    strong = [word for word in answer.words if word.content]
    asked = [word for word in question.words if word.content]
    if not strong or not asked:
        return False
    new = [word for word in strong if word.stem not in question.stems]
    return len(new) <= 0.1 * len(strong) and len(strong) >= 0.6 * len(asked)


def soup(question: Prepared, reference: Prepared, answer: Prepared) -> bool:
    """Is the answer a heap of words: keywords that nothing joins, or the card's own words in no order?"""
    strong = [word for word in answer.words if word.content]
    joined = sum(word.text in STOP for word in answer.words)
    if len(strong) >= 7 and joined <= 0.04 * len(answer.words):
        marks = sum(answer.text.count(mark) for mark in ",;\n:.•-")
        pairs = set(pairwise(word.stem for word in reference.words if word.content))
        theirs = [word.stem for word in strong]
        kept = sum(pair in pairs for pair in pairwise(theirs))
        return kept < 0.25 * len(theirs) and (marks < 2 or marks >= 0.8 * len(strong))
    return _shuffled(question, reference, answer)


def _shuffled(question: Prepared, reference: Prepared, answer: Prepared) -> bool:
    """Are the answer's words nearly all the card's, and hardly any two of them neighbours there?"""
    theirs = [word.stem for word in answer.words]
    known = {word.stem for word in (*question.words, *reference.words)}
    if len(theirs) < 9 or sum(word in known for word in theirs) < SHUFFLED * len(theirs):
        return False
    pairs = {pair for text in (question, reference) for pair in pairwise(word.stem for word in text.words)}
    kept = sum(pair in pairs for pair in pairwise(theirs))
    return kept < ORDERED * (len(theirs) - 1) and not _terse(reference, answer)


def _terse(reference: Prepared, answer: Prepared) -> bool:
    """Do the words that carry the answer follow each other as in the card, with what stood between them left out?"""
    ours, theirs = ([word.stem for word in text.words if word.content] for text in (reference, answer))
    near = {*pairwise(ours), *zip(ours, ours[2:], strict=False)}
    return sum(pair in near for pair in pairwise(theirs)) >= TERSE * (len(theirs) - 1)


def both_ways(question: Prepared, reference: Prepared, answer: Prepared) -> bool:
    """Are opposites offered together: `true or false`, or `prevents or causes` where the card says but one of them?"""
    said = {word.text for word in answer.words}
    asked = {word.text for word in question.words}
    if any({one, other} <= said and ({one, other} <= asked or len(said) <= 6) for one, other in _EITHER):
        return True
    card = [word.text for word in (*question.words, *reference.words)]
    return any(_open(words, card) for words in _alternatives(answer.words))


def scattered(card: Sequence[Word], text: Prepared, apart: Sequence[tuple[int, int]]) -> bool:
    """Is the answer a scatter of guesses: `a or b or c`, or mostly, in many places (`apart`), about nothing asked?"""
    strong = [word for word in text.words if word.content]
    lost = sum(any(start <= word.start < end for start, end in apart) for word in strong)
    return (len(apart) >= APART and lost >= 0.5 * len(strong)) or _offered(card, text) >= OFFERED


def guesses(card: Sequence[Word], text: Prepared) -> bool:
    """Is the answer `a or b or c`, much of it not in the card? Who lists every option hits the right one too."""
    strong = [word for word in text.words if word.content]
    known = {word.stem for word in card}
    strange = sum(word.stem not in known for word in strong)
    return _offered(card, text) >= OFFERED and strange >= STRANGE * len(strong)


def _offered(card: Sequence[Word], text: Prepared) -> int:
    return sum(word.text == "or" for word in text.words) - sum(word.text == "or" for word in card)


def _alternatives(words: Sequence[Word]) -> Iterator[tuple[Word, Word]]:
    """The words that stand around each `or`, a few to each side, in pairs."""
    for at, word in enumerate(words):
        if word.text == "or":
            before, after = words[max(0, at - REACH) : at], words[at + 1 : at + 1 + REACH]
            yield from product(before, after)


def _open(pair: tuple[Word, Word], card: Sequence[str]) -> bool:
    """Do the two say opposite things, of which the card says one?"""
    one, other = pair
    if one.stem == other.stem and one.content and one.negated != other.negated:
        return True
    if not (one.content and other.content and opposed(one.text, other.text)):
        return False
    if (one.text in PLACES) != (other.text in PLACES):
        return False  # `shrink or blow up`
    if all(any(opposed(word.text, theirs) for theirs in card) for word in pair):
        return False  # the card speaks of both: `vanish or blow up` of vanishing and exploding gradients
    sides = [any(alike(word.text, theirs) >= 0.8 for theirs in card) for word in pair]
    return sides.count(True) == 1


def sentences(text: Prepared) -> list[tuple[int, int]]:
    """The clauses that lie in no other, as places in the words; what comes after the last counted one is the last."""
    found: list[tuple[int, int]] = []
    for clause in text.clauses:
        if not found or clause.first >= found[-1][1]:
            found.append((clause.first, clause.last))
    if found and found[-1][1] < len(text.words):
        found.append((found[-1][1], len(text.words)))
    return found


def idle(text: Prepared, covers: Sequence[Floats], shares: Sequence[Floats]) -> tuple[tuple[int, int], ...]:
    """The places of sentences that say nothing of any point that the others do not say as well, the best one kept.

    `covers` holds for each point how well each of its words is said by each sentence, `shares` what the words weigh.
    """
    spans = sentences(text)
    pairs = [(cover, share) for cover, share in zip(covers, shares, strict=True) if cover.size]
    if len(spans) < 2 or not pairs:
        return ()
    table = np.vstack([cover for cover, _ in pairs])
    table = np.where(table >= SAID, table, 0.0)
    weights = np.concatenate([share for _, share in pairs])
    starts = np.cumsum([0, *(len(share) for _, share in pairs[:-1])])
    asks = np.array([_asks(text, span) for span in spans])
    enough = np.array([min(IDLE, WORDS / len(share)) for _, share in pairs])
    held = np.zeros(len(table))
    found: list[tuple[int, int]] = []
    for place, at in enumerate(np.argsort(-(weights @ table) * ~asks, kind="stable")):
        gain = np.add.reduceat(np.maximum(table[:, at] - held, 0) * weights, starts)
        words = text.words[slice(*spans[at])]
        short = sum(word.content for word in words) < 2
        if place == 0 or (not asks[at] and (short or (gain >= enough).any())):
            held = np.maximum(held, table[:, at])
        else:
            found.append((words[0].start, words[-1].end))
    return tuple(sorted(found))


def _asks(text: Prepared, span: tuple[int, int]) -> bool:
    """Is this sentence a question? It claims nothing."""
    start, end = text.words[span[0]].start, text.words[span[1] - 1].end
    return text.text[end:].lstrip(" \"'”)").startswith("?") and bool(_ASKS.match(text.text[start:end]))
