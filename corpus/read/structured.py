"""Cards as JSON, JSON Lines or YAML: lists of objects or pairs, questions mapped to answers, the tutor's own lines.

Reads plain data only: in YAML every value is a string, and tags, anchors and aliases are refused. Keys are told by
their names in `corpus.read.columns`.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

from corpus.card import Finding
from corpus.errors import DeckError
from corpus.read import columns, crowdanki
from corpus.read.source import Pair, Reading, Source, few_enough

_CONTAINERS = ("cards", "notes", "flashcards", "data", "questions", "terms")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}\n]')
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_DEEPEST = 20
_TITLES = ("name", "title", "deck")
_MOST_LETTERS, _MOST_OPENINGS, _MOST_COMMAS = 32 * 2**20, 1_000_000, 3_000_000
_MOST_YAML, _MOST_EVENTS = 16 * 2**20, 250_000


def looks_structured(source: Source) -> bool:
    """Whether the text is JSON or JSON Lines, by its first and last signs."""
    text = source.text.strip()
    return (
        text[:1] in ("{", "[") and text[-1:] in ("}", "]") and any(sign in text[:5000] for sign in ('":', '" :', '["'))
    )


def read(source: Source) -> Reading:
    """The cards of a JSON or JSON Lines text.

    Raises:
        DeckError: it is neither, or holds no list of cards.
    """
    lines = source.text.split("\n")
    filled = [at for at, row in enumerate(lines) if row.strip()]
    if len(filled) > 1 and all(lines[at].lstrip().startswith("{") for at in filled[:3]) and _is_json(lines[filled[0]]):
        return _read_lines(source, [(at + 1, lines[at]) for at in filled])
    try:
        data = _parsed(source.text)
    except (ValueError, RecursionError) as error:
        raise DeckError(f"{source.path}: {_told(error)}. Mend the JSON, or export it again.") from error
    if crowdanki.is_deck(data):
        return crowdanki.read(source, data)
    name, cards = _cards_of(source, data, "JSON")
    places = _places(source.text, len(cards))
    pairs = [_pair(card, index, places[index - 1]) for index, card in enumerate(cards, 1)]
    return Reading(format="JSON", name=name, pairs=pairs)


def _cards_of(source: Source, data: Any, form: str) -> tuple[str, list[Any]]:  # noqa: ANN401  JSON
    name, cards = _found(data)
    if cards is None:
        raise DeckError(
            f"{source.path}: this {form} holds no list of cards. Expected a list of cards, each with a question and an "
            'answer, or such a list under "cards".'
        )
    few_enough(source.path, cards)
    return name, cards


def read_yaml(source: Source) -> Reading:
    """The cards of a YAML text.

    Raises:
        DeckError: it is no YAML, uses tags, anchors or aliases, is nested too deeply, or holds no list of cards.
    """
    yaml = import_module("yaml")

    if len(source.text) > _MOST_YAML:
        raise DeckError(f"{source.path}: more than {_MOST_YAML // 2**20} MB of YAML. Save the deck as CSV or JSON.")
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        data, lines = _plain_yaml(source, yaml.parse(source.text, Loader=loader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise DeckError(f"{source.path}: not valid YAML{where}. Mend it, or save the deck as CSV or JSON.") from error
    name, cards = _cards_of(source, data, "YAML")
    pairs = [_pair(card, index, lines.get(id(card), 0)) for index, card in enumerate(cards, 1)]
    return Reading(format="YAML", name=name, pairs=pairs)


def _plain_yaml(source: Source, events: Iterable[Any]) -> tuple[Any, dict[int, int]]:
    """The first document's strings, lists and mappings, and nothing else; with the line of each list and mapping."""
    lines: dict[int, int] = {}
    open_: list[tuple[Any, list[Any]]] = []
    top: list[Any] = []
    for count, event in enumerate(events):
        line = event.start_mark.line + 1
        kind = type(event).__name__
        if kind == "AliasEvent" or getattr(event, "anchor", None) or getattr(event, "tag", None):
            raise DeckError(
                f"{source.path}: line {line} has a YAML tag or alias (! & *). Write plain text there, in quotes."
            )
        if count > _MOST_EVENTS:
            raise DeckError(f"{source.path}: too much YAML for one deck. Save it as CSV or JSON.")
        if kind in ("SequenceStartEvent", "MappingStartEvent"):
            made: Any = [] if kind == "SequenceStartEvent" else {}
            lines[id(made)] = line
            open_.append((made, []))
            if len(open_) > _DEEPEST:
                raise DeckError(f"{source.path}: line {line} is nested too deeply. Expected a list of cards.")
        elif kind in ("SequenceEndEvent", "MappingEndEvent"):
            made, inside = open_.pop()
            if isinstance(made, list):
                made.extend(inside)
            else:
                made.update(zip(map(_text, inside[::2]), inside[1::2], strict=True))
            (open_[-1][1] if open_ else top).append(made)
        elif kind == "ScalarEvent":
            (open_[-1][1] if open_ else top).append(_mended(event.value))
        elif kind == "DocumentEndEvent":
            break
    return (top[0] if top else None), lines


