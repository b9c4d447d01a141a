"""How many tokens a text has, and the longest beginning of it that fits.

Asks no server unless `fetch` is called: where no vocabulary file is at hand it estimates, with a margin.
"""

import math
import os
import re
import string
import subprocess
import sys
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from .errors import VocabularyError

__all__ = ["MARGIN", "count_tokens", "fetch", "has_vocabulary", "keep_in", "trim", "vocabulary_of"]

MARGIN = 1.25
PATIENCE = 30.0  # seconds for a download of 3 MB; tiktoken itself would wait for a silent server for ever

# Vocabulary name -> name of its file in tiktoken's cache folder, SHA-256 of the file.
_VOCABULARIES = {
    "cl100k_base": (
        "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    ),
    "o200k_base": (
        "fb374d419588a4632f3f557e76b4b70aebbca790",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    ),
}
_OTHER = re.compile(r"[^\x00-\x7f]+")

_LETTERS, _DIGITS, _SPACE = (kind.encode() for kind in (string.ascii_letters, string.digits, string.whitespace))
_WORD_END = re.compile(r"\S+\s*")


@lru_cache(maxsize=64)  # a prompt is counted where it is fitted, where it is paid for, and before it is sent
def count_tokens(text: str, model: str = "") -> int:
    """Tokens of `text` for `model`: exact where its vocabulary file is at hand, else an estimate that errs upward."""
    vocabulary = _vocabulary(model)
    if vocabulary is not None:
        return len(vocabulary.encode(text, disallowed_special=()))
    return math.ceil(MARGIN * _estimate(text))


def trim(text: str, max_tokens: int, model: str = "") -> str:
    """The longest beginning of `text`, cut between words, that has at most `max_tokens` tokens.

    Where not even the first word fits, it is cut between letters.
    """
    if count_tokens(text, model) <= max_tokens:
        return text
    ends = [match.end() for match in _WORD_END.finditer(text)]
    cut = _last_fitting(text, ends, max_tokens, model)
    if not cut:
        cut = _last_fitting(text, range(1, (ends[0] if ends else len(text)) + 1), max_tokens, model)
    return text[:cut].rstrip()


def _last_fitting(text: str, ends: Sequence[int], max_tokens: int, model: str) -> int:
    place = bisect_right(ends, max_tokens, key=lambda end: count_tokens(text[:end].rstrip(), model))
    return ends[place - 1] if place else 0


def _estimate(text: str) -> float:
    """About how many tokens the byte-pair vocabularies in use make: a common word 1, a long one and a sign more.

    Other scripts are cut finer: Chinese and Japanese have about a token a character, emoji and rare signs more.
    """
    raw = text.encode("ascii", "ignore")
    letters = len(raw) - len(raw.translate(None, _LETTERS))
    digits = len(raw) - len(raw.translate(None, _DIGITS))
    signs = len(raw.translate(None, _LETTERS + _DIGITS + _SPACE))
    plain = max(len(raw.split()), letters / 5) + signs + digits / 3
    if len(raw) == len(text):
        return plain
    return plain + sum(max(1.0, len(run.encode(errors="replace")) / 3) for run in _OTHER.findall(text))


def keep_in(folder: Path) -> None:
    """Look for vocabularies in `folder`, unless the environment names another place (TIKTOKEN_CACHE_DIR)."""
    os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(folder))


def vocabulary_of(model: str) -> str:
    """The name of tiktoken's vocabulary for `model`; "" where it has none, as for nearly every local model."""
    import tiktoken

    try:
        name = tiktoken.encoding_name_for_model(model)
    except KeyError:
        return ""
    return name if name in _VOCABULARIES else ""


def has_vocabulary(model: str) -> bool:
    """Whether the tokens of `model` are counted, not estimated."""
    return _vocabulary(model) is not None


def fetch(model: str, *, seconds: float = PATIENCE) -> str:
    """Fetch tiktoken's vocabulary for `model` from its publisher, where it is not there yet; gives its name.

    `keep_in` says where it is kept, and must have been called.

    Raises:
        VocabularyError: there is none for this model, or it did not come within `seconds`.
    """
    name = vocabulary_of(model)
    if not name:
        raise VocabularyError(f"tiktoken has no vocabulary for the model {model!r}; its tokens are estimated.")
    if not _there(name):
        Path(os.environ["TIKTOKEN_CACHE_DIR"]).mkdir(parents=True, exist_ok=True)
        # In a process of its own, which can be stopped: tiktoken has no time-out.
        line = [sys.executable, "-c", "import sys, tiktoken; tiktoken.get_encoding(sys.argv[1])", name]
        try:
            subprocess.run(line, check=True, timeout=seconds, capture_output=True)
        except (subprocess.SubprocessError, OSError):
            pass
        _vocabulary.cache_clear()
        count_tokens.cache_clear()
    if not _there(name):
        raise VocabularyError(f"{name} could not be fetched within {seconds:.0f} s; tokens stay estimated.")
    return name


def _there(name: str) -> bool:
    # tiktoken deletes a file that is not what it expects and downloads it again, so it is looked at before.
    file, digest = _VOCABULARIES[name]
    path = Path(os.environ.get("TIKTOKEN_CACHE_DIR", "")) / file
    return path.is_file() and sha256(path.read_bytes()).hexdigest() == digest


@cache
def _vocabulary(model: str) -> Any:  # noqa: ANN401  tiktoken is imported only where one of its files may be at hand
    folder = os.environ.get("TIKTOKEN_CACHE_DIR", "")
    if not model or not folder or not Path(folder).is_dir():
        return None
    name = vocabulary_of(model)
    if not name or not _there(name):
        return None
    import tiktoken

    return tiktoken.get_encoding(name)
