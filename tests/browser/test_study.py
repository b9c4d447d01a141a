"""The Study view in a real browser: question, answer, grade, rating, and what a crash leaves."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from corpus.read import bundled_decks, read_decks
from tests.browser.conftest import Visitor
from tests.browser.served import Server, Wire

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
Visit = Callable[..., Visitor]


def reference(question: str) -> str:
    """The answer on the bundled card with this question."""
    flat = " ".join(question.split())
    return next(
        card.answer
        for deck in read_decks(bundled_decks())
        for card in deck.cards
        if " ".join(card.question.split()) == flat
    )


def runs(text: str, length: int = 5) -> set[str]:
    """Every run of `length` words."""
    words = re.findall(r"\w+", text.lower())
    return {" ".join(words[at : at + length]) for at in range(max(1, len(words) - length + 1))}


def test_whole_turn_by_keyboard_survives_kill_and_restart(visit: Visit, tmp_path: Path) -> None:
    server = Server(tmp_path).start()
    me = visit()
    page = me.open(server.address)
    expect(page.locator("#answer textarea")).to_be_focused()
    first = me.question
    page.keyboard.type("They keep a hidden state as a short memory")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("that connects one time to the next")
    page.keyboard.press("Enter")
    me.reveal()
    expect(page.locator("#result .panel").first).to_contain_text("that connects one time to the next")
    page.keyboard.press("4")
    page.wait_for_selector("#rated-line .rated")
    page.keyboard.press("n")
    expect(page.locator("#answer textarea")).to_be_focused()
    second = me.question
    assert second != first
    page.reload()
    page.wait_for_selector("#face .phase-asked")
    assert me.question == second, "a reload resumes the open card"
    page.locator("#answer textarea").fill("gates that were half")
    page.reload()
    page.wait_for_selector("#face .phase-asked")
    expect(page.locator("#answer textarea")).to_have_value("gates that were half")
    me.answer("gates control the flow of information")
    server.kill()

    server.start()
    page = me.open(server.address)
    assert me.question == second, "the card that was graded is open again"
    expect(page.locator("#result .panel").first).to_contain_text("gates control the flow")
    expect(page.locator("#bar")).to_contain_text("1 reviewed today")
    page.keyboard.press("2")
    page.wait_for_selector("#rated-line .rated")
    expect(page.locator("#bar")).to_contain_text("2 reviewed today")
    server.kill()


def test_answer_is_on_no_wire_before_it_is_committed(server: Server, visit: Visit) -> None:
    visit().study(server.address)
    with Wire(urlsplit(server.address).port or 0) as wire:
        me = visit()
        page = me.open(wire.address)
        page.keyboard.press("Escape")
        question = me.question
        secret = runs(reference(question)) - runs(question)
        page.wait_for_timeout(300)
        told = sorted(run for run in secret if run in wire.words)
        assert not told, f"before the answer the page was sent: {told[:5]}"
        page.keyboard.press("d")
        page.wait_for_selector("#result .verdict")
        page.wait_for_timeout(200)
        assert any(run in wire.words for run in secret), "the wire hears what the page is sent"
        page.close()


def test_page_asks_no_other_host_and_no_error_is_logged(server: Server, visit: Visit) -> None:
    me = visit()
    page = me.study(server.address)
    me.next_card()
    page.get_by_role("tab", name="Ask").click()
    page.get_by_role("tab", name="Progress").click()
    expect(page.locator("#plot-past .vega-embed")).to_have_attribute("aria-label", "Reviews a day")
    assert {urlsplit(url).netloc for url in me.asked if not url.startswith(("data:", "blob:"))} == {
        urlsplit(server.address).netloc
    }
    assert not me.errors


def test_keys_act_only_outside_of_text_boxes(server: Server, visit: Visit) -> None:
    me = visit()
    page = me.study(server.address)
    page.keyboard.type("hd1")
    assert page.locator("#answer textarea").input_value() == "hd1"
    assert page.locator("#face .hints li").count() == 0
    page.keyboard.press("Escape")
    page.keyboard.press("h")
    page.wait_for_selector("#face .hints li")
    assert page.locator("#answer textarea").input_value() == "hd1", "a hint leaves the answer alone"
    page.keyboard.press("a")
    expect(page.locator("#answer textarea")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("d")
    page.wait_for_selector("#result .verdict")
    expect(page.locator("#result")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#next")).to_be_focused()
    page.keyboard.press("u")
    page.wait_for_selector("#rating")
    page.keyboard.press("1")
    page.wait_for_selector("#next")
    page.keyboard.press("n")
    expect(page.locator("#answer textarea")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#side-question textarea")).to_be_focused()


def test_last_hint_leaves_the_keyboard_in_the_answer(server: Server, visit: Visit) -> None:
    me = visit()
    page = me.study(server.address)
    for level in range(1, 9):
        if not page.locator("#hint").count():
            break
        page.locator("#hint").press("Enter")
        page.wait_for_selector(f"#face .hints li:nth-child({level})")
        page.wait_for_timeout(300)
    expect(page.locator("#hint")).to_have_count(0)
    expect(page.locator("#answer textarea")).to_be_focused()


def test_every_move_of_the_page_has_an_id_of_its_own(server: Server, visit: Visit) -> None:
    visitor = visit()
    page = visitor.study(server.address)
    made: list[str | None] = []
    page.on("request", lambda sent: made.append(sent.headers.get("x-move")) if "queue/join" in sent.url else None)
    visitor.next_card()
    assert len(made) >= 3
    assert all(made), "without one a request that is sent again would be made again"
    assert len(set(made)) == len(made)


def test_deck_choice_tells_decks_of_one_name_apart(server: Server, visit: Visit) -> None:
    me = visit()
    page = me.study(server.address)
    page.locator("#deck-choice input").click()
    expect(page.get_by_role("option")).to_have_count(6)
    names = page.get_by_role("option").all_inner_texts()
    assert len(names) == len(set(names)) == 6
    me.choose("#deck-choice", "Part 1")
    expect(page.locator("#face .deck")).to_contain_text("Part 1")


def test_citation_opens_the_card_and_escape_closes_it(server: Server, visit: Visit) -> None:
    me = visit()
    page = me.study(server.address)
    question = me.question
    me.answer("no idea")
    page.locator("#result summary").click()
    mark = page.locator("#result a.cite").first
    mark.click()
    expect(page.locator("#shelf .question")).to_contain_text(question[:30])
    expect(page.locator("#shelf-close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#shelf")).to_have_count(0)
    expect(mark).to_be_focused()


def test_card_that_closes_takes_the_focus_from_nobody(server: Server, visit: Visit) -> None:
    me = visit()
    page = me.study(server.address)
    me.answer("no idea")
    page.locator("#result summary").click()
    page.locator("#result a.cite").first.click()
    expect(page.locator("#shelf-close")).to_be_focused()
    page.evaluate(
        """() => {
            new MutationObserver(() => {
                if (!document.querySelector("#shelf")) document.querySelector("#deck-choice input").focus();
            }).observe(document.body, { childList: true, subtree: true });
            document.querySelector("#shelf-close").click();
        }"""
    )
    expect(page.locator("#shelf")).to_have_count(0)
    page.wait_for_timeout(300)
    expect(page.locator("#deck-choice input")).to_be_focused()


def test_two_tabs_keep_their_own_place(server: Server, visit: Visit) -> None:
    one, other = visit(), visit()
    one.study(server.address)
    other.study(server.address)
    one.page.locator("#answer textarea").fill("mine alone")
    other.answer("something else entirely")
    assert one.page.locator("#answer textarea").input_value() == "mine alone"


def test_answers_in_a_row_are_each_graded_and_rated_by_keyboard(server: Server, visit: Visit) -> None:
    me = visit()
    page = me.study(server.address)
    me.next_card()
    box = page.locator("#answer textarea")
    for _ in range(3):
        expect(box).to_be_focused()
        expect(box).to_have_value("")
        box.fill("gates control what is kept and what is forgotten")
        page.keyboard.press("Enter")
        me.reveal()
        page.keyboard.press("2")
        page.wait_for_selector("#next")
        page.keyboard.press("n")
        page.wait_for_selector("#face .phase-asked")


def test_unsettled_grade_is_decided_by_the_learner_and_can_be_undone(server: Server, visit: Visit) -> None:
    me = visit()
    page = me.study(server.address)
    me.answer("something that is not on this card")
    if page.locator("#appeal").count() and not page.locator("#ticks").count():
        page.locator("#appeal").click()
        page.locator("#reason-send").click()
    page.wait_for_selector("#ticks")
    for box in page.locator("#ticks input[type=checkbox]").all():
        box.check()
    page.locator("#tick").click()
    expect(page.locator("#result .own")).to_contain_text("Ticked by you")
    expect(page.locator("#result")).to_be_focused()
    expect(page.locator("#result li.missed")).to_have_count(0)
    page.locator("#rate-5").click()
    page.locator("#undo").click()
    page.wait_for_selector("#rating")
    page.locator("#rate-4").click()
    page.wait_for_selector("#rated-line .rated")


def test_sitting_ends_with_a_summary_and_goes_on(server: Server, visit: Visit) -> None:
    me = visit()
    page = me.study(server.address)
    me.answer("gates control the flow")
    page.locator("#rate-3").click()
    page.locator("#end").click()
    page.wait_for_selector("#face .phase-ended")
    assert len(me.question) > 20
    expect(page.locator("#start")).to_be_focused()
    page.locator("#start").press("Enter")
    page.wait_for_selector("#face .phase-asked")
