"""The Ask view: a conversation over the decks, streamed, with marks that open the cards it stands on."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from html import escape
from time import monotonic
from typing import TYPE_CHECKING, Any

import gradio as gr

from tutor.errors import TutorError
from tutor.explain import Notice, Reply, Said
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
ROLES = {"learner": "user", "tutor": "assistant"}


def starters(cards: tuple[Card, ...], count: int = 4) -> list[str]:
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


class Chat:
    """The widgets of the Ask view and what they do."""

    def __init__(
        self, words: Words, decks: tuple[Deck, ...], cards: tuple[Card, ...], state: gr.State, opened: Open
    ) -> None:
        self.words = words
        self.state = state
        self.opened = opened
        self.starts = starters(cards)
        with gr.Column(elem_id="ask-view"):
            self.chat = gr.Chatbot(
                label=words.ask, show_label=False, elem_id="chat", height=None, buttons=[], layout="bubble",
                latex_delimiters=DELIMITERS, allow_tags=False, sanitize_html=True, line_breaks=False,
                feedback_options=None, placeholder=f"## {words.ask_intro}\n{words.ask_intro_text}",
            )  # fmt: skip
            with gr.Row(elem_id="waits", visible=False) as self.waits:
                gr.Markdown(f"<p>{escape(words.ask_waits)}</p>", elem_id="waits-line")
                self.aside = gr.Button(words.ask_aside, size="sm", elem_id="put-aside", scale=0, min_width=150)
            with gr.Row(elem_id="starters") as self.first:
                self.buttons = [gr.Button(question, size="sm") for question in self.starts]
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

    def wire(self, tab: gr.Tab, study: Study) -> None:
        """Tie the widgets to the tutor; putting the card aside repaints the Study view."""
        limit: dict[str, Any] = {"concurrency_limit": None, **QUIET}
        outputs = [
            self.state, self.chat, self.question, self.send, self.stop, self.first, self.clear, self.notice, self.waits
        ]  # fmt: skip
        asked = gr.on(
            [self.question.submit, self.send.click], self._ask, [self.state, self.question, self.deck], outputs,
            trigger_mode="once", **limit,
        )  # fmt: skip
        begun = [
            button.click(self._starter(text), [self.state, self.deck], outputs, trigger_mode="once", **limit)
            for button, text in zip(self.buttons, self.starts, strict=True)
        ]
        retried = self.chat.retry(self._retry, [self.state, self.deck], outputs, trigger_mode="once", **limit)
        self.stop.click(self._stopped, self.state, outputs, cancels=[asked, *begun, retried], **limit)
        self.clear.click(self._cleared, self.state, outputs, **limit)
        tab.select(self._look, self.state, [self.state, self.waits], **limit)

        def put_aside(sitting: Sitting | None) -> Iterator[Updates]:
            held = self.opened(sitting)
            for updates in study.put_aside(held):
                yield {**updates, **self.waiting(held)}

        self.aside.click(put_aside, self.state, [*study.painted, self.waits], **limit)

    def _look(self, sitting: Sitting | None) -> Updates:
        held = self.opened(sitting)
        return {self.state: held, **self.waiting(held)}

    def _starter(self, text: str) -> Any:  # noqa: ANN401 - Gradio tells a generator function by its code
        def ask(sitting: Sitting | None, stem: str) -> Iterator[Updates]:
            yield from self._ask(sitting, text, stem)

        return ask

    def _retry(self, sitting: Sitting | None, stem: str) -> Iterator[Updates]:
        held = self.opened(sitting)
        while held.chat and held.chat[-1][0] != "learner":
            held.chat.pop()
        if held.chat:
            yield from self._ask(held, held.chat.pop()[1], stem)
        else:
            yield {self.state: held}

    def _ask(self, sitting: Sitting | None, text: str, stem: str) -> Iterator[Updates]:
        held = self.opened(sitting)
        if not text.strip():
            yield {self.state: held}
            return
        history = tuple(held.chat[-2 * TURNS :])
        held.chat.append(("learner", text))
        shown = self.messages(held)
        waiting = {"role": "assistant", "content": said_html("", (), self.words)}
        busy = {self.send: gr.update(visible=False), self.stop: gr.update(visible=True)}
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
            for event in held.tutor.ask(text, decks=decks, exclude=held.hidden(), history=history):
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
                        held.keep(event.text, html)
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
        if event.citations or event.answerable:
            return said_html(event.text, event.citations, self.words, whole=True)
        near = [card for card in held.tutor.cards if f"- {' '.join(card.question.split())} ({card.deck})" in event.text]
        return near_html(near, self.words) if near else said_html(event.text, (), self.words)

    def _rest(self, held: Sitting) -> Updates:
        return {
            self.state: held,
            self.send: gr.update(visible=True),
            self.stop: gr.update(visible=False),
            self.clear: gr.update(visible=bool(held.chat)),
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
