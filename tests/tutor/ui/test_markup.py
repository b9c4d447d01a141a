"""What text becomes on the page: lists, code and maths; and what it may not become."""

import pytest

from tutor.ui.markup import inline, marked, reply, rich


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"),
        ("a & b", "a &amp; b"),
        ("the cost is $5 or $10", "the cost is $5 or $10"),
        ("between $5-$10 a year", "between $5-$10 a year"),
        ("let $x < y$ hold", "let \\(x &lt; y\\) hold"),
        ("$x$", "\\(x\\)"),
        ("area \\(\\pi r^2\\)", "area \\(\\pi r^2\\)"),
        ("$$e=mc^2$$", "\\[e=mc^2\\]"),
        ("use `a<b`", "use <code>a&lt;b</code>"),
        ("US$5 and US$6", "US$5 and US$6"),
        ("turned \u202earound", "turned around"),
        ("[click](javascript:alert(1))", "[click](javascript:alert(1))"),
    ],
)
def test_inline_text_keeps_maths_and_code_and_nothing_else(text: str, html: str) -> None:
    assert inline(text) == html


def test_bullets_and_numbers_become_lists() -> None:
    assert rich("Two things:\n  • first\n  • second\nthen") == (
        '<p dir="auto">Two things:</p><ul><li dir="auto">first</li><li dir="auto">second</li></ul>'
        '<p dir="auto">then</p>'
    )
    assert rich("2. b\n3. c") == '<ol><li value="2" dir="auto">b</li><li value="3" dir="auto">c</li></ol>'


def test_dashes_inside_a_line_make_no_list() -> None:
    assert rich("well-known\n-5 degrees\n=> so") == '<p dir="auto">well-known<br>-5 degrees<br>=&gt; so</p>'


@pytest.mark.parametrize("text", ["a\n\n\nb", "```py\nx\n\ny\n```", "```\nnever closed\n\n", "$$a\n\nb$$", "\r\n\r\nx"])
def test_every_result_is_one_line(text: str) -> None:
    assert "\n" not in rich(text)
    assert "\n" not in reply(text, {}, str)


def test_code_block_keeps_its_lines() -> None:
    assert rich("see\n```python\nif a < b:\n\n    go()\n```\nend") == (
        '<p dir="auto">see</p><pre><code>if a &lt; b:&#10;&#10;    go()</code></pre><p dir="auto">end</p>'
    )


def test_words_that_counted_are_marked_once_and_never_overlap() -> None:
    html = marked(
        "Gates control the\nflow & more", [("control the flow", "made"), ("the flow", "partly"), ("", "made")]
    )
    assert html == (
        '<p dir="auto">Gates <mark class="made">control </mark><mark class="partly">the<br>flow</mark> &amp; more</p>'
    )


def test_marks_open_the_card_they_cite_and_others_stay_text() -> None:
    html = reply("Gates **matter** [1][7].", {1: ("abc123", 'What "gates"?')}, lambda n, q: f"Card {n}: {q}")
    assert html == (
        '<p>Gates <strong>matter</strong> <a class="cite" href="#card-abc123" '
        'title="Card 1: What &quot;gates&quot;?">1</a>[7].</p>'
    )


@pytest.mark.parametrize(
    "text",
    [
        "![x](http://evil.example/p.png)",
        "<img src=http://evil.example/p.png>",
        "[a](http://evil.example)",
        "<http://evil.example>",
        "[a]: http://evil.example\n\n[a]",
        "<iframe src=http://evil.example></iframe>",
        "&lt;img src=http://evil.example&gt;",
        "$\\href{http://evil.example}{x}$",
    ],
)
def test_reply_makes_no_tag_that_loads_or_leads_anywhere(text: str) -> None:
    html = reply(text, {}, lambda n, q: q)
    assert not any(tag in html for tag in ("<img", "<a ", "<iframe", "<http"))


def test_maths_of_a_reply_is_not_read_as_markdown() -> None:
    assert reply("so $a_1 * b_1 * c$ holds", {}, lambda n, q: q) == "<p>so \\(a_1 * b_1 * c\\) holds</p>"
    assert reply("`$x$` is code", {}, lambda n, q: q) == "<p><code>$x$</code> is code</p>"
