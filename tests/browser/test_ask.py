"""The Ask view in a real browser: cited answers, stop, and what is not in the cards."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.browser.served import Server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
Visit = Callable[..., Visitor]


def ask(page: Page, question: str) -> None:
    page.get_by_role("tab", name="Ask").click()
    page.get_by_role("button", name="Put the card aside").click()
    expect(page.locator("#waits")).to_have_count(0)
    page.get_by_role("textbox", name="Your question").fill(question)
    page.keyboard.press("Enter")
    page.wait_for_selector("#chat .bot .reply:not(:has(.waiting))")
    page.wait_for_selector("#ask-send")


def test_answer_cites_cards_that_open_beside_the_chat(server: Server, visit: Visit) -> None:
    page = visit().study(server.address)
    ask(page, "Why is the signum function not used in deep learning?")
    mark = page.locator("#chat a.cite").first
    mark.click()
    expect(page.locator("#shelf .text")).to_be_visible()
    assert "signum" in page.locator("#shelf").inner_text()
    page.keyboard.press("Escape")
    expect(page.locator("#shelf")).to_have_count(0)


def test_question_outside_the_cards_is_said_to_be_so(server: Server, visit: Visit) -> None:
    page = visit().study(server.address)
    ask(page, "What is the capital of Mongolia and how many people live there?")
    expect(page.locator("#chat .bot").last).to_contain_text("not in your cards")
    assert page.locator("#chat a.cite").count() == 0
    page.locator("#chat a.source").first.click()
    expect(page.locator("#shelf .question")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("#make-card").click()
    expect(page.locator("#draft textarea").first).to_have_value(re.compile("Mongolia"))
    expect(page.locator("#draft textarea").last).to_have_value("")
    page.keyboard.press("Escape")
    page.locator("#ask-change").click()
    expect(page.locator("#ask-question textarea")).to_be_focused()
    expect(page.locator("#ask-question textarea")).to_have_value(re.compile("Mongolia"))


def test_card_put_aside_for_a_question_makes_room_for_another(server: Server, visit: Visit) -> None:
    me = visit()
    page = me.study(server.address)
    first = me.question
    ask(page, "What is dropout?")
    page.get_by_role("tab", name="Study").click()
    page.wait_for_selector("#face .phase-asked")
    assert me.question != first


def test_first_questions_come_from_the_decks_and_a_new_conversation_brings_them_back(
    server: Server, visit: Visit
) -> None:
    page = visit().study(server.address)
    page.get_by_role("tab", name="Ask").click()
    starters = page.locator("#starters button")
    expect(starters).to_have_count(4)
    starters.first.click()
    page.wait_for_selector("#chat .bot .reply:not(:has(.waiting))")
    expect(page.locator("#starters")).to_have_count(0)
    page.locator("#ask-clear").click()
    expect(page.locator("#starters button")).to_have_count(4)
    expect(page.locator("#chat .bot")).to_have_count(0)


def test_html_in_a_question_is_shown_and_not_run(server: Server, visit: Visit) -> None:
    me = visit()
    page = me.study(server.address)
    ask(page, "<img src=x onerror=document.title='run'> <b>gates</b> ![p](http://example.invalid/p.png)")
    expect(page.locator("#chat .user").first).to_contain_text("<b>gates</b>")
    assert page.title() == "Flashcard tutor"
    assert page.locator("#chat img").count() == 0
    assert not [url for url in me.asked if "example.invalid" in url]


def test_side_question_is_answered_without_the_card_in_play(server: Server, visit: Visit) -> None:
    me = visit()
    page = me.study(server.address)
    question = me.question
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.locator("#side-question textarea").fill("What is dropout?")
    page.keyboard.press("Enter")
    page.wait_for_selector("#talk .reply:not(:has(.waiting))")
    expect(page.locator("#talk .asked")).to_contain_text("What is dropout?")
    assert me.question == question
    expect(page.locator("#answer textarea")).to_be_visible()
