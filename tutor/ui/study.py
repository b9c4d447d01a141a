"""The Study view: one card in the middle. Widgets in, moves out; what may be done now is what the session allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from tutor import events
from tutor.ui.after import After
from tutor.ui.markup import DELIMITERS
from tutor.ui.show import said_html, turn_html
from tutor.ui.sitting import Shot, Sitting, move_id

if TYPE_CHECKING:
    from corpus.card import Deck
    from tutor.ui.words import Words

__all__ = ["Study", "deck_choices"]

ALL = ""
# Events that change nothing on screen but what they return; the page shows its own progress.
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}

Updates = dict[Any, Any]
Open = Callable[[Sitting | None], Sitting]


def deck_choices(decks: tuple[Deck, ...], words: Words) -> list[tuple[str, str]]:
    """(what is shown, file stem) of each deck; decks of one name are told apart by how their files' names begin."""
    names = [deck.name for deck in decks]
    files = [deck.path.rsplit("/", 1)[-1] for deck in decks]
    stems = [file.rsplit(".", 1)[0] for file in files]
    choices = [(words.all_decks, ALL)]
    for name, stem, file in zip(names, stems, files, strict=True):
        short = next((stem[:size] for size in (8, 16) if [one[:size] for one in stems].count(stem[:size]) == 1), stem)
        short = file if stems.count(stem) > 1 else f"{short}{'…' if short != stem else ''}"
        mark = f" ({short})" if names.count(name) > 1 else ""
        choices.append((name + mark, stem))
    return choices


