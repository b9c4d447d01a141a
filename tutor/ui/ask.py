"""The Ask view: a conversation over the decks, streamed, with marks that open the cards it stands on."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from html import escape
from time import monotonic
from typing import TYPE_CHECKING, Any

import gradio as gr

from corpus.errors import CorpusError
from tutor.errors import TutorError
from tutor.explain import Notice, Reply, Said
from tutor.ui.after import Editor
from tutor.ui.markup import DELIMITERS, rich
from tutor.ui.show import near_html, said_html
from tutor.ui.sitting import FRAME, Sitting
from tutor.ui.study import ALL, QUIET, Open, Study, Updates, deck_choices

if TYPE_CHECKING:
    from corpus.card import Card, Deck
    from tutor.ui.words import Words

__all__ = ["Chat", "starters"]

log = logging.getLogger(__name__)

# As many turns of the conversation go with a question; more would crowd out the cards.
TURNS = 3
STARTS = 4
ROLES = {"learner": "user", "tutor": "assistant"}


def starters(cards: tuple[Card, ...], count: int = STARTS) -> list[str]:
    """Questions to begin with: short ones, spread over the decks."""
    by_deck: dict[str, list[str]] = {}
    for card in cards:
        question = " ".join(card.question.split())
        if 20 <= len(question) <= 90 and question.endswith("?"):
            by_deck.setdefault(card.path or card.deck, []).append(question)
    chosen: list[str] = []
    for place in range(count):
        for questions in by_deck.values():
            if place < len(questions) and questions[place * 3 % len(questions)] not in chosen:
                chosen.append(questions[place * 3 % len(questions)])
    return chosen[:count]


def _padded(questions: list[str]) -> list[str]:
    return [*questions, *[""] * (STARTS - len(questions))]


class Chat:
    """The widgets of the Ask view and what they do."""

    def __init__(
        self, words: Words, decks: tuple[Deck, ...], cards: tuple[Card, ...], state: gr.State, opened: Open
    ) -> None:
        self.words = words
        self.state = state
        self.opened = opened
        first = _padded(starters(cards))
        with gr.Column(elem_id="ask-view"):
            self.chat = gr.Chatbot(
                label=words.ask, show_label=False, elem_id="chat", height=None, buttons=[], layout="bubble",
                latex_delimiters=DELIMITERS, allow_tags=False, sanitize_html=True, line_breaks=False,
                feedback_options=None, placeholder=f"## {words.ask_intro}\n{words.ask_intro_text}",
            )  # fmt: skip
            with gr.Row(elem_id="ask-after", elem_classes="buttons", visible=False) as self.after:
                self.quiz = gr.Button(words.quiz_me, size="sm", elem_id="quiz-me")
                self.make = gr.Button(words.make_card, size="sm", elem_id="make-card")
                self.again = gr.Button(words.ask_again, size="sm", elem_id="ask-again")
                self.change = gr.Button(words.ask_edit, size="sm", elem_id="ask-change")
            self.draft = Editor(words, "draft", words.draft_intro)
            with gr.Row(elem_id="waits", visible=False) as self.waits:
                gr.Markdown(f"<p>{escape(words.ask_waits)}</p>", elem_id="waits-line")
                self.aside = gr.Button(words.ask_aside, size="sm", elem_id="put-aside", scale=0, min_width=150)
            with gr.Row(elem_id="starters") as self.first:
                self.buttons = [gr.Button(question, size="sm", visible=bool(question)) for question in first]
            with gr.Row(elem_id="ask-box"):
                self.question = gr.Textbox(
                    label=words.ask_label, placeholder=words.ask_hint, lines=1, max_lines=8, max_length=4_000, scale=1,
                    elem_id="ask-question", html_attributes=gr.InputHTMLAttributes(enterkeyhint="send"),
                )  # fmt: skip
                self.send = gr.Button(words.side_send, variant="primary", elem_id="ask-send", scale=0, min_width=90)
                self.stop = gr.Button(
                    words.stop, variant="stop", visible=False, elem_id="ask-stop", scale=0, min_width=90
                )
            with gr.Row(elem_id="ask-tools", elem_classes="buttons"):
                self.deck = gr.Dropdown(
                    deck_choices(decks, words), value=ALL, label=words.deck, show_label=False, filterable=False,
                    container=False, elem_id="ask-deck", visible=len(decks) > 1,
                )  # fmt: skip
                self.clear = gr.Button(words.ask_clear, elem_id="ask-clear", elem_classes="quiet push", visible=False)
            self.notice = gr.Markdown(elem_id="ask-notice", latex_delimiters=DELIMITERS)

    def wire(self, tab: gr.Tab, study: Study, tabs: gr.Tabs) -> None:
        """Tie the widgets to the tutor; putting the card aside, and a quiz, repaint the Study view."""
        limit: dict[str, Any] = {"concurrency_limit": None, **QUIET}
        outputs = [
            self.state, self.chat, self.question, self.send, self.stop, self.first, self.clear, self.notice, self.waits,
            self.after, self.quiz, self.draft.sheet,
        ]  # fmt: skip
        asked = gr.on(
            [self.question.submit, self.send.click], self._ask, [self.state, self.question, self.deck], outputs,
            trigger_mode="once", **limit,
        )  # fmt: skip
        begun = [
            button.click(self._ask, [self.state, button, self.deck], outputs, trigger_mode="once", **limit)
            for button in self.buttons
        ]
        again = self.again.click(self._retry, [self.state, self.deck], outputs, trigger_mode="once", **limit)
        self.stop.click(self._stopped, self.state, outputs, cancels=[asked, *begun, again], **limit)
        self.change.click(self._change, self.state, outputs, **limit)
        self.clear.click(self._cleared, self.state, outputs, **limit)
        tab.select(self._look, self.state, [self.state, self.waits, *self.buttons], **limit)

        def put_aside(sitting: Sitting | None) -> Iterator[Updates]:
            held = self.opened(sitting)
            for updates in study.put_aside(held):
                yield {**updates, **self.waiting(held)}

        def quiz(sitting: Sitting | None) -> Iterator[Updates]:
            held = self.opened(sitting)
            for shot in held.quiz(held.cited.get(len(held.chat) - 1, ())):
                yield {**study.paint(held, shot), study.answer: "", tabs: gr.update(selected="study-tab")}

        self.aside.click(put_aside, self.state, [*study.painted, self.waits], **limit)
        self.quiz.click(quiz, self.state, [*study.painted, tabs], **limit)
        boxes = [self.draft.sheet, *self.draft.boxes]
        self.make.click(self._make, self.state, boxes, **limit)
        self.draft.cancel.click(lambda: gr.update(visible=False), None, self.draft.sheet, **limit)
        self.draft.save.click(
            self._add, [self.state, *self.draft.boxes], [self.state, self.draft.sheet, self.notice], **limit
        )

    def _make(self, sitting: Sitting | None) -> Updates:
        """The last question and its reply as the draft of a card."""
        held = self.opened(sitting)
        # What only says that the cards do not answer is no draft of an answer.
        said = held.chat[-1][1] if held.chat and held.answered.get(len(held.chat) - 1) else ""
        asked = [text for role, text in held.chat if role == "learner"]
        lines = re.sub(r" ?\[\d{1,3}\]", "", said).splitlines()
        # The lines that only name the card quoted below them are no part of an answer.
        answer = "\n".join(line for line in lines if line.strip() and not line.endswith("”:"))
        return self.draft.show(asked[-1] if asked else "", answer)

    def _add(self, sitting: Sitting | None, question: str, answer: str) -> Updates:
        held = self.opened(sitting)
        try:
            card = held.tutor.add_card(question, answer, self.words.own_deck, held.learner)
        except (CorpusError, TutorError, OSError) as error:
            log.warning("a card was not added: %s", error)
            return {self.state: held, self.notice: f"<p>{escape(self.words.no_answer_yet)}</p>"}
        held.anew()
        told = self.words.draft_done.format(deck=card.deck)
        return {self.state: held, self.draft.sheet: gr.update(visible=False), self.notice: f"<p>{escape(told)}</p>"}

    def _change(self, sitting: Sitting | None) -> Updates:
        """Take the last question back into the box, and its reply away."""
        held = self.opened(sitting)
        text = self._withdrawn(held)
        return {**self._rest(held), self.chat: self.messages(held), self.question: text}

    @staticmethod
    def _withdrawn(held: Sitting) -> str:
        while held.chat and held.chat[-1][0] != "learner":
            held.chat.pop()
        return held.chat.pop()[1] if held.chat else ""

    def _look(self, sitting: Sitting | None) -> Updates:
        held = self.opened(sitting)
        # The page was built with the decks of its start; others may have been imported since.
        first = _padded(starters(tuple(card for deck in held.decks for card in deck.cards)))
        shown = {
            button: gr.update(value=question, visible=bool(question))
            for button, question in zip(self.buttons, first, strict=True)
        }
        return {self.state: held, **self.waiting(held), **shown}

    def _retry(self, sitting: Sitting | None, stem: str) -> Iterator[Updates]:
        held = self.opened(sitting)
        yield from self._ask(held, self._withdrawn(held), stem)

    def _ask(self, sitting: Sitting | None, text: str, stem: str) -> Iterator[Updates]:
        held = self.opened(sitting)
        if not text.strip():
            yield {self.state: held}
            return
        history = tuple(held.chat[-2 * TURNS :])
        held.chat.append(("learner", text))
        shown = self.messages(held)
        waiting = {"role": "assistant", "content": said_html("", (), self.words)}
        away = {self.after: gr.update(visible=False), self.draft.sheet: gr.update(visible=False)}
        busy = {self.send: gr.update(visible=False), self.stop: gr.update(visible=True), **away}
        yield {
            self.state: held, self.chat: [*shown, waiting], self.question: "", self.first: gr.update(visible=False),
            self.notice: "", **busy,
        }  # fmt: skip
        for html, notice in self._replies(held, text, stem, history):
            told = f"<p>{escape(notice)}</p>" if notice else ""
            yield {self.chat: [*shown, {"role": "assistant", "content": html}], self.notice: told}
        yield self._rest(held)

    def _replies(
        self, held: Sitting, text: str, stem: str, history: tuple[tuple[str, str], ...]
    ) -> Iterator[tuple[str, str]]:
        """The reply so far as HTML, and a plain sentence about the tutor's own state."""
        said = held.partial = ""
        notice = ""
        last = monotonic()
        decks = (stem,) if stem else ()
        try:
            events = held.tutor.ask(text, decks=decks, exclude=held.hidden(), history=history)
            for event in held.watched(events, "ask", text):
                match event:
                    case Said(text=piece):
                        said += piece
                        held.partial = said
                        if monotonic() - last > FRAME:
                            last = monotonic()
                            yield said_html(said, (), self.words), notice
                    case Notice(text=line):
                        notice = line
                    case Reply():
                        said = ""
                        html = self._whole(held, event)
                        cards = tuple(one.card for one in event.citations or event.nearest)
                        held.keep(event.text, html, cards, answered=event.answerable)
                        yield html, notice
        except TutorError as error:
            log.warning("a question failed: %s", error)
            yield said_html(said or error.plain, (), self.words), error.plain if said else ""
        except Exception:
            log.exception("a question failed")
            yield said_html(said or self.words.trouble, (), self.words), self.words.trouble if said else ""
        finally:
            # Stopped or broken off: what was said stays in the conversation.
            if said:
                held.keep(said, said_html(said, (), self.words))

    def _whole(self, held: Sitting, event: Reply) -> str:
        """A finished reply; where the cards do not answer, the nearest ones it names open like cited ones."""
        if event.nearest:
            return near_html(event.nearest, self.words)
        return said_html(event.text, event.citations, self.words, whole=event.answerable)

    def _rest(self, held: Sitting) -> Updates:
        return {
            self.state: held,
            self.send: gr.update(visible=True),
            self.stop: gr.update(visible=False),
            self.clear: gr.update(visible=bool(held.chat)),
            self.after: gr.update(visible=bool(held.chat)),
            self.quiz: gr.update(visible=bool(held.cited.get(len(held.chat) - 1))),
            self.draft.sheet: gr.update(visible=False),
            **self.waiting(held),
        }

    def _stopped(self, sitting: Sitting | None) -> Updates:
        held = self.opened(sitting)
        shown = self.messages(held)
        if held.chat and held.chat[-1][0] == "learner":
            shown.append(
                {"role": "assistant", "content": said_html(held.partial or self.words.stopped, (), self.words)}
            )
        return {**self._rest(held), self.chat: shown, self.notice: ""}

    def _cleared(self, sitting: Sitting | None) -> Updates:
        held = self.opened(sitting)
        held.chat.clear()
        held.replies.clear()
        held.cited.clear()
        return {**self._rest(held), self.chat: [], self.first: gr.update(visible=True), self.notice: ""}

    def waiting(self, held: Sitting) -> Updates:
        """Says that a card waits, as long as one does."""
        return {self.waits: gr.update(visible=bool(held.hidden()))}

    def messages(self, held: Sitting) -> list[dict[str, str]]:
        """The conversation as the chat shows it."""
        return [
            {"role": ROLES[role], "content": held.replies.get(place) or f'<div class="said">{rich(text)}</div>'}
            for place, (role, text) in enumerate(held.chat)
        ]
