"""The Decks view: files dropped in become decks, with what was found wrong in them; cards can be looked up."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from corpus.errors import CorpusError
from tutor.errors import TutorError
from tutor.ui.markup import DELIMITERS, inline
from tutor.ui.study import ALL, QUIET, Open, Updates, deck_choices

if TYPE_CHECKING:
    from corpus.card import Card, Deck
    from tutor.assemble import Tutor
    from tutor.ui.sitting import Sitting
    from tutor.ui.words import Words

__all__ = ["Library", "cards_html", "decks_html"]

log = logging.getLogger(__name__)

# A list longer than this is looked through by searching.
SHOWN = 40


def decks_html(decks: Sequence[Deck], words: Words) -> str:
    """A row a deck, and under the table what was found in each."""
    heads = (words.table_deck, words.table_cards, words.findings, words.skipped)
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    rows = []
    lists = []
    for deck, (name, _) in zip(decks, deck_choices(tuple(decks), words)[1:], strict=True):
        numbers = "".join(f"<td>{number}</td>" for number in (len(deck.cards), len(deck.findings), deck.skipped))
        rows.append(f'<tr><td dir="auto">{escape(name)}</td>{numbers}</tr>')
        found = "".join(
            f"<li><span>{escape(words.line.format(line=finding.line))}</span> {inline(finding.message)}</li>"
            for finding in deck.findings
        )
        if found:
            title = words.findings_in.format(deck=name, count=len(deck.findings))
            lists.append(f"<details><summary>{escape(title)}</summary><ul>{found}</ul></details>")
    table = f'<table class="plain"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    return f'<div class="scroll">{table}</div><div class="findings">{"".join(lists)}</div>'


def cards_html(cards: Sequence[Card], total: int, words: Words) -> str:
    """Questions that open their cards, and how many of all they are."""
    rows = "".join(
        f'<li><a class="source" href="#card-{escape(card.id)}"><span class="number">{card.index}</span>'
        f"<bdi>{inline(' '.join(card.question.split()))}</bdi></a></li>"
        for card in cards
    )
    count = words.cards_shown.format(shown=len(cards), total=total)
    return f'<p class="note">{escape(count)}</p><ul class="sources">{rows}</ul>'


class Library:
    """The widgets of the Decks view. `choosers` are the deck choices of other views, to be told of new decks."""

    def __init__(self, tutor: Tutor, words: Words, state: gr.State, opened: Open) -> None:
        self.tutor = tutor
        self.words = words
        self.state = state
        self.opened = opened
        with gr.Column(elem_id="decks-view"):
            self.table = gr.Markdown(elem_id="decks-table", latex_delimiters=DELIMITERS)
            self.told = gr.Markdown(elem_id="decks-told", latex_delimiters=DELIMITERS)
            gr.Markdown(f"<p>{escape(words.drop)}</p>", elem_id="drop-line")
            self.files = gr.File(
                label=words.drop_label,
                show_label=False,
                file_count="multiple",
                elem_id="deck-files",
                height=130,
                file_types=_suffixes(),
            )
            with gr.Row(elem_id="find-row"):
                self.query = gr.Textbox(label=words.find, placeholder=words.find_hint, elem_id="card-search", scale=2)
                self.deck = gr.Dropdown(
                    deck_choices(tutor.decks, words), value=ALL, label=words.deck, filterable=False,
                    elem_id="find-deck", scale=1,
                )  # fmt: skip
            self.found = gr.Markdown(elem_id="found", latex_delimiters=DELIMITERS)

    def wire(self, tab: gr.Tab, choosers: Sequence[gr.Dropdown]) -> None:
        """Tie the widgets to the tutor's library."""
        limit: dict[str, Any] = {"concurrency_limit": None, **QUIET}
        tab.select(self._look, [self.query, self.deck], [self.table, self.found], **limit)
        gr.on(
            [self.query.submit, self.query.change, self.deck.input], self._find, [self.query, self.deck], self.found,
            trigger_mode="always_last", **limit,
        )  # fmt: skip

        def take(sitting: Sitting | None, files: list[str] | None) -> Updates:
            held = self.opened(sitting)
            told = self._take(held, files or [])
            choices = gr.update(choices=deck_choices(self.tutor.decks, self.words), value=ALL)
            return {
                self.state: held, self.files: None, self.told: told, **self._look("", ALL), self.query: "",
                **{chooser: choices for chooser in (self.deck, *choosers)},
            }  # fmt: skip

        outputs = [self.state, self.files, self.told, self.table, self.found, self.query, self.deck, *choosers]
        self.files.upload(take, [self.state, self.files], outputs, **limit)

    def _take(self, held: Sitting, files: Sequence[str]) -> str:
        try:
            decks = self.tutor.import_decks([Path(file) for file in files])
        except (CorpusError, TutorError, OSError) as error:
            log.warning("an import failed: %s", error)
            return f'<p class="told bad">{escape(self.words.import_failed)} {escape(str(error))}</p>'
        held.anew()
        count = sum(len(deck.cards) for deck in decks)
        text = self.words.imported.format(decks=len(decks), cards=count)
        return f'<p class="told">{escape(text)}</p>'

    def _look(self, query: str, stem: str) -> Updates:
        return {self.table: decks_html(self.tutor.decks, self.words), self.found: self._find(query, stem)}

    def _find(self, query: str, stem: str) -> str:
        decks = [deck for deck in self.tutor.decks if not stem or Path(deck.path).stem == stem]
        cards = list({card.id: card for deck in decks for card in deck.cards}.values())
        if query.strip():
            words = query.casefold().split()
            literal = [card for card in cards if all(word in card.text.casefold() for word in words)]
            near = [found.card for found in self.tutor.search(query, 10, decks=(stem,) if stem else ()).results]
            return cards_html(
                list({card.id: card for card in (*literal, *near)}.values())[:SHOWN], len(cards), self.words
            )
        return cards_html(cards[:SHOWN], len(cards), self.words)


def _suffixes() -> list[str]:
    from corpus.read import SUFFIXES

    return sorted(SUFFIXES)
