"""The Shelf: the card that a mark opens, beside what is being read; never the card that waits for an answer.

Here a card that is not in play is changed, put away or brought back, and its reviews are looked at.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from tutor import events
from tutor.ui.after import Editor
from tutor.ui.markup import DELIMITERS
from tutor.ui.plot import table
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
        self.id = gr.State("")
        with gr.Column(elem_id="shelf", visible=False) as self.shelf:
            self.close = gr.Button(words.close, elem_id="shelf-close", elem_classes="quiet", size="sm")
            self.card = gr.Markdown(elem_id="shelf-card", latex_delimiters=DELIMITERS)
            with gr.Row(elem_classes="buttons", elem_id="shelf-tools") as self.tools:
                self.edit = gr.Button(words.edit, size="sm", elem_id="shelf-edit")
                self.split = gr.Button(words.split, size="sm", elem_id="shelf-split")
                self.join = gr.Button(words.join, size="sm", elem_id="shelf-join")
                self.suspend = gr.Button(words.suspend_card, size="sm", elem_id="shelf-suspend")
                self.back = gr.Button(words.bring_back, size="sm", elem_id="shelf-back")
            self.told = gr.Markdown(elem_id="shelf-told")
            self.other = gr.Dropdown([], label=words.join_with, filterable=False, elem_id="shelf-other", visible=False)
            self.editor = Editor(words, "shelf-editor")

    def wire(self) -> None:
        """Open on a mark, close on the button, and change the card that is open."""
        limit: dict[str, Any] = {"concurrency_limit": None, **QUIET}
        editor = self.editor
        outputs = [
            self.state, self.id, self.shelf, self.card, self.tools, self.split, self.suspend, self.back, self.told,
            editor.sheet, self.other,
        ]  # fmt: skip
        self.opener.open(self._open, self.state, outputs, **limit)
        self.close.click(lambda: gr.update(visible=False), None, self.shelf, **limit)
        self.edit.click(
            lambda sitting, id: editor.fill(self.opened(sitting), id), [self.state, self.id],
            [editor.sheet, *editor.boxes], **limit,
        )  # fmt: skip
        editor.cancel.click(lambda: gr.update(visible=False), None, editor.sheet, **limit)

        def put(sitting: Sitting | None, id: str, move: Any, told: str = "") -> Updates:  # noqa: ANN401 - a move or None
            held = self.opened(sitting)
            said = held.put(move, id)
            return {**self._show(held, id), self.told: f"<p>{escape(told or said)}</p>" if said else ""}

        def save(sitting: Sitting | None, id: str, *boxes: str) -> Updates:
            return put(sitting, id, editor.move(self.opened(sitting), id, *boxes), self.words.saved)

        def saved(sitting: Sitting | None, id: str, other: str | None, *boxes: str) -> Updates:
            if other:
                self.opened(sitting).put(events.Suspend(self.words.join), other)
            return save(sitting, id, *boxes)

        editor.save.click(saved, [self.state, self.id, self.other, *editor.boxes], outputs, **limit)
        self.join.click(self._others, [self.state, self.id], self.other, **limit)
        self.other.input(self._joined, [self.state, self.id, self.other], [editor.sheet, *editor.boxes], **limit)
        self.suspend.click(
            lambda sitting, id: put(sitting, id, events.Suspend()), [self.state, self.id], outputs, **limit
        )
        self.split.click(lambda sitting, id: put(sitting, id, events.Split()), [self.state, self.id], outputs, **limit)
        self.back.click(lambda sitting, id: put(sitting, id, None), [self.state, self.id], outputs, **limit)

    # Gradio reads the type hints to see that the event is wanted, so they must hold at run time.
    def _open(self, sitting: Sitting | None, chosen: gr.EventData) -> Updates:
        return {**self._show(self.opened(sitting), str(chosen.card)), self.told: ""}

    def _show(self, held: Sitting, id: str) -> Updates:
        face, card = held.session.view().face, held.open_card(id)
        history = held.session.learner.history
        away = id in history.suspended or id in history.buried or id in history.split
        if card is not None:
            html = card_html(card, self.words) + self._reviews(held, id)
        elif face is not None and held.in_play(id):
            html = face_html(face, self.words)
        else:
            html = f"<p>{escape(self.words.no_such_card)}</p>"
        return {
            self.state: held,
            self.id: id,
            self.shelf: gr.update(visible=True),
            self.card: html,
            self.tools: gr.update(visible=card is not None),
            self.split: gr.update(visible=card is not None and not away and len(card.key_points) > 1),
            self.suspend: gr.update(visible=not away),
            self.back: gr.update(visible=away),
            self.editor.sheet: gr.update(visible=False),
            self.other: gr.update(visible=False, value=None),
        }

    def _others(self, sitting: Sitting | None, id: str) -> Updates:
        """The cards nearest to this one, of which one may be taken into it."""
        held = self.opened(sitting)
        card = held.open_card(id)
        found = held.tutor.search(card.text, 8, exclude={id}).results if card is not None else ()
        near = [(" ".join(one.card.question.split()), one.card.id) for one in found if held.open_card(one.card.id)]
        return {self.other: gr.update(choices=near, value=None, visible=True)}

    def _joined(self, sitting: Sitting | None, id: str, other: str) -> Updates:
        """Both cards as the draft of one."""
        held = self.opened(sitting)
        one, two = held.open_card(id), held.open_card(other)
        if one is None or two is None:
            return {self.editor.sheet: gr.update(visible=False)}
        points = "\n".join(point.text for card in (one, two) for point in card.key_points)
        tags = ", ".join(dict.fromkeys((*one.tags, *two.tags)))
        return self.editor.show(one.question, f"{one.answer}\n{two.answer}", points, tags)

    def _reviews(self, held: Sitting, id: str) -> str:
        """What became of each review, the newest first."""
        words = self.words
        rows = [
            (
                f"{review.at.astimezone():%Y-%m-%d %H:%M}",
                review.value,
                words.headline.get(review.verdict, ""),
                words.sure_words[review.confidence - 1] if review.confidence else words.never,
                round(review.seconds),
            )
            for review in reversed(held.session.learner.reviews(id))
        ]
        inside = table(words.review_heads, rows) if rows else f"<p>{escape(words.no_reviews)}</p>"
        return f"<details><summary>{escape(words.reviews_of)} ({len(rows)})</summary>{inside}</details>"
