"""What one does with cards beside answering them: more about them, changes, a quiz, cards of one's own, files."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.browser.served import Server
from tests.stocked import with_index

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
Visit = Callable[..., Visitor]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, index_home: Path) -> Any:
    """A server of this module's own, as its cards are changed and put away."""
    running = Server(with_index(tmp_path_factory.mktemp("cards"), index_home)).start()
    yield running
    running.kill()


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def ask(page: Page, question: str) -> None:
    tab(page, "Ask")
    page.locator("#put-aside:visible, #ask-question:visible").first.wait_for()
    if page.locator("#put-aside").count():
        page.locator("#put-aside").click()
        expect(page.locator("#waits")).to_have_count(0)
    page.get_by_role("textbox", name="Your question").fill(question)
    page.keyboard.press("Enter")
    page.wait_for_selector("#chat .bot .reply:not(:has(.waiting))")
    page.wait_for_selector("#ask-send")


def test_confidence_is_kept_by_one_key_before_the_answer(server: Server, visit: Visit) -> None:
    me = visit()
    page = me.study(server.address)
    page.keyboard.press("Alt+Digit4")
    page.wait_for_selector("#sure-4.primary")
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    page.wait_for_selector("#sure-2.primary")
    page.reload()
    page.wait_for_selector("#sure-2.primary")


def test_more_is_told_of_an_answered_card_by_one_key(server: Server, visit: Visit) -> None:
    me = visit()
    page = me.study(server.address)
    assert page.locator("#deeper").count() == 0
    me.answer("gates control the flow of information")
    page.locator("#result").focus()
    page.keyboard.press("c")
    page.wait_for_selector("#talk .reply:not(:has(.waiting))")
    expect(page.locator("#talk .asked").last).to_have_text("Contrast")
    page.locator("#talk a.cite").first.click()
    expect(page.locator("#shelf .question")).to_be_visible()


def test_card_is_changed_on_the_spot_with_e(server: Server, visit: Visit) -> None:
    me = visit()
    page = me.study(server.address)
    me.answer("gates control the flow of information")
    page.locator("#result").focus()
    page.keyboard.press("e")
    boxes = page.locator("#editor textarea")
    expect(boxes.first).to_be_focused()
    boxes.nth(0).fill("What did I make of this card?")
    boxes.nth(1).fill("- something\n- of my own")
    page.locator("#editor-save").click()
    expect(page.locator("#face .question")).to_have_text("What did I make of this card?")
    expect(page.locator("#result")).to_contain_text("of my own")
    page.locator("#undo").click()
    expect(page.locator("#face .question")).not_to_have_text("What did I make of this card?")


def test_appeal_asks_for_the_reason_and_leaves_the_points_to_tick(server: Server, visit: Visit) -> None:
    me = visit()
    page = me.study(server.address)
    me.answer("gates control the flow of information")
    page.locator("#result").focus()
    page.keyboard.press("p")
    expect(page.locator("#reason-sheet textarea")).to_be_focused()
    page.keyboard.type("I meant just that")
    page.locator("#reason-send").click()
    expect(page.locator("#reason-sheet")).to_have_count(0)
    expect(page.locator("#notice")).to_contain_text("your ticks decide")
    page.wait_for_selector("#ticks")


def test_card_put_away_makes_room_for_the_next(server: Server, visit: Visit) -> None:
    me = visit()
    page = me.study(server.address)
    me.answer("gates control the flow of information")
    first = me.question
    page.locator("#more > button").click()
    page.locator("#bury").click()
    page.wait_for_selector("#face .phase-asked")
    assert me.question != first
    expect(page.locator("#notice")).to_contain_text("until tomorrow")


def test_answers_cards_become_a_quiz_and_a_question_is_changed(server: Server, visit: Visit) -> None:
    me = visit()
    page = me.study(server.address)
    ask(page, "What is dropout?")
    page.locator("#ask-change").click()
    expect(page.locator("#ask-question textarea")).to_have_value("What is dropout?")
    expect(page.locator("#chat .bot")).to_have_count(0)
    ask(page, "What is dropout?")
    page.locator("#quiz-me").click()
    expect(page.locator("#face .why").first).to_contain_text("quizzed")
    expect(page.locator("#face .question")).to_contain_text("ropout")


