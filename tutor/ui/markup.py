"""Text of cards, learners and models -> HTML for `gr.Markdown`: lists, code and maths shown, all else inert.

Lets no tag, link or picture of the text through. Every result is one line: a blank line would end the HTML block, and
what follows would be read as Markdown.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from html import escape
from itertools import groupby

__all__ = ["DELIMITERS", "flat", "inline", "marked", "reply", "rich"]

# Maths reaches the page between these two pairs only, whatever it was written between: a lone dollar stays a price.
DELIMITERS: list[dict[str, str | bool]] = [
    {"left": "\\[", "right": "\\]", "display": True},
    {"left": "\\(", "right": "\\)", "display": False},
]

_FENCE = re.compile(r"^```[^\n`]*\n(.*?)(?:\n```[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_SPAN = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|\$\$(?P<block>.+?)\$\$"
    r"|\\\[(?P<block2>.+?)\\\]"
    r"|\\\((?P<inline>.+?)\\\)"
    r"|(?<![\w\\$])\$(?P<inline2>[^\s$](?:[^$\n]*[^\s$\\])?)\$(?![\d$])",
    re.DOTALL,
)
_BULLET = re.compile(r"^\s*[•·▪‣◦*+–-]\s+(?=\S)")
_NUMBER = re.compile(r"^\s*(\d{1,3})[.)]\s+(?=\S)")
_MARK = re.compile(r"\[(\d{1,3})\]")
# Markdown would read on: a line after a list's line is a part of it unless a blank line parts them.
_AFTER_LIST = re.compile(r"(?m)^(\s*(?:[-*+]|\d{1,3}[.)]) .*)\n(?=[^\s\d*+-])")
# The controls that turn text around (Trojan Source); a card shown in its own <bdi> needs none of them.
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def flat(html: str) -> str:
    """`html` on one line, meaning the same."""
    return html.replace("\r\n", "\n").replace("\n", "&#10;")


def _escape(text: str) -> str:
    return escape(_BIDI.sub("", text), quote=True)


def _span(found: re.Match[str]) -> str:
    kind = found.lastgroup or ""
    inside = _escape(found[kind])
    if kind == "code":
        return f"<code>{inside}</code>"
    # Text that holds the other delimiter would end the formula early and is no formula anyway.
    left, right = ("\\[", "\\]") if kind.startswith("block") else ("\\(", "\\)")
    return f"{left}{flat(inside)}{right}" if left not in inside and right not in inside else inside


def inline(text: str) -> str:
    """A line of text with its maths and code spans; everything else escaped."""
    parts = []
    end = 0
    for found in _SPAN.finditer(text):
        parts += [_escape(text[end : found.start()]), _span(found)]
        end = found.end()
    return "".join([*parts, _escape(text[end:])])


def _lines(lines: list[str]) -> str:
    """One paragraph's lines: runs of bullets and numbers become lists, other lines keep their breaks."""
    out: list[str] = []
    plain: list[str] = []
    listed = ""

    def close() -> None:
        nonlocal listed
        if plain:
            out.append(f'<p dir="auto">{"<br>".join(plain)}</p>')
            plain.clear()
        if listed:
            out.append(f"</{listed}>")
            listed = ""

    for line in lines:
        number = _NUMBER.match(line)
        kind = "ol" if number else "ul" if _BULLET.match(line) else ""
        if not kind:
            if listed:
                close()
            plain.append(inline(line.strip()))
            continue
        if listed != kind:
            close()
            listed = kind
            out.append(f"<{kind}>")
        place = f' value="{number[1]}"' if number else ""
        text = (_NUMBER if number else _BULLET).sub("", line, count=1)
        out.append(f'<li{place} dir="auto">{inline(text.strip())}</li>')
    close()
    return "".join(out)


def _prose(text: str) -> str:
    # A formula may run over lines, so its line breaks go before the text is cut into lines.
    text = _SPAN.sub(lambda found: found[0].replace("\n", " "), text)
    paragraphs = re.split(r"\n\s*\n", text.strip("\n"))
    return "".join(_lines(paragraph.split("\n")) for paragraph in paragraphs if paragraph.strip())


def rich(text: str) -> str:
    """The text of a card or a learner: lines, lists, code and maths kept, no other markup read."""
    out = []
    end = 0
    for fence in _FENCE.finditer(text):
        out += [_prose(text[end : fence.start()]), f"<pre><code>{flat(_escape(fence[1]))}</code></pre>"]
        end = fence.end()
    return "".join([*out, _prose(text[end:])])


def marked(text: str, quotes: Iterable[tuple[str, str]]) -> str:
    """A learner's answer with the words that counted marked: `quotes` are (quote, class), found in any letter case.

    Where quotes overlap, the shorter one is marked first and the longer one gets what is left of it.
    """
    kinds = [""] * len(text)
    for quote, kind in sorted(quotes, key=lambda quoted: len(quoted[0])):
        found = re.search(r"\s+".join(map(re.escape, quote.split())), text, re.IGNORECASE) if quote.strip() else None
        for at in range(*found.span()) if found else ():
            kinds[at] = kinds[at] or kind
    out = []
    start = 0
    for kind, run in groupby(kinds):
        end = start + len(list(run))
        piece = inline(text[start:end])
        out.append(f'<mark class="{kind}">{piece}</mark>' if kind and text[start:end].strip(" .,;:\n") else piece)
        start = end
    return f'<p dir="auto">{"".join(out).replace(chr(10), "<br>")}</p>'


def reply(text: str, cards: Mapping[int, tuple[str, str]], name: Callable[[int, str], str]) -> str:
    """A model's Markdown with its `[1]` marks turned into links that open the card.

    `cards` maps a mark's number to (card id, question); `name` gives the link's accessible name. A number that cites
    nothing stays text. Links, pictures and HTML of the model's own stay text too.
    """
    from markdown_it import MarkdownIt

    kept: list[str] = []

    def keep(html: str) -> str:
        kept.append(html)
        return f"\ue000{len(kept) - 1}\ue001"

    def maths(found: re.Match[str]) -> str:
        return found[0] if found.lastgroup == "code" else keep(_span(found))

    def mark(found: re.Match[str]) -> str:
        number = int(found[1])
        if number not in cards:
            return found[0]
        card, question = cards[number]
        title = _escape(name(number, question))
        return keep(f'<a class="cite" href="#card-{_escape(card)}" title="{title}">{number}</a>')

    reader = MarkdownIt("commonmark", {"html": False, "breaks": True})
    reader.disable(["html_inline", "html_block", "image", "link", "autolink", "reference", "entity"])
    clean = _BIDI.sub("", text).replace("\ue000", "").replace("\ue001", "")
    pieces = re.split(r"(```.*?(?:```|\Z))", clean, flags=re.DOTALL)
    pieces[::2] = [_MARK.sub(mark, _SPAN.sub(maths, _AFTER_LIST.sub(r"\1\n\n", piece))) for piece in pieces[::2]]
    html = reader.render("".join(pieces))
    return flat(re.sub("\ue000(\\d+)\ue001", lambda found: kept[int(found[1])], html).strip())
