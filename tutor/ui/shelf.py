"""The Shelf: the card that a mark opens, beside what is being read; never the card that waits for an answer."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from tutor.ui.markup import DELIMITERS
from tutor.ui.show import card_html, face_html
from tutor.ui.sitting import Sitting
from tutor.ui.study import QUIET, Open, Updates

if TYPE_CHECKING:
    from tutor.ui.words import Words

__all__ = ["Shelf"]

# keys.js hands the id of the card that a mark cites to this widget, which asks the server for it.
OPENER = "window.openCard = (card) => trigger('open', {card});"


class Shelf:
    """The widgets of the shelf."""

    def __init__(self, words: Words, state: gr.State, opened: Open) -> None:
        self.words = words
        self.state = state
        self.opened = opened
        self.opener = gr.HTML(js_on_load=OPENER, elem_classes="bridge", elem_id="opener")
        with gr.Column(elem_id="shelf", visible=False) as self.shelf:
            self.close = gr.Button(words.close, elem_id="shelf-close", elem_classes="quiet", size="sm")
            self.card = gr.Markdown(elem_id="shelf-card", latex_delimiters=DELIMITERS)

    def wire(self) -> None:
        """Open on a mark, close on the button."""
        limit: dict[str, Any] = {"concurrency_limit": None, **QUIET}
        self.opener.open(self._show, self.state, [self.state, self.shelf, self.card], **limit)
        self.close.click(lambda: gr.update(visible=False), None, self.shelf, **limit)

    # Gradio reads the type hints to see that the event is wanted, so they must hold at run time.
    def _show(self, sitting: Sitting | None, chosen: gr.EventData) -> Updates:
        held = self.opened(sitting)
        return {self.state: held, self.shelf: gr.update(visible=True), self.card: self._html(held, str(chosen.card))}

    def _html(self, held: Sitting, id: str) -> str:
        face = held.session.view().face
        if face is not None and held.in_play(id):
            return face_html(face, self.words)
        found = held.open_card(id)
        return card_html(found, self.words) if found else f"<p>{escape(self.words.no_such_card)}</p>"
