"""The page as a whole: its views, and the line that says whether a model is in use."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import gradio as gr

from tutor.ui.ask import Chat
from tutor.ui.decks import Library
from tutor.ui.progress import Standing
from tutor.ui.shelf import Shelf
from tutor.ui.sitting import Sitting
from tutor.ui.study import Study
from tutor.ui.words import ENGLISH, Words

if TYPE_CHECKING:
    from tutor.assemble import Tutor

__all__ = ["page"]


def page(tutor: Tutor, words: Words = ENGLISH) -> gr.Blocks:
    """The page of `tutor`."""

    def opened(sitting: Sitting | None) -> Sitting:
        # A server that was started anew has forgotten the tab; the log has not.
        return sitting or Sitting.open(tutor, words)

    blocks: gr.Blocks
    # Files that were dropped in are copied into the library at once; what Gradio keeps of them goes after an hour.
    with gr.Blocks(title=words.title, analytics_enabled=False, fill_width=True, delete_cache=(3600, 3600)) as blocks:
        state = gr.State()
        gr.Markdown(words.title, elem_id="mast")
        with gr.Tabs(elem_id="views", overflow_behavior="wrap"):
            with gr.Tab(words.study, id="study-tab") as study_tab:
                study = Study(words, tutor.decks, state, opened)
            with gr.Tab(words.ask, id="ask-tab") as ask_tab:
                chat = Chat(words, tutor.decks, tutor.cards, state, opened)
            with gr.Tab(words.decks, id="decks-tab") as decks_tab:
                library = Library(tutor, words, state, opened)
            with gr.Tab(words.progress, id="progress-tab") as progress_tab:
                standing = Standing(tutor, words, state, opened)
        with gr.Column(elem_id="foot"):
            gr.Markdown(f"<p>{escape(tutor.describe_model())}</p>", elem_id="model-line")
            gr.HTML(_keys(words), elem_id="keys", js_on_load=None)
        shelf = Shelf(words, state, opened)

        study.wire(blocks, study_tab)
        chat.wire(ask_tab, study)
        library.wire(decks_tab, (study.deck, chat.deck))
        standing.wire(progress_tab)
        shelf.wire()
    blocks.queue(default_concurrency_limit=tutor.settings.server.concurrency, max_size=200, api_open=False)
    return blocks


def _keys(words: Words) -> str:
    def row(keys: str, text: str) -> str:
        caps = " ".join(key if key == "to" else f"<kbd>{escape(key)}</kbd>" for key in keys.split())
        return f"<dt>{caps}</dt><dd>{escape(text)}</dd>"

    rows = "".join(row(keys, text) for keys, text in words.key_rows)
    return f"<details><summary>{escape(words.keys)}</summary><dl>{rows}</dl></details>"
