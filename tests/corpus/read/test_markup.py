"""HTML fields as text."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.read.markup import to_text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("plain a&lt;b", "plain a<b"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("<p>one</p><p>two</p>", "one\ntwo"),
        ("a<br><br><br><br>b", "a\n\nb"),
        ("<ul><li>one</li><li>two</li></ul>after", "- one\n- two\nafter"),
        ("<ol><li>one<ul><li>in</li></ul></li><li>two</li></ol>", "1. one\n  - in\n2. two"),
        ("<li>stray", "- stray"),
        ("a&nbsp;&nbsp;b  c", "a b c"),
        ("<b>bold</b> <i>it</i> <span style='x'>s</span>", "bold it s"),
        ("<code>x &amp;&amp; y</code>", "`x && y`"),
        ("<pre>if a:\n    b</pre>", "```\nif a:\n    b\n```"),
        ("<pre><code>a  b</code></pre>", "```\na  b\n```"),
        ("x<sup>2</sup> and 10<sup>ab</sup>, H<sub>2</sub>O", "x² and 10^{ab}, H₂O"),
        ("\\(a &lt; b\\) and [latex]\\frac{1}{2}[/latex]", "\\(a < b\\) and [latex]\\frac{1}{2}[/latex]"),
        ("<anki-mathjax>x^2</anki-mathjax>", "\\(x^2\\)"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>", "a | b |\nc | d |"),
        ("a<script>alert('</div>')</script>b<style>p{}</style>c<!-- no -->d", "abcd"),
        ("<script>never closed", ""),
        ('<img src="a/../b.png" alt="x"><img src="data:image/png;base64,xx" alt="dot">', "[image: b.png][image: dot]"),
        ("[sound:word.mp3]", "[sound: word.mp3]"),
        ("a < b and c", "a < b and c"),
        ("<unknown>x</unknown>", "x"),
        ("cafe\u0301", "caf\u00e9"),
    ],
)
def test_markup_becomes_text(markup: str, text: str) -> None:
    assert to_text(markup) == text


@given(st.text(alphabet=st.sampled_from("<>/&;abc \n\"'=liulbrpre"), max_size=200))
def test_no_markup_breaks_it(markup: str) -> None:
    assert "<!--" not in to_text(markup + "<!-- x -->")


def test_hostile_markup_takes_no_long_time() -> None:
    start = time.process_time()
    for hostile in (
        "<" * 100_000,
        "<a " * 50_000,
        "<ul>" * 50_000,
        "<!--" * 30_000,
        "&" * 100_000,
        "<sub>" * 30_000 + "x",
    ):
        to_text(hostile)
    assert time.process_time() - start < 4
