"""A deck file's bytes as text, and question-answer pairs as a Deck; every reader starts and ends here.

Knows no format: which reader gets the text is decided in `corpus.read`.
"""

import codecs
import os
import re
import stat
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from corpus.card import Card, Deck, Finding, FindingKind, Review, identify, own_id
from corpus.errors import DeckError
from corpus.keypoints import made, split
from corpus.remark import remark

MAX_BYTES = 96 * 2**20
"""The most text one deck may have; packages are not read whole and may be larger."""
MAX_LETTERS = 1_000_000
"""The most letters a question or an answer may have."""
MAX_CARDS = 300_000
"""The most cards one deck may have."""
_MAX_LINE = 4 * 2**20
_MAX_JSON = 32 * 2**20  # a JSON deck may well be one line
_MAX_LINES = 1_000_000

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A text file as read: its text with `\\n` line ends, and what was odd about it."""

    path: Path
    text: str
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """A question and an answer as a reader found them; either may be empty.

    `points` are key points (text, head) that the file itself names; without them the answer is split. `key` is what
    the file calls the card, whatever its question says; empty where it has no such name. `remark` is the end of the
    answer that the file marks as no part of what is asked.
    """

    question: str
    answer: str
    index: int
    line: int
    tags: tuple[str, ...] = ()
    deck: str = ""
    guid: str = ""
    key: str = ""
    points: tuple[tuple[str, str], ...] = ()
    remark: str = ""
    uncertain: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class PastReview:
    """One review of the card at place `index` in another program: seconds since 1970, button 1 to 4, seconds taken."""

    index: int
    at: float
    button: int
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What a reader made of a file: the deck's name (empty if the file gives none), its pairs, and what is odd."""

    format: str
    pairs: Sequence[Pair]
    name: str = ""
    findings: tuple[Finding, ...] = ()
    reviews: tuple[PastReview, ...] = ()


def _no_wait(name: str, flags: int) -> int:
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))  # a pipe with no writer must not hang us


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The regular file at `path`, open for reading.

    Raises:
        DeckError: it does not exist, is a folder, a device or a broken link, or may not be read.
    """
    try:
        file = open(path, "rb", opener=_no_wait)
    except IsADirectoryError as error:
        raise DeckError(f"{path}: a folder, where a deck file was expected. Name the files in it.") from error
    except FileNotFoundError as error:
        raise DeckError(f"{path}: no such file. Check the name.") from error
    except PermissionError as error:
        raise DeckError(f"{path}: may not be read. Change its permissions (chmod u+r).") from error
    except (OSError, ValueError) as error:
        raise DeckError(f"{path}: cannot be opened ({error}). Name a deck file.") from error
    with file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise DeckError(f"{path}: not a regular file. Name a deck file.")
        yield file


def read_text(path: Path, file: BinaryIO) -> Source:
    """The whole of an open file as text: by byte-order mark, then UTF-8, then a guess that is reported.

    Raises:
        DeckError: it is empty, larger than MAX_BYTES, or no text.
    """
    if os.fstat(file.fileno()).st_size > MAX_BYTES:
        raise DeckError(f"{path}: more than {MAX_BYTES // 2**20} MB of text. Split the deck.")
    raw = file.read(MAX_BYTES)
    if not re.search(rb"[^\0 \t\r\n]", raw):
        raise DeckError(f"{path}: the file is empty. Export the deck again.")
    if raw.count(b"\n") + raw.count(b"\r") > 2 * _MAX_LINES:
        raise DeckError(f"{path}: more than {_MAX_LINES:,} lines. Split the deck.")
    raw, findings = _without_long_lines(path, raw)
    source = decode(path, raw)
    return replace(source, findings=(*findings, *source.findings))


def _without_long_lines(path: Path, raw: bytes) -> tuple[bytes, list[Finding]]:
    """The bytes with every line emptied that is too long to hold a card, before anything makes copies of it."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or _unmarked_utf16(raw):
        return raw, []
    most = _MAX_JSON if raw[:100].lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")) else _MAX_LINE
    findings, kept, at = [], [], 0
    for start, end in _long_lines(raw, most):
        line = len(re.findall(rb"\r\n?|\n", raw[:start])) + 1
        text = (
            f"{path.name} line {line} is {(end - start) // 2**20} MB long; {most // 2**20} may be. "
            "It was left out; cut it into cards."
        )
        findings.append(Finding(kind="skipped", message=text, path=str(path), line=line))
        kept.append(raw[at:start])
        at = end
    if not findings:
        return raw, []
    raw = b"".join([*kept, raw[at:]])
    if not raw.strip():
        raise DeckError(f"{path}: {findings[0].message}")
    return raw, findings


