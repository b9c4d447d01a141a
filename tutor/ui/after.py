"""What one may want of a card once it was answered: more about it, a look again at its grade, and changes to it.

Widgets of the Study view that make moves; which of them are there is what the session allows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from tutor import events
from tutor.ui.sitting import Sitting, move_id

if TYPE_CHECKING:
    from tutor.ui.show import Screen
    from tutor.ui.words import Words

__all__ = ["After", "Editor"]

Updates = dict[Any, Any]


class Editor:
    """The boxes that hold a card, and the buttons that save or leave them; a draft (`told`) has no points and tags."""

    def __init__(self, words: Words, name: str, told: str = "") -> None:
        self.words = words
        self.draft = bool(told)
        with gr.Column(elem_id=name, elem_classes="form-sheet", visible=False) as self.sheet:
            gr.Markdown(f"<p>{escape(told)}</p>", visible=self.draft)
            self.question = gr.Textbox(label=words.question, lines=2, max_lines=8, max_length=10_000)
            self.answer = gr.Textbox(label=words.card_answer, lines=3, max_lines=14, max_length=10_000)
            if not self.draft:
                self.points = gr.Textbox(label=words.card_points, lines=3, max_lines=14, max_length=10_000)
                self.tags = gr.Textbox(label=words.card_tags, lines=1, max_lines=1, max_length=400)
            with gr.Row(elem_classes="buttons"):
                self.save = gr.Button(
                    words.draft_add if told else words.save, variant="primary", elem_id=f"{name}-save"
                )
                self.cancel = gr.Button(words.cancel, elem_id=f"{name}-cancel", elem_classes="quiet")

    @property
    def boxes(self) -> list[Any]:
        """What is typed into."""
        return [self.question, self.answer, *([] if self.draft else [self.points, self.tags])]

    def show(self, *texts: str) -> Updates:
        """Open with these texts in the boxes."""
        return {self.sheet: gr.update(visible=True), **dict(zip(self.boxes, texts, strict=True))}

    def fill(self, sitting: Sitting, id: str) -> Updates:
        """Open on the card with this id, as this learner has it."""
        card = sitting.open_card(id)
        if card is None:
            return {self.sheet: gr.update(visible=False)}
        points = "\n".join(point.text for point in card.key_points)
        return self.show(card.question, card.answer, points, ", ".join(card.tags))

    @staticmethod
    def move(sitting: Sitting, id: str, question: str, answer: str, points: str, tags: str) -> events.Edit:
        """The boxes as a move; key points that were left alone are found anew where the answer was not."""
        card = sitting.open_card(id)
        kept = "\n".join(point.text for point in card.key_points) if card is not None else ""
        same = card is not None and points.strip() == kept.strip()
        changed = same and card is not None and answer.strip() != card.answer.strip()
        return events.Edit(question, answer, "" if changed else points, tags, id=move_id())


class After:
    """The widgets under a graded card."""

    def __init__(self, words: Words) -> None:
        self.words = words
        with gr.Row(elem_id="deeper", elem_classes="buttons", visible=False) as self.deeper:
            gr.Markdown(f"<p>{escape(words.deeper)}</p>", elem_id="deeper-line")
            self.depths = {
                kind: gr.Button(name, size="sm", elem_id=f"deeper-{kind}") for kind, name in words.depths.items()
            }
        with gr.Accordion(words.more, open=False, elem_id="more", visible=False) as self.more:
            with gr.Row(elem_classes="buttons"):
                self.mark = gr.Button(words.mark, size="sm", elem_id="mark")
                self.split = gr.Button(words.split, size="sm", elem_id="split")
                self.bury = gr.Button(words.bury, size="sm", elem_id="bury")
                self.suspend = gr.Button(words.suspend, size="sm", elem_id="suspend")
        with gr.Column(elem_id="reason-sheet", elem_classes="form-sheet", visible=False) as self.reasons:
            self.reason = gr.Textbox(label=words.appeal_reason, lines=2, max_lines=6, max_length=4_000)
            with gr.Row(elem_classes="buttons"):
                self.send = gr.Button(words.appeal_send, variant="primary", elem_id="reason-send")
                self.cancel = gr.Button(words.cancel, elem_id="reason-cancel", elem_classes="quiet")
        self.editor = Editor(words, "editor")
        self.about = gr.State("")

    @property
    def painted(self) -> list[Any]:
        """Every widget that is painted after a move."""
        return [
            self.deeper, self.more, self.mark, self.split, self.bury, self.suspend, self.reasons,
            self.editor.sheet,
        ]  # fmt: skip

    @property
    def forms(self) -> tuple[Any, Any]:
        """What opens and closes without a move."""
        return self.reasons, self.editor.sheet

    def paint(self, seen: Screen) -> Updates:
        """What may be done now; forms that were open are left."""
        can = seen.moves
        buttons = {
            self.mark: "Mark", self.split: "Split", self.bury: "Bury", self.suspend: "Suspend",
        }  # fmt: skip
        return {
            self.deeper: gr.update(visible="Explain" in can),
            self.more: gr.update(visible=bool(can & set(buttons.values())) and seen.phase not in ("asked", "ended")),
            self.reasons: gr.update(visible=False),
            self.editor.sheet: gr.update(visible=False),
            **{button: gr.update(visible=name in can) for button, name in buttons.items()},
        }

    def wire(
        self, state: gr.State, appeal: gr.Button, edit: gr.Button, tied: Callable[..., None], limit: dict[str, Any]
    ) -> None:
        """Tie the widgets to their moves; `tied(button, make, inputs)` makes a move of the sitting on a click."""
        words, editor = self.words, self.editor

        def fill(sitting: Sitting | None) -> Updates:
            face = sitting.session.view().face if sitting is not None else None
            return (
                editor.fill(sitting, face.id) if sitting is not None and face is not None else {editor.sheet: gr.skip()}
            )

        def saved(sitting: Sitting, *boxes: str) -> events.Move:
            face = sitting.session.view().face
            return editor.move(sitting, face.id if face is not None else "", *boxes)

        def ask(kind: str, label: str, send: str) -> Callable[[], Updates]:
            return lambda: {
                self.reasons: gr.update(visible=True), self.reason: gr.update(label=label, value=""),
                self.send: send, self.about: kind,
            }  # fmt: skip

        def reasoned(_: Sitting, kind: str, reason: str) -> events.Move:
            return events.Mark(reason, id=move_id()) if kind == "mark" else events.Appeal(reason, id=move_id())

        opened = [self.reasons, self.reason, self.send, self.about]
        appeal.click(ask("appeal", words.appeal_reason, words.appeal_send), None, opened, **limit)
        self.mark.click(ask("mark", words.mark_reason, words.mark_send), None, opened, **limit)
        edit.click(fill, state, [editor.sheet, *editor.boxes], **limit)
        for cancel, sheet in ((self.cancel, self.reasons), (editor.cancel, editor.sheet)):
            cancel.click(lambda: gr.update(visible=False), None, sheet, **limit)
        tied(editor.save, saved, editor.boxes)
        tied(self.send, reasoned, [self.about, self.reason])
        tied(self.split, lambda _: events.Split(id=move_id()))
        tied(self.bury, lambda _: events.Bury(id=move_id()))
        tied(self.suspend, lambda _: events.Suspend(id=move_id()))

    def explained(self) -> Iterator[tuple[gr.Button, events.Depth]]:
        """Each button that asks for more about the card, and what for."""
        kinds: tuple[events.Depth, ...] = ("why", "example", "simpler", "deeper", "contrast")
        yield from ((self.depths[kind], kind) for kind in kinds)
