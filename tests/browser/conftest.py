"""A real browser, and visitors who use the page of a real server with it."""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, TimeoutError, expect, sync_playwright

from tests.browser.served import Server
from tests.stocked import with_index

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; without it these tests fail, since a page that nobody opened is not tested.

    Closed after each module: while Playwright is open its event loop runs in this thread, and no other may run there.
    """
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert chromium, "The browser tests need Chromium: apt-get install chromium"
    expect.set_options(timeout=25_000)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, index_home: Path) -> Iterator[Server]:
    """One server for these tests, on the bundled decks; they share its learner."""
    running = Server(with_index(tmp_path_factory.mktemp("home"), index_home)).start()
    yield running
    running.kill()


@dataclass
class Visitor:
    """Someone at the page: opens it, and knows what her browser asked for and complained about."""

    page: Page
    asked: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def open(self, address: str) -> Page:
        self.page.goto(address)
        self.page.wait_for_selector("#face .question")
        return self.page

    def study(self, address: str) -> Page:
        """The page with a card that waits for its answer, whatever an earlier test left open."""
        page = self.open(address)
        if page.locator("#face .phase-tried").count():
            self.reveal()
        if page.locator("#face .phase-graded").count():
            page.locator("#rate-3").click()
            page.wait_for_selector("#face .phase-rated")
        if page.locator("#face .phase-rated").count():
            page.locator("#next").click()
        if page.locator("#face .phase-ended").count():
            page.locator("#start").click()
        page.wait_for_selector("#face .phase-asked")
        page.wait_for_selector("#answer textarea")
        return page

    def answer(self, text: str) -> None:
        self.page.locator("#answer textarea").fill(text)
        self.page.keyboard.press("Enter")
        self.reveal()

    def reveal(self) -> None:
        """Have the answer shown, where a second try at it is open."""
        # The verdict may be painted before the card's own state is.
        self.page.wait_for_selector("#face .phase-tried, #face .phase-graded")
        self.page.wait_for_selector("#result .verdict")
        if self.page.locator("#face .phase-tried").count():
            self.page.locator("#reveal").click()
        self.page.wait_for_selector("#face .phase-graded")

    def next_card(self) -> None:
        """From a fresh card to the next one."""
        self.answer("I am not sure at all")
        self.page.locator("#rate-2").click()
        self.page.locator("#next").click()
        self.page.wait_for_selector("#face .phase-asked")

    def choose(self, box: str, name: str) -> None:
        """Take the option called `name` from the list at `box`, opened again where the page was drawn anew under it."""
        entry, option = self.page.locator(f"{box} input"), self.page.get_by_role("option", name=name)
        for _ in range(4):
            entry.blur()
            entry.click()
            with contextlib.suppress(TimeoutError):
                option.click(timeout=8_000)
                return
        pytest.fail(f"The list at {box} never offered {name!r}.")

    @property
    def question(self) -> str:
        return self.page.locator("#face .question").inner_text()


def profile(browser: Browser, **options: object) -> BrowserContext:
    opened = browser.new_context(**({"viewport": {"width": 1200, "height": 860}} | options))
    opened.set_default_timeout(60_000)
    return opened


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[BrowserContext]:
    """A window that stays open: Chromium takes longer to open one than to open a tab in it."""
    opened = profile(browser)
    opened.new_page()
    yield opened
    opened.close()


@pytest.fixture
def visit(browser: Browser, window: BrowserContext) -> Iterator[Callable[..., Visitor]]:
    """A visitor with a tab of her own, or with a profile of her own where options of a browser context are given."""
    pages: list[Page] = []
    own: list[BrowserContext] = []

    def visitor(**options: object) -> Visitor:
        if options:
            own.append(profile(browser, **options))
        pages.append((own[-1] if options else window).new_page())
        someone = Visitor(page=pages[-1])
        someone.page.on("request", lambda request: someone.asked.append(request.url))
        someone.page.on("pageerror", lambda error: someone.errors.append(str(error)))
        someone.page.on("console", lambda said: someone.errors.append(said.text) if said.type == "error" else None)
        return someone

    yield visitor
    for page in pages:
        page.close()
    for context in own:
        context.close()
    window.clear_cookies()