def _long_lines(raw: bytes, most: int) -> Iterator[tuple[int, int]]:
    """Where the lines of more than `most` bytes begin and end."""
    at = 0
    while len(raw) - at > most:
        last = max(raw.rfind(b"\n", at, at + most), raw.rfind(b"\r", at, at + most))
        if last < 0:
            found = (raw.find(mark, at + most) for mark in (b"\n", b"\r"))
            end = min((place for place in found if place >= 0), default=len(raw))
            yield at, end
            last = end
        at = last + 1


def decode(path: Path, raw: bytes) -> Source:
    """Text by byte-order mark, then UTF-8, then a guess that is reported.

    Raises:
        DeckError: the bytes are not text.
    """
    text, guess = _to_text(path, raw)
    findings = []
    if guess:
        message = f"The text is not UTF-8; it was read as {guess}. Check the accents, or save the file as UTF-8."
        findings.append(Finding(kind="encoding", message=message, path=str(path), line=1))
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    clean = text
    if first := _DROPPED.search(text):
        clean = _DROPPED.sub("", text)
        line = text.count("\n", 0, first.start()) + 1
        count = len(text) - len(clean)
        message = f"{count} invisible control character{'s' if count > 1 else ''} left out."
        findings.append(Finding(kind="encoding", message=message, path=str(path), line=line))
    return Source(path=path, text=clean, findings=tuple(findings))


# Control characters other than tab and line feed, marks that turn the direction of text, byte-order marks in mid-text.
_DROPPED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]+")


def _to_text(path: Path, raw: bytes) -> tuple[str, str]:
    for mark, encoding in _BOMS:
        if raw.startswith(mark):
            try:
                return raw[len(mark) :].decode(encoding), ""
            except UnicodeDecodeError:
                return raw[len(mark) :].decode(encoding, errors="replace"), f"damaged {encoding}"
    wide = _unmarked_utf16(raw)
    if wide:
        return raw.decode(wide, errors="replace"), f"{wide} without a byte-order mark"
    if _looks_binary(raw):
        raise DeckError(
            f"{path}: not text (it starts with {raw[:8]!r}). Expected a deck; export it again as text or .apkg."
        )
    try:
        return raw.decode("utf-8"), ""
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace"), "Windows-1252"


