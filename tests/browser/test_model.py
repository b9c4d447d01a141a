"""The page with a language model behind it: streamed words, Stop, a model that fails, and what the page says of it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.browser.served import Server
from tests.loopback import FAULTS, Loopback, says
from tests.stocked import with_index

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
Visit = Callable[..., Visitor]

TOML = """[model]
use = "local"
[models.local]
model = "little-llama"
base_url = "{url}"
timeout = 20
"""


@pytest.fixture(scope="module")
def model() -> Iterator[Loopback]:
    with Loopback() as running:
        yield running


@pytest.fixture(scope="module")
def modelled(tmp_path_factory: pytest.TempPathFactory, model: Loopback, index_home: Path) -> Iterator[Server]:
    home = with_index(tmp_path_factory.mktemp("home"), index_home)
    (home / "tutor.toml").write_text(TOML.format(url=model.url), encoding="utf-8")
    server = Server(home).start()
    yield server
    server.kill()


def put(page: Page, question: str) -> None:
    page.get_by_role("tab", name="Ask").click()
    page.get_by_role("button", name="Put the card aside").click()
    expect(page.locator("#waits")).to_have_count(0)
    page.get_by_role("textbox", name="Your question").fill(question)
    page.keyboard.press("Enter")


def test_page_names_the_model_and_where_it_runs(modelled: Server, visit: Visit) -> None:
    page = visit().study(modelled.address)
    expect(page.locator("#model-line")).to_contain_text("little-llama")
    expect(page.locator("#model-line")).to_contain_text("on this machine")


def test_reply_streams_stops_and_leaves_room_for_the_next(modelled: Server, model: Loopback, visit: Visit) -> None:
    words = " ".join(f"word{place}" for place in range(200))
    model.play(says(f"Dropout switches units off [1]. {words}", gap=0.1))
    page = visit().study(modelled.address)
    put(page, "What is dropout?")
    expect(page.locator("#chat .bot").last).to_contain_text("word3")
    assert "word150" not in page.locator("#chat .bot").last.inner_text()
    page.locator("#ask-stop").click()
    expect(page.locator("#ask-send")).to_be_visible()
    page.wait_for_timeout(500)
    stopped = page.locator("#chat .bot").last.inner_text()
    page.wait_for_timeout(700)
    assert page.locator("#chat .bot").last.inner_text() == stopped

    model.play(says("It prevents overfitting [1]."))
    page.get_by_role("textbox", name="Your question").fill("What does dropout prevent?")
    page.keyboard.press("Enter")
    expect(page.locator("#chat .bot").last).to_contain_text("It prevents overfitting")
    expect(page.locator("#chat .bot").last.locator("a.cite")).to_have_count(1)


def test_model_that_fails_in_a_quiz_leaves_the_answer_kept_and_graded(
    modelled: Server, model: Loopback, visit: Visit
) -> None:
    for _ in range(4):
        model.play(FAULTS["server error"])
    me = visit()
    page = me.study(modelled.address)
    me.answer("gates control the flow of information")
    expect(page.locator("#result .panel").first).to_contain_text("gates control the flow")
    expect(page.locator("#sheet, #notice").filter(has_text="language model").first).to_be_visible()