def _parsed(text: str) -> Any:  # noqa: ANN401  JSON
    """The value of a JSON text, counted before it is built: a few bytes of text can make many of memory."""
    openings = text.count("[") + text.count("{")
    if len(text) > _MOST_LETTERS or openings > _MOST_OPENINGS or text.count(",") > _MOST_COMMAS:
        raise ValueError(f"{len(text):,} signs with {openings:,} lists and objects are too much for one deck; split it")
    data = json.loads(text)
    return _mended(data) if _HALF.search(text) else data


def _mended(value: Any) -> Any:  # noqa: ANN401  JSON
    """The value without halves of pairs, which JSON may hold but no file can: they would break every later write."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_mended(one) for one in value]
    return {_mended(key): _mended(one) for key, one in value.items()} if isinstance(value, dict) else value


def _is_json(text: str) -> bool:
    try:
        _parsed(text)
    except (ValueError, RecursionError):
        return False
    return True


def _told(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"not valid JSON at line {error.lineno}, column {error.colno} ({error.msg})"
    return "nested too deeply" if isinstance(error, RecursionError) else f"not valid JSON ({error})"


def _read_lines(source: Source, rows: Sequence[tuple[int, str]]) -> Reading:
    pairs, findings = [], []
    for index, (line, row) in enumerate(rows, 1):
        try:
            card = _parsed(row)
        except (ValueError, RecursionError) as error:
            text = f"{source.path.name} line {line}: {_told(error)}. Mend or delete the line; the other cards are kept."
            findings.append(Finding(kind="skipped", message=text, path=str(source.path), line=line, index=index))
            continue
        pairs.append(_pair(card, index, line))
    return Reading(format="JSON Lines", pairs=pairs, findings=tuple(findings))


def _found(data: Any) -> tuple[str, list[Any] | None]:  # noqa: ANN401  JSON
    """The name and the list of cards somewhere in the data."""
    if isinstance(data, list):
        return "", data
    if not isinstance(data, dict):
        return "", None
    if columns.is_header(list(map(str, data))):
        return "", [data]
    name = next((data[key] for key in _TITLES if isinstance(data.get(key), str)), "")
    for key in _CONTAINERS:
        if isinstance(data.get(key), list | dict):
            return name, _found(data[key])[1]
    if data and all(isinstance(value, str) for value in data.values()):
        return "", [[question, answer] for question, answer in data.items()]
    return name, None


def _pair(card: Any, index: int, line: int) -> Pair:  # noqa: ANN401  JSON
    if isinstance(card, list):
        texts = [_text(one) for one in card]
        return Pair(question=(texts or [""])[0], answer="\n".join(filter(None, texts[1:])), index=index, line=line)
    if not isinstance(card, Mapping):
        return Pair(question="", answer=_text(card), index=index, line=line)
    names = [str(name) for name in card]
    values = [_text(value, listed=columns.role(name) != "tags") for name, value in card.items()]
    row = columns.fields(names, columns.roles(names), values)
    pair = columns.pair(row, index, line, uncertain=card.get("uncertain") is True)
    tags = tuple(map(str, card["tags"])) if isinstance(card.get("tags"), list) else pair.tags
    return replace(pair, tags=tags, points=tuple(_points(card.get("key_points"))))


def _points(value: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401  JSON
    for one in value if isinstance(value, list) else []:
        text, head = (one.get("text"), one.get("head", "")) if isinstance(one, Mapping) else (one, "")
        if isinstance(text, str) and text.strip():
            yield _text(text), _text(head)


def _text(value: Any, *, listed: bool = True) -> str:  # noqa: ANN401  JSON
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        mark = "- " if listed and len(value) > 1 else ""
        return "\n".join(mark + _text(one) for one in value) if listed else " ".join(map(_text, value))
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _places(text: str, count: int) -> list[int]:
    """The line each of `count` cards begins on: the openings one level inside the list that holds that many."""
    found: dict[int, list[int]] = {}
    for depth, line in _openings(text):
        found.setdefault(depth, []).append(line)
    return next((lines for _, lines in sorted(found.items()) if len(lines) == count), [0] * count)


def _openings(text: str) -> Iterator[tuple[int, int]]:
    depth, line = 0, 1
    for token in _TOKEN.finditer(text):
        sign = token[0][0]
        if sign == "\n":
            line += 1
        elif sign in "{[":
            yield depth, line
            depth += 1
        elif sign in "}]":
            depth -= 1
