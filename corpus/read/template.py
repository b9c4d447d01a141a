"""A note's fields through its note type's templates -> the question and the answer of one card, as text.

Knows Anki's `{{Field}}`, `{{#Field}}`, filters and cloze deletions; runs no script.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from corpus.read import columns
from corpus.read.collection import NoteType
from corpus.read.markup import to_text
from corpus.read.source import Pair

_SLOT = re.compile(r"\{\{([^{}]*)\}\}")
_ANSWER_RULE = re.compile(r"<hr\s[^>]*id\s*=\s*[\"']?answer[\"']?[^>]*>", re.IGNORECASE)
_OPENING = re.compile(r"\{\{c(\d{1,3})(?:,\d+)*::")
_FURIGANA = re.compile(r" ?([^ >]+?)\[(?!sound:)(.+?)\]")
_INVISIBLE = re.compile(r"<(?!img|audio|video)[^<>]*>|&nbsp;|\s")
_NUMBER = re.compile(r"c\d+")
_LEADING = re.compile(r"^(?:\s|&nbsp;|<br[^<>]*>)+")
_DEEP = 8

Part = str | tuple[str, str]
"""A text, or (sign, field): "#" and "^" open a section, "/" closes one, "" is a field."""


def by_name(kind: NoteType, values: Iterable[str]) -> dict[str, str]:
    """A note's fields by their names; those that it lacks are empty."""
    return dict(zip(kind.fields, [*values, *[""] * len(kind.fields)], strict=False))


def render(
    kind: NoteType, place: int, values: Mapping[str, str], *, index: int, deck: str, guid: str, tags: tuple[str, ...]
) -> Pair:
    """Card `place` (template or cloze number, from 0) of a note with these fields.

    What a cloze card asks for is what it deletes. On other cards fields with names such as Source or Notes remark.

    Raises:
        LookupError: the note type has no such card.
    """
    template = kind.templates[0 if kind.cloze else place]
    number = place + 1 if kind.cloze else 0
    # Tags stay tags; in the text they would count as part of the answer.
    extra = {"Tags": "", "Deck": deck, "Subdeck": deck.rpartition("::")[2], "CardFlag": ""}
    known = {**values, **extra, "Type": kind.name, "Card": template[0], "FrontSide": ""}
    if kind.cloze:
        question, asked, answer = _cloze_card(template, known, number)
    else:
        question = _filled(template[1], known, 0)
        answer = after_rule(_filled(template[2], known, 0))
        silent = {name: "" for name in values if columns.role(name) == "remark"}
        asked = after_rule(_filled(template[2], {**known, **silent}, 0)) if silent else answer
    told, whole = to_text(asked), to_text(answer)
    remark = whole[len(told) :].strip() if told and told != whole and whole.startswith(told) else ""
    return Pair(
        question=to_text(question),
        answer=whole,
        remark=remark,
        index=index,
        line=0,
        tags=tags,
        deck=deck,
        guid=guid,
        key=columns.key_of(guid, place),
    )


def after_rule(answer: str) -> str:
    """What stands after the line that parts the answer from the repeated question."""
    parts = _ANSWER_RULE.split(answer, maxsplit=1)
    return parts[1] if len(parts) > 1 and parts[1].strip() else answer


def _cloze_card(template: tuple[str, str, str], known: Mapping[str, str], number: int) -> tuple[str, str, str]:
    """The text with the deletion blanked out, what was deleted, and that with what else the answer side shows."""
    question = _filled(template[1], known, number)
    blanks = [blank for value in _cloze_fields(template[1], known) for blank in deleted(value, number)]
    rest = _filled(template[2], known, number, hide_cloze=True)
    asked = list(dict.fromkeys(blanks))
    return question, "<br>".join(asked), "<br>".join([*asked, _LEADING.sub("", after_rule(rest))])


def _cloze_fields(template: str, known: Mapping[str, str]) -> list[str]:
    names = [slot[1] for slot in parts(template) if isinstance(slot, tuple) and slot[0] == "" and "cloze:" in slot[1]]
    return [known.get(name.rpartition(":")[2].strip(), "") for name in names]


def shows_a_field(template: str, values: Mapping[str, str]) -> bool:
    """Whether the question side of a template shows anything of these fields; Anki makes a card only then."""
    with_fields = _filled(template, values, 0)
    return _bare(with_fields) != _bare(_filled(template, dict.fromkeys(values, ""), 0))


