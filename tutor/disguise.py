"""Words in disguise: spelled, blanked, reversed, encoded, hidden in initials, nearly so in another language.

Says which words a text holds however it is read, and whether it can be read plainly at all. Knows no card.
"""

import base64
import codecs
import re
import unicodedata
from collections.abc import Collection, Iterator
from difflib import SequenceMatcher

from tutor.clauses import FUNCTION, STOP, clean, stem

_LEET = str.maketrans("431057@$!", "aeiostasi")
_SPELLED = re.compile(r"(?<!\w)(?:\w[\s.,;:\-_·*/|]{1,4}){2,}\w(?!\w)")
_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_BLANKED = re.compile(r"(?<!\w)(?=\S*[_*#])[^\W_][\w*#]{2,}")
_CODED = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}[\s:,]*){4,}")
_CODES = re.compile(r"(?:\b\d{2,3}\b[\s,;]*){4,}")
_SENTENCE = re.compile(r"(?<=[.!?:;\n])\s+")
_SHOWN = 0.5  # a word with gaps counts as said from this share of its letters on
_PREFIX, _COGNATE = 5, 0.7
_SHORTEST_RUN = 4
_LONGEST_RUN = 24
_VOWELS = re.compile(r"[aeiouyäöü]")
_FOREIGN = frozenset(
    """der das und ist nicht mit von für ein eine einer eines durch wird werden sich auf dem den des im zu zur zum als
    auch oder bei wenn le la les est une du dans pour avec par sur qui que et ou pas aux cette ce ces sont il elle el
    los las es una un con para por del se como su al lo más más esta este y della di che è per sono nel non gli uma
    não os dos da em het een van en niet voor zijn door wordt og det som til""".split()
) - {"as", "in", "is", "on"}


def said(wanted: Collection[str], text: str) -> frozenset[str]:
    """Those of the `wanted` words (case folded) that `text` says in any of the ways looked for here.

    >>> sorted(said({"nectar", "flowers"}, "n-e-c-t-a-r from srewolf"))
    ['flowers', 'nectar']
    """
    plain = _folded(text)
    tokens = {token for reading in _readings(text, plain) for token in _TOKEN.findall(reading)}
    stems = {stem(token) for token in tokens}
    runs = tuple(_runs(plain))
    gaps = [_pattern(blanked[0]) for blanked in _BLANKED.finditer(plain) if _enough(blanked[0])]
    bare = {token for token in tokens if len(token) > 2 and not _VOWELS.search(token)}
    return frozenset(
        word
        for word in wanted
        if stem(word) in stems
        or (len(word) >= _SHORTEST_RUN and any(word in run for run in runs))
        or any(gap.fullmatch(word) for gap in gaps)
        or (len(word) > 4 and _VOWELS.sub("", word) in bare)
        or any(_cognate(word, token) for token in tokens)
    )


def disguised(wanted: Collection[str], text: str) -> frozenset[str]:
    """Those of the `wanted` words of five letters and more that `text` says, but nowhere plainly.

    >>> sorted(disguised({"nectar", "flowers", "sap"}, "flowers of ratcen, pas"))
    ['nectar']
    """
    tokens = set(_TOKEN.findall(_folded(text)))
    stems = {stem(token) for token in tokens}
    found = said([word for word in wanted if len(word) > _SHORTEST_RUN], text)
    return frozenset(w for w in found if stem(w) not in stems and not any(_cognate(w, token) for token in tokens))


def unreadable(text: str, known: str) -> bool:
    """Whether some of `text` cannot be checked: another language or script than `known` has, or a run of no words.

    >>> unreadable("Die Antwort ist das Tor, und zwar im Netz.", "a gate"), unreadable("It is a gate.", "a gate")
    (True, False)
    """
    there = set(_TOKEN.findall(_folded(known)))
    if not any("LATIN" in unicodedata.name(one, "") for one in known):
        return False
    if any(_strange(token) for token in _TOKEN.findall(unicodedata.normalize("NFKC", text)) if token not in known):
        return True
    return any(_foreign(sentence, there) for sentence in _SENTENCE.split(_folded(text)))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", clean(text)).casefold()


def _readings(text: str, plain: str) -> Iterator[str]:
    yield plain
    yield plain[::-1]
    yield codecs.encode(plain, "rot13")
    yield plain.translate(_LEET)
    yield "".join(one for one in unicodedata.normalize("NFD", plain) if not unicodedata.combining(one))
    yield from (re.sub(r"[\W_]", "", found[0]) for found in _SPELLED.finditer(plain))
    for found in _CODED.findall(text):
        yield _bytes_of(found)
    for found in _HEX.findall(text):
        yield _text_of(bytes.fromhex(re.sub(r"[^0-9a-fA-F]", "", found)))
    for found in _CODES.findall(text):
        yield "".join(chr(int(code)) for code in re.findall(r"\d+", found)).casefold()


def _bytes_of(coded: str) -> str:
    whole = coded.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return _text_of(base64.b64decode(whole + "=" * (-len(whole) % 4)))
    except ValueError:
        return ""


def _text_of(found: bytes) -> str:
    return found.decode("utf-8", "ignore").casefold()


def _runs(plain: str) -> Iterator[str]:
    """Letters that could be read on their own: first and last letters of words, lines and sentences, single letters."""
    words = _TOKEN.findall(plain)
    for pieces in (words, plain.split("\n"), _SENTENCE.split(plain)):
        letters = [re.sub(r"[\W_]", "", piece) for piece in pieces]
        yield "".join(piece[0] for piece in letters if piece)
        yield "".join(piece[-1] for piece in letters if piece)
    yield "".join(word for word in words if len(word) == 1)
    quoted = re.findall(r"[\"'“‘(\[*]\s*([^\W\d_])\s*[\"'”’)\]*]", plain)
    yield "".join(quoted)


def _pattern(blanked: str) -> re.Pattern[str]:
    return re.compile("".join(r"\w" if one in "_*#" else re.escape(one) for one in blanked))


def _enough(blanked: str) -> bool:
    return sum(one not in "_*#" for one in blanked) >= _SHOWN * len(blanked)


def _cognate(word: str, token: str) -> bool:
    """Whether `token` looks like `word` in another language: a long beginning in common, and little else apart."""
    if len(word) <= _PREFIX or word[:_PREFIX].replace("c", "k") != token[:_PREFIX].replace("c", "k"):
        return False
    return SequenceMatcher(None, word, token).ratio() >= _COGNATE


def _strange(token: str) -> bool:
    latin = sum("LATIN" in unicodedata.name(one, "") for one in token if one.isalpha())
    letters = sum(one.isalpha() for one in token)
    return letters > 1 and (0 < latin < letters or (not latin and not _greek(token)) or len(token) > _LONGEST_RUN)


def _greek(token: str) -> bool:
    return all("GREEK" in unicodedata.name(one, "") for one in token if one.isalpha())


def _foreign(sentence: str, known: Collection[str]) -> bool:
    tokens = [token for token in _TOKEN.findall(sentence) if len(token) > 1]
    foreign = {token for token in tokens if token in _FOREIGN and token not in known}
    accented = {token for token in tokens if not token.isascii() and token not in known and any(map(_accented, token))}
    english = sum(token in STOP or token in FUNCTION for token in tokens)
    return len(foreign) + len(accented) >= 2 and 2 * (len(foreign) + len(accented)) > english


def _accented(one: str) -> bool:
    return "LATIN" in unicodedata.name(one, "") and not one.isascii()
