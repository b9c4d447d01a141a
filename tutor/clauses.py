"""A text as it is graded: cleaned, cut into words with their places, and into clauses.

Knows nothing of cards, embeddings or grades.
"""

import re
import unicodedata
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import zip_longest

MAX_CHARS = 20_000
MAX_CLAUSES = 80
_KEPT_CHARS = 1_000  # the words of a text up to so long are remembered: one grade reads a card's many times

STOP = frozenset(
    """a an the this that these those it its itself they them their theirs he she his her him we us our you your i me my
    is are was were be been being am do does did done doing have has had having will would shall should may might could
    of in on at to by for with from into onto as about between among through during and or so if then than because since
    there here which who whom whose what when where why how also very just only too such some any each other another
    can cannot not no nor n't e.g i.e eg ie etc via per both either while whereas but however thus hence therefore
    vs""".split()
)
VAGUE = frozenset(
    """thing things something anything way ways use uses used using make makes made get gets got getting go goes kind
    sort type types mean means meaning called call refer refers referred example examples case cases lot lots many much
    basically actually really term terms part parts like based respect certain given well one ones different various
    describe describes explain explains helps help allow allows let lets""".split()
)
FUNCTION = frozenset(
    "a an the is are was were be of in on at to by for with from as and or that which it they this".split()
)

