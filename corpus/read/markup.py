"""HTML of a card's field -> plain text with line breaks, lists, code and maths; what is not text is named.

Runs nothing and fetches nothing: scripts and styles are dropped, a picture becomes `[image: name]`.
"""

import html
import re
import unicodedata

# No tag runs over the next "<", so that a field full of them is read in one pass.
_TOKEN = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9:-]*)((?:\"[^\"<]*\"|'[^'<]*'|[^<>\"'])*)>")
_DROPPED = re.compile(r"<(script|style|head|title|template)\b[^<>]*>.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_ATTRIBUTE = re.compile(r"\b(src|alt|data-tex|block)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_BLOCKS = frozenset(
    "p div dl dd dt blockquote table tr section article header footer figure hr center address form fieldset "
    "h1 h2 h3 h4 h5 h6 details summary".split()
)
_INLINE = {
    "br": ("\n", "\n"),
    "input": ("[...]", ""),
    "td": ("", " | "),
    "th": ("", " | "),
    "anki-mathjax": ("\\(", "\\)"),
}
_SOUND = re.compile(r"\[sound:([^\]]*)\]")
_SUBSCRIPT = str.maketrans("0123456789+-=()aeoxhklmnpst", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₒₓₕₖₗₘₙₚₛₜ")
_SUPERSCRIPT = str.maketrans("0123456789+-=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ")
_BLANKS = re.compile(r"\n[ \t\xa0]*\n\s*\n")
_LIST_SIGNS = ("-", "+", "•", "*", "–")
_NUMBERED = re.compile(r"\d+\. ")
_LONGEST = 2_000_000
_SPACES = re.compile(r"[ \t\xa0\u2007\u202f]+")


def to_text(markup: str) -> str:
    """The text of an HTML field; `a &lt; b` becomes `a < b`, `<br>` a line break, `<li>` a list line.

    What is longer than any card may be is given back as it is.
    """
    if len(markup) > _LONGEST:
        return markup
    if "<" not in markup and "&" not in markup:
        return _tidied(markup)
    return _tidied(_Writer().write(_DROPPED.sub("", _without_comments(markup)) if "<" in markup else markup))


def _without_comments(markup: str) -> str:
    kept = []
    at = 0
    while (start := markup.find("<!--", at)) >= 0 and (end := markup.find("-->", start + 4)) >= 0:
        kept.append(markup[at:start])
        at = end + 3
    return "".join([*kept, markup[at:]])


def _tidied(text: str) -> str:
    if "[sound:" in text:
        text = _SOUND.sub(lambda sound: f"[sound: {sound[1]}]", text)
    text = _BLANKS.sub("\n\n", text.strip())
    rows = []
    fenced = False
    for row in text.split("\n"):
        fenced ^= row.strip() == "```"
        rows.append(row.rstrip() if fenced else _indented(row))
    return unicodedata.normalize("NFC", "\n".join(rows))


def _indented(row: str) -> str:
    """The row with single spaces; the indentation of a list line stays."""
    bare = row.lstrip(" ")
    listed = len(bare) < len(row) and (bare.startswith(_LIST_SIGNS) or _NUMBERED.match(bare))
    return (row[: len(row) - len(bare)] if listed else "") + _SPACES.sub(" ", row).strip()


class _Writer:
    """Text written so far, and which lists and code blocks are open."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.lists: list[int] = []  # one a list: -1 for bullets, else the last number
        self.code = False
        self.closing: list[tuple[str, int]] = []  # sub and sup wait for their text

    def write(self, markup: str) -> str:
        at = 0
        for token in _TOKEN.finditer(markup):
            self._text(markup[at : token.start()])
            at = token.end()
            self._tag(token[2].lower(), bool(token[1]), token[3])
        self._text(markup[at:])
        return "".join(self.parts)

    def _text(self, raw: str) -> None:
        if raw:
            text = html.unescape(raw)
            # A line end in HTML is a space, but Anki's own exports of plain fields hold real ones.
            self.parts.append(text if self.code else text.replace("\xa0", " "))

    def _break(self) -> None:
        if self.parts and not self.parts[-1].endswith("\n"):
            self.parts.append("\n")

    def _tag(self, name: str, closes: bool, attributes: str) -> None:
        if name in _BLOCKS:
            self._break()
        elif name in _INLINE:
            self.parts.append(_INLINE[name][closes])
        elif name == "code":
            self.parts.append("" if self.code else "`")
        elif name == "img":
            self._image(attributes)
        elif name in ("ul", "ol", "li", "pre", "sub", "sup"):
            self._shape(name, closes)

    def _shape(self, name: str, closes: bool) -> None:
        if name == "li":
            self._line(closes)
        elif name == "pre":
            self._fence(closes)
        elif name in ("sub", "sup"):
            self._script(name, closes)
        else:
            self._list(name, closes)

    def _list(self, name: str, closes: bool) -> None:
        self._break()
        if closes:
            del self.lists[-1:]
        elif len(self.lists) < 20:
            self.lists.append(0 if name == "ol" else -1)

    def _line(self, closes: bool) -> None:
        self._break()
        if closes:
            return
        depth = max(len(self.lists) - 1, 0)
        mark = "-"
        if self.lists and self.lists[-1] >= 0:
            self.lists[-1] += 1
            mark = f"{self.lists[-1]}."
        self.parts.append(f"{'  ' * depth}{mark} ")

    def _fence(self, closes: bool) -> None:
        self._break()
        self.parts.append("```\n")
        self.code = not closes

    def _script(self, name: str, closes: bool) -> None:
        if not closes:
            self.closing.append((name, len(self.parts)))
            return
        if not self.closing:
            return
        opened, start = self.closing.pop()
        text = "".join(self.parts[start:])
        del self.parts[start:]
        table = _SUBSCRIPT if opened == "sub" else _SUPERSCRIPT
        whole = text and all(ord(letter) in table for letter in text)
        mark = "_" if opened == "sub" else "^"
        self.parts.append(text.translate(table) if whole else f"{mark}{{{text}}}" if text.strip() else text)

    def _image(self, attributes: str) -> None:
        found = {match[1].lower(): match[2] or match[3] or match[4] or "" for match in _ATTRIBUTE.finditer(attributes)}
        source = html.unescape(found.get("src", ""))
        name = "" if source.startswith("data:") else source.replace("\\", "/").rsplit("/", 1)[-1]
        self.parts.append(f"[image: {name or html.unescape(found.get('alt', '')) or 'picture'}]")