def _bare(markup: str) -> str:
    return _INVISIBLE.sub("", markup)


def cloze_numbers(values: Mapping[str, str]) -> list[int]:
    """The cloze numbers in a note's fields, sorted; each makes one card."""
    return sorted({int(found[1]) for value in values.values() for found in _OPENING.finditer(value) if int(found[1])})


def _filled(template: str, known: Mapping[str, str], number: int, *, hide_cloze: bool = False) -> str:
    out: list[str] = []
    hidden = 0  # sections that do not show, counted from the outermost one
    for part in parts(template):
        if isinstance(part, str):
            if not hidden:
                out.append(part)
            continue
        sign, name = part
        if sign in ("#", "^"):
            shown = _is_full(name, known, number) == (sign == "#")
            hidden += bool(hidden) or not shown
        elif sign == "/":
            hidden = max(0, hidden - 1)
        elif not hidden:
            out.append(_value(name, known, number, hide_cloze=hide_cloze))
    return "".join(out)


@lru_cache(maxsize=512)
def parts(template: str) -> tuple[Part, ...]:
    """A template cut at its slots."""
    found: list[Part] = []
    at = 0
    for slot in _SLOT.finditer(template):
        if slot.start() > at:
            found.append(template[at : slot.start()])
        at = slot.end()
        text = slot[1].strip()
        found.append((text[0], text[1:].strip()) if text[:1] in ("#", "^", "/") else ("", text))
    if at < len(template):
        found.append(template[at:])
    return tuple(found)


def _is_full(name: str, known: Mapping[str, str], number: int) -> bool:
    if _NUMBER.fullmatch(name):
        return name == f"c{number}"
    return bool(_bare(known.get(name, "")))


def _value(slot: str, known: Mapping[str, str], number: int, *, hide_cloze: bool) -> str:
    *filters, name = [one.strip() for one in slot.split(":")]
    value = known.get(name, "")
    for one in reversed(filters):
        if one == "cloze":
            value = "" if hide_cloze else blanked(value, number)
        elif one == "text":
            value = re.sub(r"<[^<>]*>", "", value)
        elif one in ("type", "tts") or one.startswith("tts "):
            value = ""  # a box to type in, for which the tutor has its own, or a voice
        elif one in ("furigana", "kana", "kanji"):
            value = _FURIGANA.sub({"furigana": r"\1（\2）", "kana": r"\2", "kanji": r"\1"}[one], value)
    return value


def blanked(text: str, number: int) -> str:
    """Cloze markup read: deletions of this number become `[...]` or `[hint]`, the others their text."""
    return _clozed(text, number, 0)[0]


def deleted(text: str, number: int) -> list[str]:
    """The texts that cloze number `number` deletes, in order."""
    return _clozed(text, number, 0)[1]


def _clozed(text: str, number: int, depth: int) -> tuple[str, list[str]]:
    out: list[str] = []
    gone: list[str] = []
    at = 0
    while opening := _OPENING.search(text, at):
        end = _closing(text, opening.end())
        if end < 0 or depth > _DEEP:
            break
        out.append(text[at : opening.start()])
        inside, hint = _hinted(text[opening.end() : end])
        shown, nested = _clozed(inside, number, depth + 1)
        numbers = [int(one) for one in re.findall(r"\d+", opening[0])]
        if number in numbers:
            gone.append(_clozed(inside, 0, depth + 1)[0])
            out.append(f"[{hint or '...'}]")
        else:
            out.append(shown)
            gone += nested
        at = end + 2
    out.append(text[at:])
    return "".join(out), gone


def _hinted(inside: str) -> tuple[str, str]:
    """The deleted text and its hint, which stands after the first `::` that is outside of nested deletions."""
    tail = inside.rpartition("}}")[2]
    body, _, hint = tail.partition("::")
    return inside[: len(inside) - len(tail)] + body, hint


def _closing(text: str, at: int) -> int:
    """Where the deletion that opened before `at` is closed; -1 if it never is."""
    depth = 1
    for mark in re.finditer(r"\{\{c\d|\}\}", text[at:]):
        depth += 1 if mark[0] != "}}" else -1
        if not depth:
            return at + mark.start()
    return -1