class Study:
    """The widgets of the Study view, how they are painted from a Shot, and which move each of them makes."""

    def __init__(self, words: Words, decks: tuple[Deck, ...], state: gr.State, opened: Open) -> None:
        self.words = words
        self.state = state
        self.opened = opened
        with gr.Column(elem_id="study"):
            with gr.Row(elem_id="top"):
                self.bar = gr.Markdown(elem_id="bar", latex_delimiters=DELIMITERS)
                self.deck = gr.Dropdown(
                    deck_choices(decks, words), value=ALL, label=words.deck, show_label=False, filterable=False,
                    container=False, elem_id="deck-choice", visible=len(decks) > 1,
                )  # fmt: skip
            with gr.Column(elem_id="sheet"):
                self.face = gr.Markdown(elem_id="face", latex_delimiters=DELIMITERS)
                self._answering()
                self._result()
                self._rating()
                self._after()
                self.more = After(words)
            self.notice = gr.Markdown(elem_id="notice", latex_delimiters=DELIMITERS)
            self._side()

    def _answering(self) -> None:
        words = self.words
        with gr.Column(elem_id="answering", visible=False) as self.answering:
            self.answer = gr.Textbox(
                label=words.answer, placeholder=words.answer_hint, lines=1, max_lines=14, max_length=20_000,
                elem_id="answer", html_attributes=gr.InputHTMLAttributes(enterkeyhint="send", autocomplete="off"),
            )  # fmt: skip
            with gr.Row(elem_classes="buttons"):
                self.commit = gr.Button(words.commit, variant="primary", elem_id="commit")
                self.hint = gr.Button(words.hint, elem_id="hint")
                self.dont_know = gr.Button(words.dont_know, elem_id="dont-know")
                self.reveal = gr.Button(words.reveal, elem_id="reveal", visible=False)
                self.skip = gr.Button(words.skip, elem_id="skip", elem_classes="quiet push")
            with gr.Row(elem_id="sure") as self.sure:
                gr.Markdown(f"<p>{escape(words.sure)}</p>", elem_id="sure-line")
                self.sures = [
                    gr.Button(word, size="sm", elem_id=f"sure-{value}", min_width=0)
                    for value, word in enumerate(words.sure_words, start=1)
                ]

    def _result(self) -> None:
        words = self.words
        self.result = gr.Markdown(elem_id="result", latex_delimiters=DELIMITERS, visible=False)
        with gr.Column(elem_id="ticking", visible=False) as self.ticking:
            self.ticks = gr.CheckboxGroup(label=words.tick_label, elem_id="ticks")
            with gr.Row(elem_classes="buttons"):
                self.tick = gr.Button(words.tick, variant="primary", elem_id="tick")

    def _rating(self) -> None:
        with gr.Column(elem_id="rating", visible=False) as self.rating:
            gr.Markdown(self.words.rate, elem_id="rating-label")
            with gr.Row(elem_id="rates"):
                self.rates = [
                    gr.Button(f"{value}\n{word}", elem_id=f"rate-{value}", min_width=0)
                    for value, word in enumerate(self.words.rate_words, start=1)
                ]

    def _after(self) -> None:
        words = self.words
        self.rated = gr.Markdown(elem_id="rated-line", visible=False)
        with gr.Row(elem_classes="buttons", visible=False) as self.after:
            self.next = gr.Button(words.next, variant="primary", elem_id="next")
            self.start = gr.Button(words.again, variant="primary", elem_id="start")
            self.undo = gr.Button(words.undo, elem_id="undo", elem_classes="quiet")
            self.edit = gr.Button(words.edit, elem_id="edit", elem_classes="quiet")
            self.appeal = gr.Button(words.appeal, elem_id="appeal", elem_classes="quiet")
            self.end = gr.Button(words.end, elem_id="end", elem_classes="quiet push")

    def _side(self) -> None:
        words = self.words
        with gr.Accordion(words.side, open=False, elem_id="side") as self.side:
            self.talk = gr.Markdown(elem_id="talk", latex_delimiters=DELIMITERS)
            with gr.Row(elem_id="side-box"):
                self.question = gr.Textbox(
                    label=words.side_label, lines=1, max_lines=6, max_length=4_000, elem_id="side-question", scale=1
                )
                self.send = gr.Button(words.side_send, elem_id="side-send", scale=0, min_width=90)
                self.stop = gr.Button(
                    words.stop, variant="stop", visible=False, elem_id="side-stop", scale=0, min_width=90
                )

    @property
    def painted(self) -> list[Any]:
        """Every widget that a Shot paints."""
        return [
            self.state, self.bar, self.face, self.answering, self.answer, self.hint, self.dont_know, self.reveal,
            self.skip, self.sure, *self.sures, self.result, self.ticking, self.ticks, self.rating, *self.rates,
            self.rated, self.after, self.next, self.start, self.undo, self.edit, self.appeal, self.end, self.notice,
            self.side, self.talk, *self.more.painted,
        ]  # fmt: skip

    def paint(self, sitting: Sitting, shot: Shot) -> Updates:
        """What each widget becomes."""
        seen = shot.screen
        can = seen.moves
        asked = seen.phase in ("asked", "tried")
        over = seen.phase in ("ended", "idle")
        updates: Updates = {
            self.state: sitting,
            self.bar: seen.bar,
            self.face: seen.face,
            self.answering: gr.update(visible=asked),
            self.hint: gr.update(
                value=self.words.hint_more if seen.hinted else self.words.hint, visible="AskHint" in can
            ),
            self.dont_know: gr.update(visible="DontKnow" in can),
            self.reveal: gr.update(visible="Reveal" in can),
            self.skip: gr.update(visible="Skip" in can),
            self.sure: gr.update(visible="Confidence" in can),
            self.result: gr.update(value=seen.result, visible=bool(seen.result)),
            self.ticking: gr.update(visible=bool(seen.points)),
            self.ticks: gr.update(
                choices=[(text, id) for id, text, _ in seen.points], value=[id for id, _, made in seen.points if made]
            ),
            self.rating: gr.update(visible="Rate" in can and not asked),
            self.rated: gr.update(value=seen.rated, visible=bool(seen.rated)),
            self.after: gr.update(visible=not asked),
            self.next: gr.update(visible="Next" in can and not over and not asked),
            self.start: gr.update(visible="Next" in can and over),
            self.undo: gr.update(visible="Undo" in can),
            self.edit: gr.update(visible="Edit" in can),
            self.appeal: gr.update(visible="Appeal" in can),
            self.end: gr.update(visible="End" in can and not asked),
            **self.more.paint(seen),
            self.notice: f"<p>{escape(shot.notice)}</p>" if shot.notice else "",
            self.side: gr.update(visible="Ask" in can),
            self.talk: seen.talk,
        }
        for value, button in enumerate(self.rates, start=1):
            updates[button] = gr.update(variant="primary" if value == seen.preset else "secondary")
        for value, button in enumerate(self.sures, start=1):
            updates[button] = gr.update(variant="primary" if value == seen.sure else "secondary")
        return self._changed(sitting, updates)

    def _changed(self, sitting: Sitting, updates: Updates) -> Updates:
        """`updates` without what the tab shows already; what others change too is always sent."""
        shared = {self.state, self.notice, self.talk, *self.more.forms}
        new = {part: told for part, told in updates.items() if part in shared or sitting.painted.get(part) != told}
        # Copies, since Gradio takes the updates apart.
        sitting.painted |= {part: dict(told) if isinstance(told, dict) else told for part, told in updates.items()}
        return new

    def begin(self, sitting: Sitting | None) -> Iterator[Updates]:
        """Show the card that is open, or put the next one: studying begins without a decision to make."""
        held = self.opened(sitting)
        if held.session.phase in ("idle", "rated"):
            for shot in held.play(events.Next(id=move_id())):
                yield self.paint(held, shot)
        else:
            yield self.paint(held, held.shot())

    def _load(self, sitting: Sitting | None) -> Iterator[Updates]:
        # The page was built with the decks of its start; others may have been imported since.
        held = self.opened(sitting)
        held.painted.clear()
        decks = held.decks
        choices = gr.update(choices=deck_choices(decks, self.words), visible=len(decks) > 1)
        for updates in self.begin(held):
            yield {**updates, self.deck: choices}

    def _back(self, sitting: Sitting | None) -> Iterator[Updates]:
        # The view is also selected when the page opens; `begin` is at work then.
        if sitting is not None and sitting.session.phase == "idle":
            yield from self.begin(sitting)
        else:
            # Gradio empties the outputs of a generator that yields nothing.
            yield {self.notice: gr.skip()}

    def wire(self, page: gr.Blocks, tab: gr.Tab) -> None:
        """Tie each widget to the move it makes."""
        painted = self.painted
        limit: dict[str, Any] = {"concurrency_limit": None, **QUIET}

        def tied(button: gr.Button, make: Callable[..., events.Move], inputs: list[Any] | None = None) -> None:
            away = make in (plain[events.Next], plain[events.Skip]) or button in (self.more.bury, self.more.suspend)
            button.click(self._made(make, clear=away), [self.state, *(inputs or [])], painted, **limit)

        plain: dict[type[events.Move], Callable[..., events.Move]] = {
            kind: _plain(kind)
            for kind in (
                events.Next, events.AskHint, events.DontKnow, events.Reveal, events.Skip, events.Undo, events.End,
            )
        }  # fmt: skip
        gr.on(
            [self.answer.submit, self.commit.click], self._made(lambda _, text: events.Commit(text, id=move_id())),
            [self.state, self.answer], painted, trigger_mode="once", **limit,
        )  # fmt: skip
        for button, kind in (
            (self.hint, events.AskHint), (self.dont_know, events.DontKnow), (self.reveal, events.Reveal),
            (self.skip, events.Skip), (self.next, events.Next), (self.start, events.Next), (self.undo, events.Undo),
            (self.end, events.End),
        ):  # fmt: skip
            tied(button, plain[kind])
        tied(self.tick, lambda _, made: events.Tick(tuple(made), id=move_id()), [self.ticks])
        for value, button in enumerate(self.rates, start=1):
            tied(button, lambda _, value=value: events.Rate(value, id=move_id()))
        for value, button in enumerate(self.sures, start=1):
            tied(button, lambda _, value=value: events.Confidence(value, id=move_id()))
        self.more.wire(self.state, self.appeal, self.edit, tied, limit)
        self.deck.input(self._choose, [self.state, self.deck], painted, **limit)
        page.load(self._load, self.state, [*painted, self.deck], **limit)
        tab.select(self._back, self.state, painted, **limit)
        self._wire_side(limit)

    def _made(self, make: Callable[..., events.Move], *, clear: bool = False) -> Callable[..., Iterator[Updates]]:
        """What happens when a widget makes a move; with `clear` the answer box is emptied whatever comes of it."""

        def made(sitting: Sitting | None, *values: object) -> Iterator[Updates]:
            held = self.opened(sitting)
            try:
                for place, shot in enumerate(held.then_next(make(held, *values))):
                    updates = self.paint(held, shot)
                    if place:  # a form that was opened since the first of them stays open
                        updates = {part: told for part, told in updates.items() if part not in self.more.forms}
                    if clear or shot.screen.phase not in ("asked", "tried"):
                        updates[self.answer] = ""
                    yield updates
            except BaseException:
                # Broken off: who knows what reached the tab.
                held.painted.clear()
                raise

        return made

    def put_aside(self, sitting: Sitting | None) -> Iterator[Updates]:
        """Skip the card in play; it comes back later."""
        held = self.opened(sitting)
        for shot in held.play(events.Skip(id=move_id())):
            yield {**self.paint(held, shot), self.answer: ""}

    def _choose(self, sitting: Sitting | None, stem: str) -> Iterator[Updates]:
        held = self.opened(sitting)
        held.session.decks = (stem,) if stem else ()
        for shot in held.play(events.Next(id=move_id())):
            yield {**self.paint(held, shot), self.answer: ""}

    def _wire_side(self, limit: dict[str, Any]) -> None:
        busy = {self.send: gr.update(visible=False), self.stop: gr.update(visible=True)}
        idle = {self.send: gr.update(visible=True), self.stop: gr.update(visible=False)}

        def say(sitting: Sitting | None, asked: str, move: events.Move) -> Iterator[Updates]:
            held = self.opened(sitting)
            before = held.shot().screen.talk
            yield {
                self.state: held, self.side: gr.update(open=True), self.question: "",
                self.talk: before + turn_html(asked, said_html("", (), self.words)), **busy,
            }  # fmt: skip
            html = ""
            for html, notice in held.beside(move):
                told = f"<p>{escape(notice)}</p>" if notice else ""
                yield {self.talk: before + turn_html(asked, html), self.notice: told}
            yield {**idle, **({} if html else {self.talk: before})}

        def ask(sitting: Sitting | None, text: str) -> Iterator[Updates]:
            if text.strip():
                yield from say(sitting, text, events.Ask(text, id=move_id()))
            else:
                yield {self.state: self.opened(sitting)}

        def explain(kind: events.Depth) -> Callable[..., Iterator[Updates]]:
            def asked(sitting: Sitting | None) -> Iterator[Updates]:
                yield from say(sitting, self.words.depths[kind], events.Explain(kind, id=move_id()))

            return asked

        outputs = [self.state, self.side, self.talk, self.question, self.notice, self.send, self.stop]
        begun = [
            gr.on(
                [self.question.submit, self.send.click], ask, [self.state, self.question], outputs,
                trigger_mode="once", **limit,
            )
        ]  # fmt: skip
        for button, kind in self.more.explained():
            begun.append(button.click(explain(kind), self.state, outputs, trigger_mode="once", **limit))
        self.stop.click(lambda: idle, None, [self.send, self.stop], cancels=begun, **limit)


def _plain(kind: type[events.Move]) -> Callable[..., events.Move]:
    return lambda _: kind(id=move_id())
