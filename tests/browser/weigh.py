"""What the page weighs and how long it takes, in a real browser: `python -m tests.browser.weigh`. One JSON object."""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import FLAGS, Visitor
from tests.browser.served import Server

TURNS = 7


def timed(page: Page, act: Callable[[], object], selector: str, state: Any = "visible") -> float:
    """Milliseconds from an act until something is seen."""
    begun = monotonic()
    act()
    page.wait_for_selector(selector, state=state)
    return (monotonic() - begun) * 1000


def weigh(browser: Browser, address: str) -> dict[str, object]:
    """Requests and bytes of a first visit; medians of several turns after it, in milliseconds."""
    page = browser.new_context(viewport={"width": 1200, "height": 860}).new_page()
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    seen: list[float] = []
    network.on("Network.loadingFinished", lambda event: seen.append(event["encodedDataLength"]))
    me = Visitor(page=page)
    cold = timed(page, lambda: page.goto(address), "#answer textarea")
    page.wait_for_timeout(1500)
    requests, weight = len(seen), sum(seen)
    warm, pressed, graded, nexts = [], [], [], []
    for _ in range(TURNS):
        warm.append(timed(page, lambda: page.goto(address), "#answer textarea"))
        page.keyboard.press("Escape")
        pressed.append(timed(page, lambda: page.keyboard.press("h"), "#hint.pressed, #face .hints li"))
        page.locator("#answer textarea").fill("gates control the flow of information")
        graded.append(timed(page, lambda: page.keyboard.press("Enter"), "#result .verdict"))
        me.reveal()
        page.locator("#rate-2").click()
        page.wait_for_selector("#next")
        nexts.append(timed(page, lambda: page.locator("#next").click(), "#face .phase-asked"))
    return {
        "requests": requests, "kilobytes": round(weight / 1000), "first_visit_ms": round(cold),
        "first_question_warm_ms": round(median(warm)), "key_pressed_ms": round(median(pressed)),
        "graded_ms": round(median(graded)), "next_card_ms": round(median(nexts)), "turns": TURNS,
    }  # fmt: skip


def main() -> None:
    """Serve the bundled decks to a fresh browser, and print what was measured."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        server = Server(Path(home)).start()
        try:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            found = weigh(browser, server.address)
            sys.stdout.write(json.dumps({**found, "server_up_s": round(server.seconds, 1)}) + "\n")
            browser.close()
        finally:
            server.kill()


if __name__ == "__main__":
    main()