_WORD = re.compile(r"[^\W_]+(?:['’.][^\W_]+)*%?|[=<>≤≥≠+×·*/^−]")
_BREAK = re.compile(r"[.!?]+(?=\s|$)|[;\n]+|(?:--?>|→|⇒|=>|–>|—)|\s[-–/|]\s")
_SOFT = re.compile(r",\s+|\s+(?:and|but|while|whereas|because|so that|which|although)\s+", re.IGNORECASE)
_COLON = re.compile(r":\s+| = ")
_NUMERALS = {
    **{w: str(n) for n, w in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())},
    **{
        "half": "0.5",
        "twice": "2",
        "hundred": "100",
        "thousand": "1000",
        "million": "1000000",
        "billion": "1000000000",
    },
}
_IRREGULAR = dict(
    pair.split(":")
    for pair in """written:write wrote:write kept:keep forgot:forget forgotten:forget lost:lose made:make given:give
    gave:give taken:take took:take found:find shown:show grew:grow grown:grow rose:rise risen:rise
    fell:fall fallen:fall became:become began:begin begun:begin chosen:choose chose:choose thrown:throw
    known:know knew:know learnt:learn built:build sent:send led:lead drawn:draw drew:draw driven:drive
    broken:break held:hold brought:bring thought:think ran:run went:go gone:go said:say told:tell
    left:leave felt:feel seen:see saw:see met:meet got:get spread:spread biases:bias classes:class
    losses:loss indices:index vertices:vertex matrices:matrix analyses:analysis data:data better:good
    best:good worse:bad worst:bad nets:network net:network nn:network lr:rate""".split()
)
_SUFFIXES = (
    ("ization", "iz"), ("isation", "iz"), ("ational", "at"), ("fulness", ""), ("ousness", ""), ("iveness", ""),
    ("ations", "at"), ("ation", "at"), ("ators", "at"), ("ator", "at"), ("ating", "at"), ("ated", "at"), ("ates", "at"),
    ("ities", ""), ("ising", "iz"), ("izing", "iz"), ("ised", "iz"), ("ized", "iz"), ("ises", "iz"), ("izes", "iz"),
    ("iser", "iz"), ("izer", "iz"), ("ise", "iz"), ("ize", "iz"), ("ments", ""), ("ment", ""), ("ness", ""),
    ("tions", "t"), ("tion", "t"), ("sions", "s"), ("sion", "s"), ("ally", ""), ("ity", ""), ("ful", ""), ("ive", ""),
    ("ies", "y"), ("ied", "y"), ("ing", ""), ("ers", ""), ("ors", ""), ("edly", ""), ("ed", ""), ("ely", ""),
    ("ly", ""), ("er", ""), ("or", ""), ("al", ""), ("es", ""), ("s", ""), ("e", ""),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Word:
    """One word: its plain form, its stem, where it stands (`start`, `end` in characters), and how much it weighs.

    `negated`: it stands under a negation; `content`: it carries meaning by itself.
    """

    text: str
    stem: str
    start: int
    end: int
    weight: float
    negated: bool
    content: bool


@dataclass(frozen=True, slots=True)
class Clause:
    """A stretch of a text with its words; `first` and `last` count words of the whole text, `last` not included."""

    start: int
    end: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """A cleaned text with its words and clauses."""

    text: str
    words: tuple[Word, ...]
    clauses: tuple[Clause, ...]
    cut: bool = False
    stems: frozenset[str] = field(default_factory=frozenset)


def clean(text: str) -> str:
    """`text` in NFC without characters that nobody sees (tags, joiners, directions) and without lone surrogates."""
    if text.isascii() and text.isprintable():
        return text
    seen = (
        c if c in "\n\t" or c.isprintable() else " " if unicodedata.category(c) in ("Zs", "Zl", "Zp") else ""
        for c in text
    )
    return unicodedata.normalize("NFC", "".join(seen))


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """A rough stem: the same for `regularise`, `regularization` and `regularizing`.

    >>> stem("regularise") == stem("regularization") == stem("regularizing")
    True
    """
    word = _IRREGULAR.get(word, word)
    if len(word) <= 3 or not word.isalpha():
        return word
    for suffix, ending in _SUFFIXES:
        if (
            word.endswith(suffix)
            and len(word) - len(suffix) >= 3
            and not (suffix == "s" and word.endswith(("ss", "us", "is")))
        ):
            word = word[: len(word) - len(suffix)] + ending
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
        word = word[:-1]
    word = word[:-1] if word.endswith("e") and len(word) > 3 else word
    return word[:-1] + "i" if word.endswith("y") and len(word) > 3 else word


@lru_cache(maxsize=50_000)
def weight(word: str) -> float:
    """How much a word says: 0.1 for `the`, 0.5 for `thing`, 1 for most, more for long and rare-looking ones."""
    if word in STOP:
        return 0.1
    if word in VAGUE:
        return 0.5
    if not word[0].isalnum():
        return 0.3
    return 1.0 if len(word) < 5 else min(1.0 + 0.06 * (len(word) - 4), 1.5)


@lru_cache(maxsize=50_000)
def plain(word: str) -> str:
    """A word as it is compared: compatibility forms folded, lower case, numerals as digits, no contraction."""
    folded = unicodedata.normalize("NFKC", word).casefold().replace("’", "'")
    folded = folded.removesuffix("'s").rstrip(".")
    return _NUMERALS.get(folded, folded) if folded != "one" else folded


def words(text: str) -> tuple[Word, ...]:
    """The words of `text` in order, with negation marked on the words in its scope."""
    return _kept_words(text) if len(text) <= _KEPT_CHARS else _words(text)


def _words(text: str) -> tuple[Word, ...]:
    found = []
    for match in _WORD.finditer(text):
        form = plain(match.group()) or match.group()
        found.append((form, match.start(), match.end()))
    marks = _negated([form for form, _, _ in found], text, found)
    weights = [weight(form) for form, _, _ in found]
    return tuple(
        Word(form, stem(form), start, end, weighs, mark, weighs >= 0.5)
        for (form, start, end), weighs, mark in zip(found, weights, marks, strict=True)
    )


_kept_words = lru_cache(maxsize=2_000)(_words)


_CUES = frozenset(
    """not no never without none neither nor cannot cant dont doesnt isnt arent wont hardly barely non nothing
    nobody""".split()
)
_NOT_ONLY = ("only", "just", "necessarily")
_AND = ("and", "so")
_SUBJECTS = frozenset("it they he she we you i this that these those there".split())
_STOPS = re.compile(r"[,;:.!?\n()→⇒]")
_ARROW = re.compile(r"[-–=]\s?$")
_WHOLE = re.compile(
    r"\b(?:it(?:'s| is)(?: not|n't) (?:true|correct|the case|right)|it is (?:false|wrong|untrue)|false that)\b", re.I
)


def _is_cue(form: str) -> bool:
    return form in _CUES or form.endswith("n't")


def _negated(forms: list[str], text: str, found: list[tuple[str, int, int]]) -> list[bool]:
    """Which words stand under a negation: up to four words that mean something after the cue, in the same clause."""
    marks = [False] * len(forms)
    wholes = [match.span() for match in _WHOLE.finditer(text)]
    for at, form in enumerate(forms):
        if not _is_cue(form) or (form == "not" and at + 1 < len(forms) and forms[at + 1] in _NOT_ONLY):
            continue
        if any(start <= found[at][1] < end for start, end in wholes):
            continue
        for ahead in _scope(forms, text, found, at):
            marks[ahead] = not marks[ahead]
    for (_, end), following in zip_longest(wholes, wholes[1:]):
        stop = _BREAK.search(text, end)
        last = stop.start() if stop else len(text)
        if following is not None:  # said again, it does not deny what it denied
            last = min(last, following[0])
        marks = [not mark if end <= place[1] < last else mark for mark, place in zip(marks, found, strict=True)]
    return marks


def _scope(forms: list[str], text: str, found: list[tuple[str, int, int]], at: int) -> list[int]:
    reach = 1 if forms[at] == "non" else 4
    inside = []
    for ahead in range(at + 1, len(forms)):
        between = text[found[ahead - 1][2] : found[ahead][1]]
        if forms[ahead] == ">" and (forms[ahead - 1] == "=" or _ARROW.search(between)):
            break
        if reach <= 0 or _STOPS.search(between) or forms[ahead] in ("but", "because", "while"):
            break
        if forms[ahead] in _AND and not _SUBJECTS.isdisjoint(forms[ahead + 1 : ahead + 3]):
            break
        inside.append(ahead)
        reach -= weight(forms[ahead]) >= 0.5
    return inside


def _cuts(text: str) -> list[tuple[int, int]]:
    """Sentences, and their parts at commas and joining words where both sides say something."""
    spans: list[tuple[int, int]] = []
    start = 0
    for stop in [*_BREAK.finditer(text), None]:
        end = stop.start() if stop else len(text)
        spans.append((start, end))
        for begin, finish in _parts(text, start, end, _SOFT):
            spans.extend([(begin, finish), *_parts(text, begin, finish, _COLON)])
        start = stop.end() if stop else end
    return spans


def _parts(text: str, start: int, end: int, mark: re.Pattern[str]) -> list[tuple[int, int]]:
    """The stretches between marks; none where there is no mark."""
    stops = list(mark.finditer(text, start, end))
    edges = [start, *(edge for stop in stops for edge in stop.span()), end]
    return list(zip(edges[::2], edges[1::2], strict=True)) if stops else []


def prepare(text: str) -> Prepared:
    """`text` cleaned, cut to `MAX_CHARS`, with words and clauses (sentences and their parts; at most `MAX_CLAUSES`)."""
    return _kept_prepared(text) if len(text) <= _KEPT_CHARS else _prepare(text)


def _prepare(text: str) -> Prepared:
    tidy = clean(text[: 2 * MAX_CHARS])
    cut = len(text) > 2 * MAX_CHARS or len(tidy) > MAX_CHARS
    tidy = tidy[:MAX_CHARS]
    all_words = words(tidy)
    clauses: dict[tuple[int, int], Clause] = {}
    starts = [w.start for w in all_words]
    for start, end in _cuts(tidy):
        first, last = bisect_left(starts, start), bisect_left(starts, end)
        if last > first and (first, last) not in clauses:
            clauses[first, last] = Clause(all_words[first].start, all_words[last - 1].end, first, last)
        if len(clauses) >= MAX_CLAUSES:
            break
    return Prepared(tidy, all_words, tuple(clauses.values()), cut, frozenset(w.stem for w in all_words if w.content))


_kept_prepared = lru_cache(maxsize=2_000)(_prepare)
