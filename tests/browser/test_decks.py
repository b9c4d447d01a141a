"""The Decks view in a real browser: files become decks, findings are listed, cards are found and opened."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visitor
from tests.browser.served import Server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
Visit = Callable[..., Visitor]

BIRDS = """question,answer
What does a hummingbird eat?,nectar from flowers
Where do puffins nest?,in burrows on sea cliffs
What is left out here?,
Say $x^2$ & <b>bold</b>,done
"""


def test_dropped_file_becomes_a_deck_to_study(visit: Visit, tmp_path: Path, indexed: Path) -> None:
    server = Server(indexed).start()
    deck = tmp_path / "birds.csv"
    deck.write_text(BIRDS, encoding="utf-8")
    me = visit()
    page = me.open(server.address)
    page.get_by_role("tab", name="Decks").click()
    expect(page.locator("#decks-table tbody tr")).to_have_count(5)
    page.locator("#deck-files input[type=file]").set_input_files(deck)
    expect(page.locator("#decks-told")).to_contain_text("Yours now: 1 deck with 3 cards.")
    expect(page.locator("#decks-table tbody tr")).to_have_count(1)
    page.locator("#decks-table summary").click()
    expect(page.locator("#decks-table details")).to_contain_text("Line 4")

    page.get_by_role("textbox", name="Find a card").fill("puffins")
    expect(page.locator("#found a.source").first).to_contain_text("Where do puffins nest?")
    page.locator("#found a.source").first.click()
    expect(page.locator("#shelf .question")).to_contain_text("puffins")
    page.keyboard.press("Escape")

    page.get_by_role("tab", name="Study").click()
    page.wait_for_selector("#face .phase-asked")
    expect(page.locator("#face .deck")).to_contain_text("birds")
    page.get_by_role("tab", name="Ask").click()
    expect(page.locator("#starters button").first).to_have_text("What does a hummingbird eat?")
    expect(page.locator("#starters button", has_text="deep learning")).to_have_count(0)
    server.kill()


def test_file_that_is_no_deck_is_said_plainly_and_changes_nothing(server: Server, visit: Visit, tmp_path: Path) -> None:
    broken = tmp_path / "broken.csv"
    broken.write_bytes(b"\x00\x01\x02")
    page = visit().open(server.address)
    page.get_by_role("tab", name="Decks").click()
    page.locator("#deck-files input[type=file]").set_input_files(broken)
    expect(page.locator("#decks-told .bad")).to_contain_text("Nothing was imported. broken.csv: ")
    expect(page.locator("#decks-table tbody tr")).to_have_count(5)


def test_card_that_waits_for_an_answer_stays_closed(server: Server, visit: Visit) -> None:
    me = visit()
    page = me.study(server.address)
    question = me.question
    page.get_by_role("tab", name="Decks").click()
    page.get_by_role("textbox", name="Find a card").fill(question[:60])
    page.locator("#found a.source", has_text=question).click()
    expect(page.locator("#shelf")).to_contain_text("waiting for your answer")
    expect(page.locator("#shelf .text")).to_have_count(0)


def test_grader_is_tried_on_a_deck_while_its_share_is_told(server: Server, visit: Visit) -> None:
    me = visit()
    page = me.study(server.address)
    page.get_by_role("tab", name="Decks").click()
    page.locator("#export > button").click()
    me.choose("#export-deck", "Kursusgang")
    page.locator("#audit").click()
    expect(page.locator("#trust .waiting")).to_contain_text("% done")
    # Meanwhile the page answers.
    page.get_by_role("textbox", name="Find a card").fill("dropout")
    expect(page.locator("#found a.source").first).to_contain_text("ropout")
    page.wait_for_selector("#trust table", timeout=300_000)
    expect(page.locator("#trust table tbody tr")).to_have_count(7)
    expect(page.locator("#trust")).to_contain_text("to 17 cards were graded")
