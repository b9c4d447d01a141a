"""Every view by axe-core's rules for WCAG 2.2 AA, at desktop and phone width, light and dark; and by keyboard alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.browser.served import Server
from tests.stocked import with_graph

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
Visit = Callable[..., Visitor]

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
RULES = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']"
LOOKS = {
    "desktop, light": {"color_scheme": "light"},
    "phone, dark": {"color_scheme": "dark", "viewport": {"width": 360, "height": 740}, "has_touch": True},
}

DECK = """question,answer
ما هي عاصمة مصر؟ ولماذا؟,القاهرة لأنها أكبر مدينة
光合作用是什么？,植物把光变成能量
What is <b>x</b> in $x^2=4$ and `code`?,\\(x=2\\) and more
"""


# What has the focus and shows none; the page itself has it once in each round.
UNSEEN = """() => { const e = document.activeElement;
  return e === document.body || getComputedStyle(e).outlineStyle !== 'none' ? '' : e.outerHTML.slice(0, 90); }"""


def broken(page: Page) -> list[str]:
    """Serious and critical faults, with where they are."""
    page.wait_for_timeout(350)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    # What is in order is not described, which takes axe longer than finding what is not.
    found = page.evaluate(f"axe.run(document, {{runOnly: {RULES}, resultTypes: ['violations']}})")
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:120]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


@pytest.mark.parametrize("look", LOOKS)
def test_no_view_breaks_a_serious_rule(server: Server, visit: Visit, look: str) -> None:
    me = visit(**LOOKS[look])
    page = me.study(server.address)
    wide = me.page.viewport_size["width"]  # type: ignore[index]
    wrong: dict[str, Any] = {}

    def check(view: str) -> None:
        wrong[view] = broken(page)
        if page.evaluate("document.documentElement.scrollWidth") > wide:
            wrong[f"{view}: wider than the page"] = ["scrolls sideways"]

    check("asked")
    me.answer("gates control the flow of information")
    check("graded")
    page.locator("#deeper-contrast").click()
    page.wait_for_selector("#talk .reply:not(:has(.waiting))")
    page.locator("#edit").click()
    page.wait_for_selector("#editor textarea")
    check("explained, editing")
    page.locator("#editor-cancel").click()
    page.locator("#rate-3").click()
    page.locator("#end").click()
    page.wait_for_selector("#face .phase-ended")
    check("ended")
    tab(page, "Ask")
    check("ask")
    page.get_by_role("textbox", name="Your question").fill("What is dropout?")
    page.keyboard.press("Enter")
    page.wait_for_selector("#chat a.cite")
    page.locator("#make-card").click()
    page.wait_for_selector("#draft textarea")
    check("replied, draft")
    page.locator("#draft-cancel").click()
    tab(page, "Decks")
    page.locator("#found a.source").first.click()
    page.wait_for_selector("#shelf .question")
    check("decks, card open")
    page.locator("#shelf-close").click()
    tab(page, "Progress")
    page.wait_for_selector("#plot-past .vega-embed")
    page.locator(".chart summary").first.click()
    check("progress")
    tab(page, "Models")
    page.wait_for_selector("#profiles table")
    check("models")
    assert {view: found for view, found in wrong.items() if found} == {}
    assert not me.errors


def test_focus_is_always_somewhere_and_can_be_seen(server: Server, visit: Visit) -> None:
    me = visit()
    page = me.study(server.address)
    me.answer("gates control the flow of information")
    page.locator("#edit").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#editor textarea").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#edit")).to_be_focused()
    seen = []
    for _ in range(25):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(UNSEEN))
    assert not [one for one in seen if one]


def test_cards_in_any_script_are_shown_as_they_are_written(visit: Visit, tmp_path: Path, graph_home: Path) -> None:
    decks = tmp_path / "data" / "flashcard-tutor" / "decks"
    decks.mkdir(parents=True)
    (decks / "scripts.csv").write_text(DECK, encoding="utf-8")
    server = Server(with_graph(tmp_path, graph_home)).start()
    try:
        me = visit(**LOOKS["phone, dark"])
        page = me.study(server.address)
        assert page.locator("#face .question p").evaluate("e => getComputedStyle(e).direction") == "rtl"
        me.next_card()
        expect(page.locator("#face .question")).to_have_text("光合作用是什么？")
        me.next_card()
        expect(page.locator("#face .question .katex")).to_have_count(1)
        expect(page.locator("#face .question code")).to_have_text("code")
        expect(page.locator("#face .question")).to_contain_text("<b>x</b>")
    finally:
        server.kill()


def test_page_speaks_german_where_the_settings_say_so(visit: Visit, indexed: Path) -> None:
    (indexed / "tutor.toml").write_text('[study]\nlanguage = "de"\n', encoding="utf-8")
    server = Server(indexed).start()
    try:
        page = visit().study(server.address)
        expect(page.get_by_role("tab", name="Lernen")).to_be_visible()
        expect(page.locator("#commit")).to_have_text("Antworten")
        expect(page.locator("html")).to_have_attribute("lang", "de")
    finally:
        server.kill()
