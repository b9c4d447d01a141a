"""Answers of a word or a few: a name, a date, a number, a translation. What was said decides, not what it is near.

`Sydney` is near `Canberra` in meaning and wrong all the same, so where no word of the reference is said, the learner is
asked or the answer is wrong. Longer answers are left to `match.py`, and so is what a list of them leaves unsaid.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Literal

from .clauses import STOP, plain, words
from .opposites import alike, opposed

__all__ = ["SAID", "Outcome", "compare", "told", "weigh"]

Outcome = Literal["same", "opposite", "other", "else", "part", ""]
"""`same`; `opposite` or another number; `other`, another name; `else`, other words, which may mean the same; `part`."""

SAID = 0.95
"""How sure it is that what was said as it stands in the reference is right."""
_MOST_WORDS = 4
_TERSE = 1  # an answer of more words may take up the question's and say something else of them
_LONGEST_LIST = 200
_ALTERNATIVES = re.compile(r"\s*(?:/|\bor\b|\boder\b|\bou\b)\s*")
_COMMAS = re.compile(r"\s*[,;；、/]\s*")
_CHOICE_INSIDE = re.compile(r"[(（\[][^()（）\[\]]*(?:/|\bor\b)")
_BRACKETS = re.compile(r"\s*[(（\[]([^()（）\[\]]*)[)）\]]\s*")
_LEADING = re.compile(
    r"(?:it(?:['’]s| is)|they are|the|an?|to|der|die|das|le|la|les|une?|el|los|las)\s+", re.IGNORECASE
)
_BARE = re.compile(r"[^\s?]+(?: [^\s?]+)?")  # a question that is a term, as on a vocabulary card
_NAMED = re.compile(
    r"\b(?:who|whose|whom|when|where|what year|how (?:many|much|long|old)|which (?:year|country|city|person)|"
    r"capital of|author|inventor|president|king|queen|symbol|status|port|wer|wann|wo|wie viele?|"
    r"qui|quand|où|combien)\b",
    re.IGNORECASE,
)
_PERSON = re.compile(
    r"\b(?:who|whose|whom|author|inventor|painter|composer|president|king|queen|wer|qui)\b", re.IGNORECASE
)
_FORMULA = re.compile(r"[()=<>^*/+√∑∫·×−]|(?<!\w)-(?=\w)|\\")
_NUMBER = re.compile(
    r"(?<![\w.])[-+−]?\d+(?:[.,]\d+)*(?:\s?[×x*]\s?10\s?\^?\s?\{?([-+−]?\d{1,2})\}?|e([-+]?\d{1,2}))?(?:st|nd|rd|th)?"
)
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_WITH_POINTS = re.compile(r"[-+]?\d{1,3}(?:\.\d{3})+,\d+")
_FORM = re.compile(r"\b(?:past tense|participle|plural|singular|conjugat|spell|genitive|infinitive)", re.IGNORECASE)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_TEENS = "thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_LABEL = re.compile(r"\w{1,20}: ")
_SEGMENTS = re.compile(r"\s*(?:[,;，；、\n/]|\band\b|\bund\b|\bet\b)\s*")
_MONTHS = "january february march april may june july august september october november december".split()


def compare(question: str, reference: str, answer: str, known: Collection[str] = ()) -> Outcome:
    """How a short answer stands to a short reference; "" where either is longer, or shares too little to tell.

    `known` holds words that are spelled right as they stand, so that they are no slip of another word.

    >>> compare("What is the capital of Australia?", "Canberra", "canbera")
    'same'
    >>> compare("What is the capital of Australia?", "Canberra", "Sydney")
    'other'
    """
    ways, all_short = _ways(question, reference)
    if not ways or len(answer) > 80 or "\n" in answer.strip():
        return ""
    outcomes = [_one(question, way, said, known) for way in ways for said in (answer, *_glosses(answer, len(ways)))]
    order: tuple[Outcome, ...] = ("same", "part", "", "opposite", "other", "else")
    best = min(outcomes, key=order.index)
    # What is none of the short ways may still be the long one.
    return best if all_short or best in ("same", "part") else ""


def told(question: str, point: str, answer: str, known: Collection[str] = ()) -> bool:
    """Whether one of the things that an answer lists is this short point, without the name of its column.

    >>> told("在る", "reading: ある", "to be, ある")
    True
    """
    listed = _SEGMENTS.split(answer.strip()[:_LONGEST_LIST])
    return any(compare(question, _LABEL.sub("", point, count=1), one, known) == "same" for one in listed if one)


# The chance that the answer is right, how far it says the point, and how far the opposite.
_WORTH: dict[Outcome, tuple[float, float, float]] = {
    "same": (SAID, SAID, 0.0),
    "part": (0.5, 0.5, 0.0),
    "else": (0.4, 0.2, 0.0),
    "other": (0.05, 0.05, 0.0),
    "opposite": (0.05, 0.05, 0.9),
}


def weigh(
    question: str, reference: str, answer: str, chance: float, known: Collection[str]
) -> tuple[float, float, float] | None:
    """The chance that a short answer is right, its support for the reference, and how far it says the opposite.

    `chance` is what the words and vectors of `match.py` make of it, which tells how far other words may mean the same.
    None where `compare` cannot tell.
    """
    outcome = compare(question, reference, answer, known)
    if outcome == "else":
        return min(_WORTH["else"][0], chance + 0.05), *_WORTH["else"][1:]
    return _WORTH.get(outcome)


@lru_cache(maxsize=2_000)  # an answer is cut into parts, each held against the same few
def _ways(question: str, reference: str) -> tuple[tuple[str, ...], bool]:
    """The short ways to say the reference, and whether there are no longer ones.

    They are its alternatives, each with and without what stands in brackets.
    """
    parts = _ALTERNATIVES.split(reference) if not _CHOICE_INSIDE.search(reference) else [reference]
    if _FORMULA.search(_BRACKETS.sub(" ", reference)):
        parts = [reference]
    elif _BARE.fullmatch(question.strip()):
        parts = _COMMAS.split(_BRACKETS.sub(lambda found: found[0].replace(",", " "), reference))
    found: list[str] = []
    all_short = True
    for part in dict.fromkeys(part.strip(" .!") for part in parts):
        whole = (_BRACKETS.sub(" ", part).strip(), part)
        inside = [text for text in _BRACKETS.findall(part) if text.isupper() or any(c.isdigit() for c in text)]
        for way in dict.fromkeys((*whole, *inside)):
            named = [word for word in _content(way) if not word.isdigit()]
            if way and len(named) <= _MOST_WORDS and len(way.split()) <= 2 * _MOST_WORDS:
                found.append(way)
        all_short = all_short and (not part or not {*whole}.isdisjoint(found))
    return tuple(found), all_short


def _glosses(answer: str, ways: int) -> Sequence[str]:
    """Several glosses said for a reference of several."""
    parts = _COMMAS.split(answer.strip(" .!"))
    return parts if ways > 1 and len(parts) > 1 else ()


def _one(question: str, reference: str, answer: str, known: Collection[str]) -> Outcome:
    ours, theirs = _squashed(reference), _squashed(answer)
    if ours == theirs or re.sub(r"[*·×]", "", ours) == re.sub(r"[*·×]", "", theirs):
        return "same"
    if _FORMULA.search(reference) or (_FORMULA.search(answer) and len(theirs) < 20):
        return _numbered(reference, answer) or ("else" if len(theirs) < 30 else "")
    if outcome := _numbered(reference, answer):
        return outcome
    return _worded(question, reference, answer, known)


def _squashed(text: str) -> str:
    """`text` without articles, spaces, marks at its ends, and differences of case and accent."""
    bare = _LEADING.sub("", _LEADING.sub("", text.strip(" .!?\"'“”"), count=1), count=1)
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", bare).casefold())
    joined = re.sub(r"(?<=[^\W\d_])[-‐’'´`](?=[^\W\d_])", "", folded)
    # The marks of kana make other letters; accents are often left out where a keyboard has none.
    kept = "".join(c for c in joined if not c.isspace() and (unicodedata.category(c) != "Mn" or ord(c) > 0x3000))
    return re.sub(r"(?<=[a-z])\((\w)\)", r"\1", kept)


def _numbers(text: str) -> list[float]:
    """The numbers of a text, months counted too, in order of size."""
    spoken = re.sub(r"\b(\d0)[\s-]+([1-9])\b", lambda both: str(int(both[1]) + int(both[2])), _figures(text))
    found = []
    for match in _NUMBER.finditer(spoken):
        digits = re.match(r"[-+−]?[\d.,]+", match[0])
        assert digits is not None
        values = _values(digits[0].replace("−", "-").rstrip(".,"))
        power = 10 ** float((match[1] or match[2] or "0").replace("−", "-"))
        found += [value * power for value in values] if len(values) == 1 else values
    return sorted(found)


def _values(digits: str) -> list[float]:
    """The number that digits with points and commas are, or the numbers of a list or a date.

    >>> _values("12,345.6"), _values("1.234,5"), _values("2,5"), _values("1,2,3"), _values("8.5.1945")
    ([12345.6], [1234.5], [2.5], [1.0, 2.0, 3.0], [8.0, 5.0, 1945.0])
    """
    if _THOUSANDS.fullmatch(digits):
        return [float(digits.replace(",", ""))]
    if _WITH_POINTS.fullmatch(digits):
        return [float(digits.replace(".", "").replace(",", "."))]
    if digits.count(".") + digits.count(",") <= 1:
        return [float(digits.replace(",", "."))]
    mark = "," if "," in digits else "."
    return [value for part in digits.split(mark) if part for value in _values(part)]


def _figures(text: str) -> str:
    """`text` with months and number words as digits."""
    return re.sub(r"[^\W\d_]+", lambda word: _figure(plain(word[0])) or word[0], text)


def _figure(form: str) -> str:
    for first, step, forms in ((1, 1, _MONTHS), (20, 10, _TENS), (13, 1, _TEENS)):
        if form in forms:
            return str(first + step * forms.index(form))
    return form if form.isdigit() else ""


def _numbered(reference: str, answer: str) -> Outcome:
    """How the numbers stand to each other; "" where the reference has none, or the rest must tell."""
    ours, theirs = _numbers(reference), _numbers(answer)
    if not ours:
        return ""
    if not theirs:
        return "" if any(c.isalpha() for c in answer) and any(c.isalpha() for c in reference) else "other"
    if ours == theirs:
        units = [_letters(text) for text in (reference, answer)]
        return "same" if not units[1] or not units[0] or _unit(*units) else ""
    if set(theirs) < set(ours):
        return "part"
    return "opposite"


def _letters(text: str) -> str:
    return "".join(c for c in _NUMBER.sub("", _figures(text)) if c.isalpha()).casefold()


def _unit(ours: str, theirs: str) -> bool:
    """Whether the words beside a number can be the same: `°C` and `degrees Celsius`, `46` and `46 chromosomes`."""
    return ours == theirs or ours in theirs or theirs in ours or (len(ours) <= 2 and ours[-1] in theirs)


def _content(text: str) -> list[str]:
    found = [word for word in words(text) if word.text[0].isalnum()]
    return [word.text for word in found if word.text not in STOP] or [word.text for word in found]


def _worded(question: str, reference: str, answer: str, known: Collection[str]) -> Outcome:
    ours, theirs, asked = _content(reference), _content(answer), set(_content(question))
    denied = any(word.negated for text in (answer, reference) for word in words(text))
    if not theirs or len(theirs) > 2 * _MOST_WORDS or denied:
        return ""
    exact = bool(_FORM.search(question))
    pairs = [[a == b if exact else _same(a, b, known) for b in theirs] for a in ours]
    missing = [a for a, row in zip(ours, pairs, strict=True) if not any(row) and not a.endswith("ly")]
    extra = [b for at, b in enumerate(theirs) if not any(row[at] for row in pairs)]
    new = [b for b in extra if not any(alike(b, q) >= 0.8 for q in asked) and not _initial(b, missing)]
    if not missing:
        return "same" if not new else ""
    said_of_question = asked - set(ours) if len(theirs) <= _TERSE else set()
    if any(opposed(b, a) for b in extra for a in (*missing, *said_of_question)):
        return "opposite"
    if len(missing) < len(ours):
        if new and len(ours) - len(missing) > 1:
            return ""
        if new:
            return "other" if exact or _NAMED.search(question) else "else"
        rest = [a for a in missing if not any(alike(a, q) >= 0.8 for q in asked) and len(a) > 1]
        family = bool(_PERSON.search(question)) and bool(pairs[-1]) and any(pairs[-1])
        return "same" if not rest or family else "part"
    return "other" if exact or _NAMED.search(question) else "else"


def _initial(word: str, missing: Sequence[str]) -> bool:
    return len(word) == 1 and any(other.startswith(word) for other in missing)


def _same(a: str, b: str, known: Collection[str]) -> bool:
    """The same word, another form of it, or a slip of the pen that makes no other word."""
    likeness = alike(a, b)
    if likeness == 1.0:
        return True
    return likeness == 0.85 and b not in known