def _unmarked_utf16(raw: bytes) -> str:
    """Text in Latin letters stored as UTF-16 has a NUL in every other place."""
    head = raw[:2048]
    even, odd = head[::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if half < 4:
        return ""
    if odd > 0.4 * half and even < 0.05 * half:
        return "utf-16-le"
    return "utf-16-be" if even > 0.4 * half and odd < 0.05 * half else ""


def _looks_binary(raw: bytes) -> bool:
    head = raw[:65536]
    control = sum(head.count(code) for code in range(32) if code not in (9, 10, 12, 13, 27, 0))
    if control + head.count(0) <= len(head) * 0.02:
        return False
    return control > len(head) * 0.02 or head.count(0) > len(head) * 0.1


_FAULTS: dict[tuple[bool, bool], tuple[FindingKind, str]] = {
    (False, False): ("blank", "Card {} is blank: it has neither question nor answer. Delete it or fill it in."),
    (True, False): ("no_answer", "Card {} has a question but no answer. Write one, or delete the card."),
    (False, True): ("no_question", "Card {} has an answer but no question. Write one, or delete the card."),
}


def few_enough(path: Path, cards: Sequence[object]) -> None:
    """Raises a DeckError for more cards than one deck may have; readers that can tell early ask early."""
    if len(cards) > MAX_CARDS:
        raise DeckError(f"{path}: more than {MAX_CARDS:,} cards. Split the deck.")


def make_deck(source: Source, reading: Reading) -> Deck:
    """The pairs as cards with ids and key points; faulty pairs become findings and count as skipped.

    Raises:
        DeckError: not one pair is a card.
    """
    few_enough(source.path, reading.pairs)
    path = str(source.path)
    pairs = [_plain_pair(pair) if _is_odd(pair) else pair for pair in reading.pairs]
    name = _DROPPED.sub("", reading.name or _shared_name(pairs) or source.path.stem)
    findings = [*source.findings, *reading.findings]
    odd = [one for one, pair in zip(reading.pairs, pairs, strict=True) if one is not pair]
    if odd:
        message = f"Invisible control characters were left out of {len(odd)} card{'s' if len(odd) > 1 else ''}."
        line, index = odd[0].line, odd[0].index
        findings.append(Finding(kind="encoding", message=message, path=path, line=line, index=index))
    cards, keys = [], []
    skipped = 0
    for pair in pairs:
        fault = _fault(pair)
        if fault:
            kind, text = fault
            findings.append(Finding(kind=kind, message=text, path=path, line=pair.line, index=pair.index))
            skipped += 1
        else:
            cards.append(_to_card(pair, name, path))
            keys.append(pair.key)
    if not cards:
        first = next((f" {finding.message}" for finding in findings if finding.kind == "skipped"), "")
        raise DeckError(
            f"{path}: no card found (read as {reading.format}: {len(reading.pairs)} cards begun, none with a question "
            f"and an answer). Expected questions with answers; check that it is a deck.{first}"
        )
    named = identify(cards, keys)
    return Deck(
        name=name,
        path=path,
        format=reading.format,
        cards=named,
        findings=tuple(_with_ids(findings, named)),
        skipped=skipped + sum(one.kind == "skipped" for one in (*source.findings, *reading.findings)),
        reviews=tuple(_reviews(reading.reviews, named)),
    )


def _is_odd(pair: Pair) -> bool:
    """Whether a text of the pair holds what `decode` drops, which JSON can spell out and a database just hold."""
    return any(_DROPPED.search(text) for text in (pair.question, pair.answer, pair.deck, *pair.tags))


def _plain_pair(pair: Pair) -> Pair:
    question, answer, deck, *tags = (
        _DROPPED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
        for text in (pair.question, pair.answer, pair.deck, *pair.tags)
    )
    return replace(pair, question=question.strip(), answer=answer.strip(), deck=deck, tags=tuple(tags))


def _shared_name(pairs: Sequence[Pair]) -> str:
    names = {pair.deck for pair in pairs}
    return names.pop() if len(names) == 1 else ""


def _reviews(past: Iterable[PastReview], cards: Iterable[Card]) -> Iterator[Review]:
    ids = {card.index: card.id for card in cards}
    for one in past:
        # Clocks of the past were wrong at times: a review before 1990 or after 2100 says nothing.
        if one.index in ids and 631_152_000 < one.at < 4_102_444_800:
            yield Review(
                card=ids[one.index], when=datetime.fromtimestamp(one.at, UTC), button=one.button, seconds=one.seconds
            )


def _fault(pair: Pair) -> tuple[FindingKind, str] | None:
    """Why a pair is no card, if it is none."""
    fault = _FAULTS.get((bool(pair.question.strip()), bool(pair.answer.strip())))
    if fault:
        return fault[0], f"{fault[1].format(pair.index)}{_quoted(pair)}"
    most = max(len(pair.question), len(pair.answer))
    if most > MAX_LETTERS:
        return (
            "skipped",
            f"Card {pair.index} is {most:,} letters long; {MAX_LETTERS:,} may be. Split it.{_quoted(pair)}",
        )
    return None


def _quoted(pair: Pair) -> str:
    text = " ".join((pair.question or pair.answer)[:400].split())
    return f" It says: {text[:80]!r}." if text else ""


def _to_card(pair: Pair, name: str, path: str) -> Card:
    card = Card(
        id="",
        deck=pair.deck or name,
        index=pair.index,
        question=pair.question,
        answer=pair.answer,
        remark=pair.remark or remark(pair.answer, pair.question),
        tags=pair.tags,
        guid="" if pair.guid and own_id(pair.guid) else pair.guid,
        path=path,
        line=pair.line,
        uncertain=pair.uncertain,
    )
    return replace(card, key_points=made(pair.points) if pair.points else split(card.reference, pair.question))


def _with_ids(findings: Iterable[Finding], cards: Iterable[Card]) -> list[Finding]:
    """Readers name a card by its place, since ids come last."""
    ids = {card.index: card.id for card in cards}
    return [replace(finding, card=finding.card or ids.get(finding.index, "")) for finding in findings]