def test_reply_becomes_a_card_of_her_own_that_an_undo_takes_back(server: Server, visit: Visit) -> None:
    me = visit()
    page = me.study(server.address)
    ask(page, "What is dropout?")
    page.locator("#make-card").click()
    boxes = page.locator("#draft textarea")
    expect(boxes.nth(0)).to_have_value("What is dropout?")
    assert "[1]" not in boxes.nth(1).input_value()
    boxes.nth(0).fill("What have I learned of dropout?")
    page.locator("#draft-save").click()
    expect(page.locator("#ask-notice")).to_contain_text("My cards")
    tab(page, "Decks")
    expect(page.locator("#decks-table tbody tr")).to_have_count(6)
    page.get_by_role("textbox", name="Find a card").fill("learned of dropout")
    expect(page.locator("#found a.source").first).to_contain_text("What have I learned of dropout?")
    page.locator("#take-back").click()
    expect(page.locator("#decks-told")).to_contain_text("Taken back")
    expect(page.locator("#decks-table tbody tr")).to_have_count(5)


def test_card_is_tagged_put_away_and_brought_back_from_the_shelf(server: Server, visit: Visit) -> None:
    me = visit()
    page = me.study(server.address)
    tab(page, "Decks")
    page.get_by_role("textbox", name="Find a card").fill("benefits of 1x1 convolution")
    expect(page.locator("#found a.source").first).to_contain_text("1x1")
    page.locator("#found a.source").first.click()
    page.locator("#shelf-edit").click()
    page.locator("#shelf-editor input").last.fill("zebra, hard")
    page.locator("#shelf-editor-save").click()
    expect(page.locator("#shelf-told")).to_contain_text("Saved")
    page.locator("#shelf-suspend").click()
    page.wait_for_selector("#shelf-back")
    page.keyboard.press("Escape")
    expect(page.locator("#shelf")).to_have_count(0)
    page.get_by_role("textbox", name="Find a card").fill("zebra")
    expect(page.locator("#found a.source").first).to_contain_text("Suspended")
    page.locator("#found a.source").first.click()
    page.locator("#shelf-back").click()
    page.wait_for_selector("#shelf-suspend")


def test_deck_is_saved_as_a_file_without_another_request(server: Server, visit: Visit) -> None:
    me = visit()
    page = me.study(server.address)
    tab(page, "Decks")
    page.locator("#export > button").click()
    page.locator("#export-jsonl").click()
    page.wait_for_selector("#exported a.save")
    before = len(me.asked)
    with page.expect_download() as saved:
        page.locator("#exported a.save").first.click()
    assert saved.value.suggested_filename.endswith(".jsonl")
    assert '"key_points"' in Path(saved.value.path()).read_text(encoding="utf-8")
    assert not [url for url in me.asked[before:] if not url.startswith("data:")]


def test_two_cards_are_joined_into_one_and_the_other_is_put_away(server: Server, visit: Visit) -> None:
    me = visit()
    page = me.study(server.address)
    # A card in play is not offered, and an earlier test may have left one of these two there.
    while "ropout" in me.question:
        me.next_card()
    tab(page, "Decks")
    page.get_by_role("textbox", name="Find a card").fill("idea of dropout")
    expect(page.locator("#found a.source").first).to_contain_text("idea of dropout")
    page.locator("#found a.source").first.click()
    page.locator("#shelf-join").click()
    me.choose("#shelf-other", "What is Dropout?")
    answer = page.locator("#shelf-editor textarea").nth(1)
    expect(answer).to_have_value(re.compile("dropping out units"))
    page.locator("#shelf-editor-save").click()
    expect(page.locator("#shelf-told")).to_contain_text("Saved")
    expect(page.locator("#shelf .text")).to_contain_text("dropping out units")
    page.locator("#shelf-close").click()
    expect(page.locator("#shelf")).to_have_count(0)
    me.choose("#find-state", "Suspended")
    expect(page.locator("#found .note")).to_contain_text("1 of 1")
