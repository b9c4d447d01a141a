"""Where an answer ends and a remark on it begins: sources, memory aids, the reason behind a number.

A remark is shown with the answer and searched with it, but nobody has to say it. Knows labels, no meaning; fields that
hold remarks are told by their names in `corpus.read.columns`.
"""

import re

__all__ = ["is_source", "remark"]

_LABEL = re.compile(
    r"\W{0,3}(?:sources?|quellen?|fuentes?|fonti|bron(?:nen)?|references?|citations?|see also|read more|"
    r"(?:sources?(?:\(s\))? and )?further reading|more info(?:rmation)?|(?:image )?credits?|mnemonics?|etymology|"
    r"eselsbrücke|merkhilfe)(?:\s*\([^()]{0,30}\))?\s*[:：]",
    re.IGNORECASE,
)
_LINK = re.compile(r"\W{0,3}(?:https?://|www\.)\S+\W{0,3}", re.IGNORECASE)
_REASON = re.compile(r"(?:because|since|as in|weil|denn|parce que|porque)\b", re.IGNORECASE)
_WHY = re.compile(r"\W*(?:why|how come|explain|justify|warum|wieso|pourquoi|por qué|perché)\b", re.IGNORECASE)
_MOST_LINES = 6  # a label with more below it than that is a heading in a long text, not its end
_SHORT = 3  # words of an answer that is whole without its reason


def remark(answer: str, question: str = "") -> str:
    """The end of `answer` that only remarks on it, as it stands there; "" where there is none.

    >>> remark("Canberra\\n\\nSource: https://example.org/australia")
    'Source: https://example.org/australia'
    >>> remark("4\\nbecause 2 + 2 = 2 × 2", "What is 2 × 2?")
    'because 2 + 2 = 2 × 2'
    """
    lines = answer.split("\n")
    for at in range(1, len(lines)):
        if not any(line.strip() for line in lines[:at]):
            continue
        rest = [line for line in lines[at:] if line.strip()]
        if rest and len(rest) <= _MOST_LINES and _begins(lines, at, rest, question):
            return "\n".join(lines[at:]).strip()
    return ""


def is_source(text: str) -> bool:
    """Whether a line only names a source or what to read next."""
    return bool(_LABEL.match(text) or _LINK.fullmatch(text.strip()))


def _begins(lines: list[str], at: int, rest: list[str], question: str) -> bool:
    if not lines[at].strip():
        return False
    if _LABEL.match(lines[at]) or all(_LINK.fullmatch(line.strip()) for line in rest):
        return True
    before = " ".join(lines[:at]).split()
    return len(before) <= _SHORT and bool(_REASON.match(lines[at].strip())) and not _WHY.match(question)
