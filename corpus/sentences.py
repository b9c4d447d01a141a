"""Where one sentence ends and the next begins, with care for abbreviations, initials, decimals and formulas."""

import re

_ABBREVIATIONS = frozenset(
    (
        "e.g eg i.e ie etc cf vs viz resp approx ca nr no nos vol fig figs eq eqs sec ch p pp diff esp incl "
        "excl max min avg w.r.t wrt s.t i.i.d iid a.k.a aka et al dr mr mrs ms prof st jr sr inc ltd co corp "
        "dept univ jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun ed eds art "
        "u.s u.k u.n e.u b.c a.d a.m p.m ph.d bzw z.b d.h usw gen syn ant def ex obs std temp v"
    ).split()
)
_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s+\S)")
_OPENERS = re.compile(r"[\"'“‘(\[]*[A-Z0-9À-ÖØ-ÞΑ-ΩА-Я→⇒]|[–=-]>|[\"“‘(]|[^\x00-\x7f]|\$|\\")
_CJK = re.compile(r"(?<=[。！？])")


def sentences(text: str) -> list[str]:
    """The sentences of one line of text, in order; nothing is changed but the spaces between them.

    >>> sentences("It grows, e.g. by 0.5 mm. Then it stops.")
    ['It grows, e.g. by 0.5 mm.', 'Then it stops.']
    """
    parts = []
    start = 0
    for end in _END.finditer(text):
        after = text[end.end() :].lstrip()
        if _open(text[start : end.end()], after) or not _ends(text[start : end.end()], end[0], after):
            continue
        parts.append(text[start : end.end()].strip())
        start = end.end()
    parts.append(text[start:].strip())
    return [piece.strip() for part in parts for piece in _CJK.split(part) if piece.strip()]


def _open(text: str, rest: str) -> bool:
    """Whether a bracket, a quotation or a formula that the rest closes is still open at the end of the text."""
    pairs = (("(", ")"), ("‘", "’"), ("“", "”"), ("\\(", "\\)"))
    return any(text.count(one) > text.count(two) and two in rest for one, two in pairs) or (
        text.count("$") % 2 == 1 and "$" in rest
    )


def _ends(before: str, stop: str, after: str) -> bool:
    if not _OPENERS.match(after):
        return False
    if not stop.startswith("."):
        return True
    word = before[: len(before) - len(stop)].split()[-1:] or [""]
    last = word[0].lstrip("(['\"“‘").casefold()
    if last in _ABBREVIATIONS:
        return last == "etc" and after[:1].isupper()
    # One letter and a stop is an initial at a sentence's beginning; later it may be a formula's variable.
    initial = len(last) == 1 and last.isalpha() and word[0][-1:].isupper() and before.count(" ") < 3
    return not initial and not (last.isdigit() and before.strip() == f"{last}{stop}")
