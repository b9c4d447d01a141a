"""Cards in Markdown notes: `Q:`/`A:`, Obsidian's spaced repetition (`::`, `:::`, `?`, `??`, `==cloze==`), headings.

Code is left alone: nothing inside fences or backticks makes a card, and `std::vector` is no separator.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from corpus.read.source import Pair, Reading, Source

_ASK = re.compile(r"\s*(?:[-*]\s+)?(?:\*\*|__)?(?:Q|Question|Frage)(?:\s?\d{1,4})?\s?[:.](?:\*\*|__)?\s+(?=\S)")
_TELL = re.compile(r"\s*(?:[-*]\s+)?(?:\*\*|__)?(?:A|Answer|Antwort)(?:\s?\d{1,4})?\s?[:.](?:\*\*|__)?(?:\s+|$)")
_HEADING = re.compile(r"(#{1,6})\s+(.+?)\s*#*$")
_FENCE = re.compile(r"\s*(```|~~~)")
_SPACED = re.compile(r"(?:\s+(:::?)(?:\s+|$)|(?<=\S)(:::?)\s+|\s+(:::?)(?=\S))")
_TIGHT = re.compile(r"(?<=[^\s:])(:::?)(?=[^\s:])")
_CODE_AROUND = re.compile(r"[a-z_]\w*:::?[a-z_]\w*[\s(<;.,]|[\w>]:::?\w+[(<;]")
_INLINE_CODE = re.compile(r"`[^`]*`")
_TAG = re.compile(r"(?:^|(?<=\s))#([^\s#`,;:.!?()\[\]{}\"'][^\s#`,;!?()\[\]{}\"']*)")
_DECK_TAG = re.compile(r"(?:^|(?<=\s))#flashcards?((?:/[^\s#/]+)*)(?=\s|$)", re.IGNORECASE)
_SCHEDULE = re.compile(r"\s*<!--\s*SR:.*?-->\s*", re.DOTALL)
_CLOZE = re.compile(r"==([^=\n](?:[^\n]*?[^=\n])?)==|\{\{([^{}\n]+)\}\}")
# Pictures beside the note; one from elsewhere stays the text it is, since nothing is fetched.
_PICTURE = re.compile(
    r"!\[\[([^\[\]|\n]{1,200})(?:\|[^\[\]\n]*)?\]\]|!\[[^\[\]\n]*\]\((?!\w+:)<?([^()<>\n]{1,200}?)>?\)"
)
_LONGEST = 10_000
_MARK = re.compile(r"\s*[-*+]\s+|\s*\d+[.)]\s+")


@dataclass(frozen=True, slots=True)
class _Found:
    """A card as it stands in the note: its first line (from 0), both sides, and whether it is asked both ways."""

    at: int
    question: str
    answer: str
    both: bool = False


def looks_like_notes(source: Source) -> bool:
    """Whether the text has cards in one of the ways above that nothing else uses."""
    if "```" not in source.text and _DECK_TAG.search(source.text):
        return True
    lines = [row.strip() for row in source.text.split("\n")]
    asks, tells = sum(bool(_ASK.match(row)) for row in lines), sum(bool(_TELL.match(row)) for row in lines)
    marks = sum(row in ("?", "??") for row in lines)
    parted = sum(_separator(row, tagged=False) is not None for row in lines)
    filled = sum(map(bool, lines))
    return (asks > 0 and tells >= 0.5 * asks) or marks > 0 or parted >= max(2, 0.4 * filled)


def read(source: Source) -> Reading:
    """The cards of a Markdown note; where it has no other sign of one, each heading asks for what stands under it."""
    text = _SCHEDULE.sub(lambda gone: "\n" * gone[0].count("\n"), source.text)
    lines = _without_front_matter(text.split("\n"))
    fenced = _fenced(lines)
    found = [*_asked(lines, fenced)]
    taken = {row for one in found for row in _rows(one)}
    tagged = bool(_DECK_TAG.search(text))
    found += [one for one in _parted(lines, fenced, tagged=tagged) if one.at not in taken]
    if tagged:
        found += _deletions(lines, fenced, {row for one in found for row in _rows(one)})
    found = found or _headed(lines, fenced)
    title = next((match[2] for row in lines if (match := _HEADING.match(row)) and match[1] == "#"), "")
    return Reading(format="Markdown", name=title, pairs=list(_pairs(found, lines)))


def _rows(one: _Found) -> range:
    return range(one.at, one.at + one.question.count("\n") + one.answer.count("\n") + 2)


def _without_front_matter(lines: list[str]) -> list[str]:
    if lines and lines[0].strip() == "---":
        end = next((at for at in range(1, len(lines)) if lines[at].strip() == "---"), 0)
        return [""] * (end + 1) + lines[end + 1 :] if end else lines
    return lines


def _fenced(lines: Sequence[str]) -> set[int]:
    inside: set[int] = set()
    mark = ""
    for at, row in enumerate(lines):
        fence = _FENCE.match(row)
        if mark or fence:
            inside.add(at)
        if fence and (not mark or fence[1] == mark):
            mark = "" if mark else fence[1]
    return inside


def _asked(lines: Sequence[str], fenced: set[int]) -> Iterator[_Found]:
    """`Q: ...` with the `A: ...` that follows; both run on to the next mark or heading."""
    marks = [(at, "Q") for at, row in enumerate(lines) if at not in fenced and _ASK.match(row)]
    marks += [(at, "A") for at, row in enumerate(lines) if at not in fenced and _TELL.match(row)]
    marks += [(at, "#") for at, row in enumerate(lines) if at not in fenced and _HEADING.match(row)]
    marks.sort()
    ends = [*(at for at, _ in marks), len(lines)][1:]
    sides = [(at, kind, lines[at:end]) for (at, kind), end in zip(marks, ends, strict=True)]
    for place, (at, kind, rows) in enumerate(sides):
        if kind != "Q" or not any(one == "A" for _, one in marks):
            continue
        told = sides[place + 1][2] if place + 1 < len(sides) and sides[place + 1][1] == "A" else []
        question = [_ASK.sub("", rows[0], count=1), *rows[1:]]
        answer = [_TELL.sub("", told[0], count=1), *told[1:]] if told else []
        yield _Found(at, "\n".join(question).strip(), "\n".join(answer).strip("\n").rstrip())


def _parted(lines: Sequence[str], fenced: set[int], *, tagged: bool) -> Iterator[_Found]:
    """Obsidian's one-line cards (`::`) and those whose sides a line `?` parts."""
    for at, row in enumerate(lines):
        if at in fenced:
            continue
        if row.strip() in ("?", "??"):
            start = next((up + 1 for up in range(at - 1, -1, -1) if not lines[up].strip() and up not in fenced), 0)
            end = next(
                (down for down in range(at + 1, len(lines)) if not lines[down].strip() and down not in fenced),
                len(lines),
            )
            question, answer = "\n".join(lines[start:at]), "\n".join(lines[at + 1 : end])
            yield _Found(start, question.strip(), answer.rstrip(), both=row.strip() == "??")
            continue
        cut = _separator(row, tagged=tagged)
        if cut:
            sides = row[: cut[0]], row[cut[1] :]
            yield _Found(at, _MARK.sub("", sides[0], count=1).strip(), sides[1].strip(), both=cut[2])


