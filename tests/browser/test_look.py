"""How the page looks and reads: phone width, dark, large text, names of controls, contrast; makes docs/page.png."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.browser.served import ROOT, Server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
Visit = Callable[..., Visitor]

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True}

# Controls without an accessible name, by the rules a screen reader goes by.
NAMELESS = """() => [...document.querySelectorAll('button, a[href], input, textarea, select, [role]')]
  .filter(e => e.matches('button, a, input, textarea, select, [role=tab], [role=combobox], [role=option]'))
  .filter(e => e.offsetParent && !e.closest('[aria-hidden=true]'))
  .filter(e => !(e.getAttribute('aria-label') || e.title || e.innerText?.trim() || e.textContent.trim()
      || [...(e.labels || [])].some(l => l.innerText.trim())
      || (e.getAttribute('aria-labelledby') || '').split(' ').some(i => document.getElementById(i)?.innerText.trim())))
  .map(e => e.outerHTML.slice(0, 160))"""

# Text whose contrast with what is painted behind it is under WCAG AA: 4.5, or 3 for large text.
FAINT = """() => {
  const parse = c => (c.match(/[\\d.]+/g) || []).map(Number);
  const lum = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length && (c[3] ?? 1) > 0.99) return c; } return [255, 255, 255]; };
  const out = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !e.offsetParent || e.closest('.vh, .sr-only, [aria-hidden=true]')) continue;
    const style = getComputedStyle(e);
    if (style.visibility === 'hidden') continue;
    const [a, b] = [lum(parse(style.color)), lum(behind(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) out.push(ratio.toFixed(2) + ' ' + walk.currentNode.data.trim().slice(0, 50));
  }
  return out;
}"""


def settle(page: Page) -> None:
    """Let colours and pictures come to rest."""
    page.wait_for_timeout(350)


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_every_view_is_named_and_readable_in_the_colours_asked_for(server: Server, visit: Visit, colours: str) -> None:
    me = visit(color_scheme=colours)
    page = me.study(server.address)
    wrong: dict[str, Any] = {}

    def check(view: str) -> None:
        settle(page)
        wrong[f"{view}: no name"] = page.evaluate(NAMELESS)
        wrong[f"{view}: faint"] = page.evaluate(FAINT)

    check("asked")
    red, green, blue = page.evaluate(
        "getComputedStyle(document.querySelector('#sheet')).backgroundColor.match(/\\d+/g)"
    )
    assert (max(int(red), int(green), int(blue)) < 60) == (colours == "dark")
    me.answer("gates control the flow of information")
    check("graded")
    page.locator("#rate-3").click()
    page.wait_for_selector("#next")
    check("rated")
    page.locator("#next").click()
    page.wait_for_selector("#face .phase-asked")
    page.get_by_role("tab", name="Ask").click()
    check("ask")
    page.get_by_role("textbox", name="Your question").fill("What is dropout?")
    page.keyboard.press("Enter")
    page.wait_for_selector("#chat a.cite")
    check("replied")
    page.get_by_role("tab", name="Progress").click()
    page.wait_for_selector("#plot-past .vega-embed")
    check("progress")
    assert {view: found for view, found in wrong.items() if found} == {}


def test_phone_shows_all_without_scrolling_sideways(server: Server, visit: Visit) -> None:
    me = visit(**PHONE)
    page = me.study(server.address)
    for step in (
        lambda: me.answer("gates control the flow of information"),
        lambda: page.locator("#rate-2").click(),
        lambda: page.get_by_role("tab", name="Ask").click(),
        lambda: page.get_by_role("tab", name="Progress").click(),
    ):
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        step()
        settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_text_at_twice_its_size_still_fits(server: Server, visit: Visit) -> None:
    page = visit(viewport={"width": 1200, "height": 860}).study(server.address)
    page.add_style_tag(content="html { font-size: 200% !important; }")
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1200
    expect(page.locator("#commit")).to_be_visible()


def test_nothing_moves_for_those_who_asked_for_stillness(server: Server, visit: Visit) -> None:
    page = visit(reduced_motion="reduce").study(server.address)
    style = "[...document.querySelectorAll('*')].map(e => getComputedStyle(e))"
    moves = "s.animationName !== 'none' || parseFloat(s.transitionDuration) > 0"
    assert page.evaluate(f"{style}.filter(s => {moves}).length") == 0


def test_verdict_is_spoken_and_page_says_whether_a_model_is_in_use(server: Server, visit: Visit) -> None:
    me = visit()
    page = me.study(server.address)
    expect(page.locator("#model-line")).to_contain_text("No language model is in use")
    me.answer("no idea")
    spoken = page.locator("#spoken[role=status][aria-live=polite]")
    expect(spoken).to_have_text(page.locator("#result .headline").text_content() or "")


@pytest.mark.skipif("TUTOR_PICTURE" not in os.environ, reason="TUTOR_PICTURE=1 makes docs/page.png anew")
def test_picture_for_the_readme(server: Server, visit: Visit) -> None:
    me = visit(viewport={"width": 1120, "height": 1160}, device_scale_factor=1.5)
    page = me.study(server.address)
    me.choose("#deck-choice", "Part 1")
    # Right after the start the index is being opened, which a busy machine takes its time for.
    expect(page.locator("#face .deck")).to_contain_text("Part 1", timeout=90_000)
    while "Dropout" not in me.question:
        me.next_card()
    me.answer("Regularization where some neurons are dropped out at random, so the network does not overfit")
    settle(page)
    picture = Path(ROOT) / "docs" / "page.png"
    picture.parent.mkdir(exist_ok=True)
    page.screenshot(path=picture)
