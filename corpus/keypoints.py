"""An answer's text -> the separate points a learner must make: list lines, enumerations, sub-lists, sentences.

Headings are no points, examples stay with what they illustrate. Does not judge what is true or how much a point weighs.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import count, islice

from corpus.card import KeyPoint, text_key
from corpus.remark import is_source
from corpus.sentences import sentences

__all__ = ["broken_lines", "literal_breaks", "made", "split"]

# A backslash and an n that were a line break, unless they open a TeX command such as \nabla.
_LITERAL_BREAK = re.compile(
    r"\\n(?!abla|eq?(?![a-z])|eg(?![a-z])|u(?![a-z])|ot(?![a-z])|i(?![a-z])|mid|ewline|leq|geq|onumber|olimits|"
    r"Leftarrow|Rightarrow|rightarrow|leftarrow|ormalsize|parallel|prec|succ|subseteq)"
)
_SIGN = re.compile(r"\s*\(([+\-–−])\)\s*(?:[*•-]\s*)?")
_BARE_SIGN = re.compile(r"\s*([+\-–−])\s*")
_MARK = re.compile(
    r"(?P<indent>\s*)(?P<mark>[•·‣◦▪●○*]{1,3}(?=\s*\S)|[-–—](?=[^\s>\d-])|[-–—]{1,2}\s+(?=\S)|\+(?=\s*[^\s\d+])|"
    r"(?:[–—-]>|=>|→|⇒|➔|➜|=(?=\s))\s*|"
    r"\(?\d{1,2}[.)](?=\s|[A-Za-z])|\(?(?:[a-hA-H]|[ivx]{1,4})\)(?=\s)|[a-h]\.(?=\s))\s*(?P<text>.*)"
)
_ARROWS = ("–>", "—>", "->", "=>", "→", "⇒", "➔", "➜", "=")
_SWALLOWED = re.compile(r"(?<=\S)\s+[-–•]\s+(?=[A-Za-z][^.;]*)")
_ONE_LINE = re.compile(r"\s*[-–•]\s+(?=[A-Za-z])")
_EXAMPLE = re.compile(
    r"(?:\(?(?:e\.?\s?g|i\.?\s?e|cf|viz|etc|ex)[.,:]|(?:e\.g|i\.e)\b|for (?:example|instance)\b|(?:an? )?examples?\s*:|"
    r"(?:options?|examples?|like)\s+(?:e\.g|i\.e)|that is\b|such as\b|&|\.\.\.|…)",
    re.IGNORECASE,
)
_DANGLING = re.compile(
    r"(?:\b(?:and|or|with|to|the|an?|than|as|via|per|versus|vs\.?)|[&/+])$",
    re.IGNORECASE,
)
_CONNECTIVE = re.compile(
    r"(?:and|or|but|because|since|while|whereas|although|where|which|that|when|if|so that|so|then|over|of)\b"
)
_RESUMES = re.compile(
    r"(?:here|where|furthermore|moreover|overall|in (?:summary|short|total|general)|finally)\b,?", re.IGNORECASE
)
_FRAGMENT = re.compile(r"(?:for|on|in|by|with|to|from|of|at|into|through|during|between)\b", re.IGNORECASE)
_FENCE = re.compile(r"```.*?```|\$\$.*?\$\$|\\\[.*?\\\]|\\begin\{(\w+\*?)\}.*?\\end\{\1\}", re.DOTALL)
_ENUMERATION = (
    re.compile(r"(?:^|(?<=[\s:,;.]))\((\d{1,2})\)\s*"),
    re.compile(r"(?:^|(?<=[\s:,;.]))(\d{1,2})\)\s*"),
    re.compile(r"(?:^|(?<=[\s:,;]))(\d{1,2})\.\s+"),
    re.compile(r"(?:^|(?<=[\s:,;.]))\(([a-h])\)\s*"),
    re.compile(r"(?:^|(?<=[\s:,;.]))([a-h])\)\s+"),
)
_JOINED = re.compile(r"\b(?:and|or)\b|&", re.IGNORECASE)
_ONE = re.compile(r"[^\W\d_](?:[\w'’%,-]| (?![- ])){0,200}\.?")  # one plain line, without any sign that could part it
_SHOWN = re.compile(r"(?:\[(?:image|sound): [^\]]*\]\s*)+")  # what a reader shows is nothing a learner can say
_LABELLED = re.compile(r"^\w{1,20}: ")
_FIRST = re.compile(r"(?:\b1[.)]|\ba\)).")
_INCLUDES = re.compile(r"^(?P<head>.{0,60}?\b(?:includes?|including|are)):?\s+(?P<list>.+)$", re.IGNORECASE)
_VERB = re.compile(
    r"\b(?:is|are|was|were|be|been|has|have|had|does|do|did|can|could|will|would|should|must|may|might|that|which|who|"
    r"because|when|if|while|it|they|we|you|he|she|this|these|not|but)\b",
    re.IGNORECASE,
)
_LIST_COMMA = re.compile(r",\s*(?:and|or|&)\s+|,\s*|\s+(?:and|or|&)\s+")
_HELD = "\x1e"
_WRAPPED = 60  # a line this long may have been broken by a page's width, if the others are as long
_SURELY_WRAPPED = 80
_HEADING_WORDS = 7
_LONGEST = 20_000  # letters; what is longer is no answer to a question and only parted at its lines


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    """A line of an answer: how deep it stands, whether a mark sets it off (`arrow` for a consequence), and its text."""

    text: str
    level: int = 0
    mark: str = ""
    arrow: bool = False
    after_blank: bool = False
    sign: str = ""


def split(answer: str, question: str = "") -> tuple[KeyPoint, ...]:
    """The points of an answer, in order, at least one; what the question itself says, such as a reading, is none.

    Ids are 6 hex digits of the point's text and head, so that editing one point leaves the ids of the others.
    """
    if len(answer) > _LONGEST:
        return made((line.strip(), "") for line in answer.split("\n") if line.strip())
    if _ONE.fullmatch(answer) and not ("," in answer and _JOINED.search(answer)):
        return made([(_clean(answer), "")])
    rows = _joined(_rows(broken_lines(_hold(answer))))
    pieces = [(_freed(text), _freed(head)) for row, head in _headed(rows) for text, head in _divided(row, head)]
    pieces = [
        (text, head)
        for text, head in pieces
        if not _SHOWN.fullmatch(text) and re.search(r"\w|[^\s\x00-\x7f]|[+*/<>=$^~!?-]", text)
    ]
    given = text_key(question)
    asked = [
        (text, head)
        for text, head in pieces
        if not is_source(text) and (not given or text_key(_LABELLED.sub("", text)) != given)
    ]
    return made(asked or pieces or [(" ".join(answer.split()) or answer, "")])


def made(pieces: Iterable[tuple[str, str]]) -> tuple[KeyPoint, ...]:
    """Key points from texts and their heads as a person wrote them, with ids as `split` makes them."""
    points: dict[str, KeyPoint] = {}
    for text, head in dict.fromkeys(pieces):
        key = text_key(f"{head}\n{text}" if head else text)
        turn = 0
        while (name := sha256(f"{key}{turn or ''}".encode()).hexdigest()[:6]) in points:
            turn += 1
        points[name] = KeyPoint(id=name, text=text, head=head)
    return tuple(points.values())


def _hold(text: str) -> str:
    """Code blocks and displayed formulas as one line each, so that no rule cuts into them."""
    return _FENCE.sub(lambda block: block[0].replace("\n", _HELD), text)


def _freed(text: str) -> str:
    return text.replace(_HELD, "\n").strip()


def literal_breaks(text: str) -> int:
    """How many line breaks are written as a backslash and an n."""
    return len(_LITERAL_BREAK.findall(text))


def broken_lines(text: str) -> list[str]:
    """The lines of an answer, with lost line breaks put back: a literal `\\n`, a bullet swallowed in mid-line."""
    lines = _LITERAL_BREAK.sub("\n", text).split("\n")
    if len(lines) == 1 and (listed := _ONE_LINE.match(text)):
        parts = _SWALLOWED.split(text[listed.end() :])
        return [f"- {part}" for part in parts] if len(parts) > 2 else lines
    dashed = any(line.lstrip().startswith(("-", "–", "•")) and not line.lstrip().startswith(_ARROWS) for line in lines)
    if not dashed or len(lines) < 2:
        return lines
    mended: list[str] = []
    for line in lines:
        place = _swallowed_at(line, bool(mended))
        mended += [line[:place].rstrip(), line[place:].lstrip()] if place else [line]
    return mended


def _swallowed_at(line: str, inside: bool) -> int:
    """Where in the line a bullet of the list begins that lost its line break; 0 if none does."""
    places = [match.start() for match in _SWALLOWED.finditer(line)]
    if not places or not inside:
        return 0
    place = places[-1]
    before, after = line[:place].rstrip(), line[place:].lstrip()
    marked = _MARK.match(line)
    if marked and marked["mark"].strip() in ("-", "–", "•"):
        return 0
    own_line = not marked and _EXAMPLE.match(before.lstrip())
    return place if own_line or before.endswith((".", "!")) or after.endswith(":") else 0


def _rows(lines: Sequence[str]) -> Iterator[_Row]:
    """Lines with their marks read. Pluses before minuses are for and against, under minuses one level deeper."""
    marked = [bare[1] for line in lines if line.strip() and (bare := _BARE_SIGN.match(line))]
    weighed = marked[:1] == ["+"] and len(set(marked)) > 1 and len(marked) == sum(map(bool, map(str.strip, lines)))
    sign = ""
    blank = False
    marks: list[str] = []
    for line in lines:
        if not line.strip():
            blank = True
            continue
        after_blank, blank = blank, False
        signed = (_BARE_SIGN if weighed else _SIGN).match(line)
        if signed:
            sign = "pro" if signed[1] == "+" else "con"
            yield _Row(text=line[signed.end() :].strip(), level=1, mark="*", after_blank=after_blank, sign=sign)
            continue
        row = _marked(line, marks)
        if row.mark and not row.arrow:
            marks.append(row.mark)
        elif not row.mark:
            marks.clear()
        sign = sign if row.mark and not after_blank else ""
        yield replace(row, after_blank=after_blank, sign=sign)


def _marked(line: str, above: Sequence[str]) -> _Row:
    found = _MARK.match(line)
    if not found or not found["text"].strip() or (found["mark"].strip("().").isalnum() and _enumerated(line.strip())):
        return _Row(text=line.strip())
    mark = found["mark"].strip()
    indent = len(found["indent"].replace("\t", "    "))
    deeper = mark == "+" and any(one in ("-", "–", "•") for one in above)
    text = found["text"].strip()
    text = text.removeprefix("**").strip() if text.count("**") == 1 else text
    return _Row(text=text, level=1 + indent + deeper, mark=mark, arrow=mark in _ARROWS)


def _joined(rows: Iterable[_Row]) -> list[_Row]:
    """Rows with the lines that only go on with the one before, or illustrate it, put to it."""
    rows = list(rows)
    whole: list[_Row] = []
    width = _WRAPPED if all(len(row.text) >= _WRAPPED for row in rows[:-1]) else _SURELY_WRAPPED
    for row in rows:
        if whole and not row.mark and not row.after_blank and _goes_on(whole[-1], row.text, width):
            whole[-1] = replace(whole[-1], text=f"{whole[-1].text} {row.text}")
        else:
            whole.append(row)
    return whole


def _goes_on(before: _Row, text: str, width: int) -> bool:
    if _EXAMPLE.match(text):
        return not _is_heading(before.text)
    if before.text.endswith((":", ".", "!", "?", ";")) or _HELD in before.text:
        return False
    if _DANGLING.search(before.text):
        return not text[:1].isupper()
    if not text[:1].islower() or before.text.endswith(","):
        return False
    return bool(_CONNECTIVE.match(text)) or len(before.text) >= width


def _headed(rows: Sequence[_Row]) -> Iterator[tuple[_Row, str]]:
    """Each row that is a point, with the head it stands under."""
    heads: dict[int, str] = {}
    levels_with_headings = {row.level for row in rows if _is_heading(row.text)}
    for at, row in enumerate(rows):
        following = rows[at + 1] if at + 1 < len(rows) else None
        leads = following is not None and following.level > row.level and not following.arrow
        # A line set apart by a blank line no longer stands under a heading, unless the heading is right above.
        if row.level == 0 and row.after_blank and at and not _is_heading(rows[at - 1].text):
            heads.pop(-1, None)
        heading = _is_heading(row.text) and following is not None
        if leads and len(row.text.split()) <= 4 and row.level in levels_with_headings:
            heading = True
        if not heading:
            yield row, _head_of(row, heads)
        heads = {level: head for level, head in heads.items() if level < row.level}
        if heading and row.level == 0:
            heads = {-1: row.text.rstrip(": ")}
        elif heading or (leads and _carries(row, rows[at + 1 :])):
            heads[row.level] = (sentences(row.text) or [""])[-1].rstrip(": ")


def _is_heading(text: str) -> bool:
    words = text.split()
    if text.endswith(":"):
        return len(words) <= _HEADING_WORDS
    return (
        len(words) == 1
        and text.rstrip("?:").casefold() in {"why", "how", "when", "by", "examples", "note"}
        and (text.endswith("?") or text.casefold() == "by")
    )


def _carries(row: _Row, following: Sequence[_Row]) -> bool:
    """Whether the lines under this one need it to be understood."""
    if row.mark or row.text.endswith(":") or _DANGLING.search(row.text):
        return True
    under = []
    for one in following:
        if one.level <= row.level:
            break
        under.append(one)
    return all(_FRAGMENT.match(one.text) for one in under)


def _head_of(row: _Row, heads: dict[int, str]) -> str:
    if row.sign:
        return row.sign
    if row.arrow or _RESUMES.match(row.text):
        return ""
    under = [level for level in heads if level < row.level]
    return heads[max(under)] if under else ""


def _divided(row: _Row, head: str) -> Iterator[tuple[str, str]]:
    """The points within one row: its enumerated parts, listed things, or sentences."""
    text = row.text
    if _HELD in text:
        yield text, head
        return
    parts = _enumerated(text)
    if parts:
        lead, rest = parts
        if lead and not lead.endswith(":") and len(lead.split()) > _HEADING_WORDS:
            yield lead, head
        yield from ((_clean(part), lead.rstrip(": ") or head) for part in rest)
        return
    if row.mark and not row.arrow:
        yield _clean(text), head
        return
    for sentence in _with_examples(sentences(text)):
        lead, names = _listed(sentence)
        yield from ((_clean(one), lead or head) for one in names)


def _clean(text: str) -> str:
    """The text without what only led on to the next line."""
    text = text.strip().rstrip(",;:").rstrip()
    if text.startswith(("and ", "or ")):
        text = text.partition(" ")[2]
    if text.endswith((" to", " and", " with", " by")) and text.count(" ") > 2:
        text = text.rpartition(" ")[0]
    return text


def _with_examples(parts: Sequence[str]) -> list[str]:
    whole: list[str] = []
    for part in parts:
        if whole and _EXAMPLE.match(part):
            whole[-1] = f"{whole[-1]} {part}"
        else:
            whole.append(part)
    return whole


def _enumerated(text: str) -> tuple[str, list[str]] | None:
    """`lead (1) a, (2) b` as the lead and its parts, where the numbers count up from 1 (or from a)."""
    if not _FIRST.search(text):
        return None
    for pattern in _ENUMERATION:
        found = list(pattern.finditer(text))
        order = [one[1] for one in found]
        counted = "abcdefgh" if order[:1] == ["a"] else map(str, count(1))
        if len(order) >= 2 and order == list(islice(counted, len(order))):
            ends = [*(one.start() for one in found[1:]), len(text)]
            parts = [text[one.end() : end].strip() for one, end in zip(found, ends, strict=True)]
            parts = [re.sub(r"[,;]?\s*(?:and|or)?$", "", part) for part in parts[:-1]] + parts[-1:]
            if all(parts):
                return text[: found[0].start()].strip(), parts
    return None


def _listed(text: str) -> tuple[str, list[str]]:
    """A sentence that is nothing but a list of short names, as its lead and the names; else the sentence itself."""
    if " / " not in text and not ("," in text and _JOINED.search(text)):
        return "", [text]
    plain = re.sub(r"\([^()]*\)", lambda group: group[0].replace(",", "\x1d").replace("/", "\x1c"), text.rstrip("."))
    slashed = [part.strip() for part in plain.split(" / ")]
    if len(slashed) >= 3 and all(0 < len(part.split()) <= 7 for part in slashed):
        return "", [part.replace("\x1d", ",").replace("\x1c", "/") for part in slashed]
    led = _INCLUDES.match(plain)
    lead, body = (led["head"], led["list"]) if led else ("", plain)
    names = [part.strip() for part in _LIST_COMMA.split(body) if part.strip()]
    enough = len(names) >= 3 and "," in body and re.search(r"(?:,|\b)\s*(?:and|or|&)\s", body)
    if enough and all(len(re.sub(r"\(.*?\)", "", one).split()) <= 4 and not _VERB.search(one) for one in names):
        return lead, [one.replace("\x1d", ",").replace("\x1c", "/") for one in names]
    return "", [text]