def _separator(row: str, *, tagged: bool) -> tuple[int, int, bool] | None:
    """Where `::` or `:::` parts the row, and whether it asks both ways; code never parts."""
    if "::" not in row or len(row) > _LONGEST:
        return None
    plain = _INLINE_CODE.sub(lambda code: "`" * len(code[0]), row)
    found = _SPACED.search(plain)
    if not found and tagged and len(_TIGHT.findall(plain)) == 1 and not _CODE_AROUND.search(plain):
        found = _TIGHT.search(plain)
    if not found or not row[: found.start()].strip():
        return None
    return found.start(), found.end(), ":::" in found[0]


def _deletions(lines: Sequence[str], fenced: set[int], taken: set[int]) -> Iterator[_Found]:
    """One card for each `==deletion==` of a line."""
    for at, row in enumerate(lines):
        if at in fenced or at in taken or "`" in row or len(row) > _LONGEST:
            continue
        for gap in _CLOZE.finditer(row):
            around = [row[: gap.start()], row[gap.end() :]]
            shown = [_CLOZE.sub(lambda other: other[1] or other[2], side) for side in around]
            yield _Found(at, _MARK.sub("", "[...]".join(shown), count=1).strip(), gap[1] or gap[2])


def _headed(lines: Sequence[str], fenced: set[int]) -> list[_Found]:
    """Headings with text right under them; if some of them ask, only those that do."""
    heads = [(at, match[2]) for at, row in enumerate(lines) if at not in fenced and (match := _HEADING.match(row))]
    ends = [*(at for at, _ in heads), len(lines)][1:]
    cards = [
        _Found(at, text, "\n".join(lines[at + 1 : end]).strip("\n").rstrip())
        for (at, text), end in zip(heads, ends, strict=True)
    ]
    full = [card for card in cards if card.answer.strip()]
    return [card for card in full if card.question.endswith("?")] or full


def _with_pictures(text: str) -> str:
    return _PICTURE.sub(lambda one: f"[image: {(one[1] or one[2]).rsplit('/', 1)[-1]}]", text) if "![" in text else text


def _pairs(found: Sequence[_Found], lines: Sequence[str]) -> Iterator[Pair]:
    index = read = 0
    deck = ""
    for one in sorted(found, key=lambda card: card.at):
        decks = _DECK_TAG.findall("\n".join(lines[read : one.at + 1]))
        deck = decks[-1].strip("/").replace("/", "::") if decks else deck
        read = one.at + 1
        question = _DECK_TAG.sub("", _with_pictures(one.question))
        tags = tuple(dict.fromkeys(_TAG.findall(_INLINE_CODE.sub("", question))))
        question = _TAG.sub("", question).strip() if tags else question.strip()
        answer = _with_pictures(one.answer).strip()
        for asked, told in [(question, answer), (answer, question)][: 1 + one.both]:
            index += 1
            yield Pair(question=asked, answer=told, index=index, line=one.at + 1, tags=tags, deck=deck)
