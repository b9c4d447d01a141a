"""The page as a whole: its views, and the line that says whether a model is in use."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import gradio as gr
from gradio.context import LocalContext

from tutor.ui.ask import Chat
from tutor.ui.decks import Library
from tutor.ui.german import LANGUAGES
from tutor.ui.lean import Lean
from tutor.ui.models import Models
from tutor.ui.progress import Standing
from tutor.ui.shelf import Shelf
from tutor.ui.sitting import Sitting
from tutor.ui.study import Study

if TYPE_CHECKING:
    from tutor.assemble import Tutor
    from tutor.metrics import Metrics
    from tutor.ui.words import Words

__all__ = ["page"]


def page(
    tutor: Tutor, words: Words | None = None, *, metrics: Metrics | None = None, signed_in: bool = False
) -> gr.Blocks:
    """The page of `tutor` in the language that the settings name; `metrics` counts what is done on it."""
    words = words or LANGUAGES[tutor.settings.study.language]

    def opened(sitting: Sitting | None) -> Sitting:
        request = LocalContext.request.get(None)
        learner = (request.username if request is not None else None) or "me"
        # A server that was started anew has forgotten the tab; the log has not. And a tab is only ever one learner's.
        if sitting is None or sitting.learner != learner:
            sitting = Sitting.open(tutor, words, learner)
        sitting.metrics = metrics
        scope = request.request.scope if request is not None and request.request else {}
        sitting.request, sitting.move = scope.get("request", ""), scope.get("move", "")
        return sitting

    blocks: gr.Blocks
    # Files that were dropped in are copied into the library at once; what Gradio keeps of them goes after an hour.
    with Lean(title=words.title, analytics_enabled=False, fill_width=True, delete_cache=(3600, 3600)) as blocks:
        state = gr.State()
        gr.Markdown(words.title, elem_id="mast")
        with gr.Tabs(elem_id="views", overflow_behavior="wrap") as tabs:
            with gr.Tab(words.study, id="study-tab") as study_tab:
                study = Study(words, tutor.decks, state, opened)
            with gr.Tab(words.ask, id="ask-tab") as ask_tab:
                chat = Chat(words, tutor.decks, tutor.cards, state, opened)
            with gr.Tab(words.decks, id="decks-tab") as decks_tab:
                library = Library(tutor, words, state, opened)
            with gr.Tab(words.progress, id="progress-tab") as progress_tab:
                standing = Standing(tutor, words, state, opened)
            with gr.Tab(words.models, id="models-tab") as models_tab:
                models = Models(tutor, words, state, opened, alone=not signed_in)
        with gr.Column(elem_id="foot"):
            line = gr.Markdown(f"<p>{escape(tutor.describe_model())}</p>", elem_id="model-line")
            gr.HTML(_keys(words), elem_id="keys", js_on_load=None)
            if signed_in:
                gr.HTML(
                    f'<a href="/logout">{escape(words.sign_out)}</a>',
                    elem_id="sign-out",
                    js_on_load=None,
                    padding=False,
                )
        shelf = Shelf(words, state, opened)

        study.wire(blocks, study_tab)
        chat.wire(ask_tab, study, tabs)
        library.wire(decks_tab, (study.deck, chat.deck))
        standing.wire(progress_tab)
        models.wire(models_tab, line)
        shelf.wire()
    said = tutor.settings.server
    for turn in blocks.fns.values():
        # One queue for all: as many turns at a time as the settings say, whichever they are.
        turn.concurrency_id, turn.concurrency_limit = "turn", said.concurrency
    blocks.queue(default_concurrency_limit=said.concurrency, max_size=said.queue, api_open=False)
    return blocks


def _keys(words: Words) -> str:
    def row(keys: str, text: str) -> str:
        caps = " ".join(key if key == "to" else f"<kbd>{escape(key)}</kbd>" for key in keys.split())
        return f"<dt>{caps}</dt><dd>{escape(text)}</dd>"

    rows = "".join(row(keys, text) for keys, text in words.key_rows)
    head = f'<details lang="{words.language}"><summary>{escape(words.keys)}</summary>'
    return f"{head}<dl>{rows}</dl></details>"
