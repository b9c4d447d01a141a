"""The Decks view: files dropped in become decks, with what was found wrong in them; cards are looked up and kept.

A card is opened, changed and put away on the shelf (`tutor.ui.shelf`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Any

import gradio as gr

from corpus.errors import CorpusError
from tutor.errors import TutorError
from tutor.grade import Grader
from tutor.schedule import LEECH
from tutor.ui.markup import DELIMITERS, inline
from tutor.ui.plot import data_link, table
from tutor.ui.study import ALL, QUIET, Open, Updates, deck_choices
from tutor.ui.words import counted

if TYPE_CHECKING:
    from corpus.card import Card, Deck
    from tutor.assemble import Tutor
    from tutor.audit import Audit
    from tutor.history import History
    from tutor.ui.sitting import Sitting
    from tutor.ui.words import Words

__all__ = ["Library", "audit_html", "cards_html", "decks_html", "in_state"]

log = logging.getLogger(__name__)

# A list longer than this is looked through by searching.
SHOWN = 40
SAID_EVERY = 0.5
TRIED = 25
FORMS = {"Anki": (".txt", "text/plain"), "CSV": (".csv", "text/csv"), "JSON Lines": (".jsonl", "application/jsonl")}


def decks_html(decks: Sequence[Deck], history: History, now: datetime, words: Words) -> str:
    """A row a deck with what is due, new and learned in it, and under the table what was found in each."""
    heads = (
        words.table_deck, words.table_cards, words.table_due, words.table_new, words.table_learned, words.table_last,
    )  # fmt: skip
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    rows, lists = [], []
    for deck, (name, _) in zip(decks, deck_choices(tuple(decks), words)[1:], strict=True):
        counts = history.progress(deck.cards, now, 0)
        last = max((review.at for card in deck.cards for review in history.reviews(card.id)[-1:]), default=None)
        studied = _day(last, now, words) if last is not None else words.never
        cells = (len(deck.cards), counts.due, counts.new, counts.learned, studied)
        numbers = "".join(f"<td>{number}</td>" for number in cells)
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


def _day(at: datetime, now: datetime, words: Words) -> str:
    day, today = at.astimezone().date(), now.astimezone().date()
    if day == today:
        return words.today
    return f"{day.day}.{day.month}." if day.year == today.year else day.isoformat()


def cards_html(cards: Sequence[Card], total: int, history: History, words: Words) -> str:
    """Questions that open their cards, what is special about each, and how many of all they are."""
    rows = "".join(
        f'<li><a class="source" href="#card-{escape(card.id)}"><span class="number">{card.index}</span>'
        f"<span><bdi>{inline(' '.join(card.question.split()))}</bdi>{_tags(card, history, words)}</span></a></li>"
        for card in cards
    )
    count = words.cards_shown.format(shown=len(cards), total=total)
    return f'<p class="note">{escape(count)}</p><ul class="sources">{rows}</ul>'


def _tags(card: Card, history: History, words: Words) -> str:
    names = [*card.tags, *([words.suspended] if card.id in history.suspended else [])]
    names += [words.states["marked"]] if card.id in history.marked else []
    return "".join(f' <span class="tag">{escape(name)}</span>' for name in names)


def in_state(card: Card, state: str, history: History, now: datetime) -> bool:
    """Whether a card is in one of the states that can be chosen."""
    memory = history.memory(card.id)
    match state:
        case "due":
            return memory.state != "new" and memory.due <= now and card.id not in history.away(now)
        case "new":
            return memory.state == "new"
        case "learned":
            return memory.learned
        case "suspended":
            return card.id in history.suspended
        case "marked":
            return card.id in history.marked
        case "leech":
            return memory.lapses >= LEECH
    return True


def audit_html(found: Audit, words: Words) -> str:
    """What the grader made of answers whose worth is known, a line for each kind, and the cards it does worst on."""
    named = zip(words.audit_rates, found.rates, strict=True)
    rows = [(name, f"{100 * rate.share:.0f}%", "{:.0f}–{:.0f}%".format(*(100 * end for end in rate.interval)),
             f"{rate.hits} / {rate.total}") for name, rate in named]  # fmt: skip
    told = words.audited.format(answers=found.answers, cards=found.cards)
    weak = "".join(f"<li><bdi>{inline(question)}</bdi></li>" for question in found.weak)
    weakest = f'<p class="note">{escape(words.audit_weak)}</p><ul>{weak}</ul>' if weak else ""
    return f'<p class="note">{escape(told)}</p>{table(words.audit_heads, rows)}{weakest}'


class Done:
    """How far something is, told by one thread and read by another."""

    share = 0

    def tell(self, done: int, whole: int) -> None:
        """`done` of `whole` are done; others are given a turn."""
        self.share = round(100 * done / whole)
        sleep(0)


class Library:
    """The widgets of the Decks view. `choosers` are the deck choices of other views, to be told of new decks."""

    def __init__(self, tutor: Tutor, words: Words, state: gr.State, opened: Open) -> None:
        self.tutor = tutor
        self.words = words
        self.state = state
        self.opened = opened
        choices = deck_choices(tutor.decks, words)
        with gr.Column(elem_id="decks-view"):
            self.table = gr.Markdown(elem_id="decks-table", latex_delimiters=DELIMITERS)
            self.told = gr.Markdown(elem_id="decks-told", latex_delimiters=DELIMITERS)
            self.undo = gr.Button(
                words.take_back, elem_id="take-back", elem_classes="quiet", size="sm", visible=bool(tutor.batches.all())
            )
            gr.Markdown(f"<p>{escape(words.drop)}</p>", elem_id="drop-line")
            self.files = gr.File(
                label=words.drop_label, show_label=False, file_count="multiple", elem_id="deck-files", height=130,
                file_types=_suffixes(),
            )  # fmt: skip
            with gr.Accordion(words.whole_deck, open=False, elem_id="export"):
                self.which = gr.Dropdown(choices, value=ALL, label=words.deck, filterable=False, elem_id="export-deck")
                gr.Markdown(f"<p>{escape(words.export_label)}</p>", elem_id="export-line")
                with gr.Row(elem_classes="buttons"):
                    self.forms = [
                        gr.Button(name, size="sm", elem_id=f"export-{form[0][1:]}") for name, form in FORMS.items()
                    ]
                self.saved = gr.HTML(elem_id="exported", js_on_load=None, padding=False)
                gr.Markdown(f"<p>{escape(words.audit_label)}</p>", elem_id="audit-line")
                with gr.Row(elem_classes="buttons"):
                    self.audit = gr.Button(words.audit, size="sm", elem_id="audit")
                self.trust = gr.HTML(elem_id="trust", js_on_load=None, padding=False)
            with gr.Row(elem_id="find-row"):
                self.query = gr.Textbox(label=words.find, placeholder=words.find_hint, elem_id="card-search", scale=2)
                self.deck = gr.Dropdown(
                    choices, value=ALL, label=words.deck, filterable=False, elem_id="find-deck", scale=1,
                )  # fmt: skip
                self.kind = gr.Dropdown(
                    [(name, key) for key, name in words.states.items()], value="all", label=words.state,
                    filterable=False, elem_id="find-state", scale=1,
                )  # fmt: skip
            self.found = gr.Markdown(elem_id="found", latex_delimiters=DELIMITERS)

    def wire(self, tab: gr.Tab, choosers: Sequence[gr.Dropdown]) -> None:
        """Tie the widgets to the tutor's library."""
        limit: dict[str, Any] = {"concurrency_limit": None, **QUIET}
        asked = [self.state, self.query, self.deck, self.kind]
        tab.select(self._look, asked, [self.state, self.table, self.found, self.undo], **limit)
        gr.on(
            [self.query.submit, self.query.change, self.deck.input, self.kind.input], self._find, asked, self.found,
            trigger_mode="always_last", **limit,
        )  # fmt: skip

        def anew(held: Sitting, told: str) -> Updates:
            choices = gr.update(choices=deck_choices(self.tutor.decks, self.words), value=ALL)
            return {
                self.files: None, self.told: told, **self._look(held, "", ALL, "all"), self.query: "", self.kind: "all",
                **{chooser: choices for chooser in (self.deck, self.which, *choosers)},
            }  # fmt: skip

        def take(sitting: Sitting | None, files: list[str] | None) -> Iterator[Updates]:
            held = self.opened(sitting)
            names = ", ".join(Path(file).name for file in files or [])
            yield {self.told: f'<p class="told waiting">{escape(self.words.importing.format(files=names))}</p>'}
            yield anew(held, self._take(held, files or []))

        def undo(sitting: Sitting | None) -> Updates:
            held = self.opened(sitting)
            return anew(held, self._undo(held))

        outputs = [
            self.state, self.files, self.told, self.table, self.found, self.undo, self.query, self.kind, self.deck,
            self.which, *choosers,
        ]  # fmt: skip
        self.files.upload(take, [self.state, self.files], outputs, **limit)
        self.undo.click(undo, self.state, outputs, **limit)
        for button, (suffix, kind) in zip(self.forms, FORMS.values(), strict=True):
            button.click(self._export(suffix, kind), [self.state, self.which], self.saved, **limit)
        self.audit.click(self._audit, [self.state, self.which], self.trust, trigger_mode="once", **limit)

    def _take(self, held: Sitting, files: Sequence[str]) -> str:
        words = self.words
        try:
            decks = self.tutor.import_decks([Path(file) for file in files], held.learner)
        except (CorpusError, TutorError, OSError) as error:
            log.warning("an import failed: %s", error)
            said = str(error)
            for file in files:  # she dropped a file; where it was put meanwhile is nothing to her
                said = said.replace(file, Path(file).name)
            return f'<p class="told bad">{escape(words.import_failed)} {escape(said)}</p>'
        held.anew()
        cards = counted(sum(len(deck.cards) for deck in decks), "card", words)
        text = words.imported.format(decks=counted(len(decks), "deck", words), cards=cards)
        if found := sum(len(deck.findings) for deck in decks):
            text = f"{text} {words.found_in_import.format(count=found)}"
        return f'<p class="told">{escape(text)}</p>'

    def _undo(self, held: Sitting) -> str:
        batch = next(iter(self.tutor.batches.all()), None)
        if batch is None:
            return ""
        try:
            self.tutor.undo_import(batch)
        except (CorpusError, TutorError, OSError) as error:
            log.warning("an import was not taken back: %s", error)
            return f'<p class="told bad">{escape(str(error))}</p>'
        held.anew()
        return f'<p class="told">{escape(self.words.taken_back.format(batch=batch.text))}</p>'

    def _export(self, suffix: str, kind: str) -> Any:  # noqa: ANN401 - Gradio wants a plain function
        def export(sitting: Sitting | None, stem: str) -> str:
            from dataclasses import replace

            from corpus.write import FORMATS

            held, links = self.opened(sitting), []
            desk = held.session.desk
            for deck in held.decks:
                name = Path(deck.path).stem
                if not stem or name == stem:
                    # As the learner has them: her corrections go with her cards.
                    own = replace(deck, cards=tuple(desk.by_id.get(card.id, card) for card in deck.cards))
                    file = f"{name}{suffix}"
                    told = self.words.exported.format(file=file)
                    links.append(f"<li>{data_link(FORMATS[suffix](own), file, kind, told)}</li>")
            return f'<ul class="saves">{"".join(links)}</ul>'

        return export

    def _audit(self, sitting: Sitting | None, stem: str) -> Iterator[str]:
        """Try the grader on a deck, in a thread of its own that is watched; how far it is is said meanwhile."""
        from tutor.audit import audit

        held, done = self.opened(sitting), Done()
        cards = [card for deck in held.decks if not stem or Path(deck.path).stem == stem for card in deck.cards]
        # A handful from all over the deck will do, and no model: hundreds of answers would take minutes, and cost.
        cards = cards[:: -(-len(cards) // TRIED)] if cards else cards
        yield f'<p class="told waiting">{escape(self.words.auditing.format(share=0))}</p>'
        with ThreadPoolExecutor(1) as pool:
            found = pool.submit(audit, cards, Grader(self.tutor.matcher), progress=done.tell)
            while not wait([found], timeout=SAID_EVERY).done:
                yield f'<p class="told waiting">{escape(self.words.auditing.format(share=done.share))}</p>'
            yield audit_html(found.result(), self.words)

    def _look(self, sitting: Sitting | None, query: str, stem: str, state: str) -> Updates:
        held = self.opened(sitting)
        history = held.session.learner.history
        return {
            self.state: held,
            self.table: decks_html(held.decks, history, datetime.now(UTC), self.words),
            self.found: self._find(held, query, stem, state),
            self.undo: gr.update(visible=bool(self.tutor.batches.all())),
        }

    def _find(self, sitting: Sitting | None, query: str, stem: str, state: str) -> str:
        held, now = self.opened(sitting), datetime.now(UTC)
        held.session.desk.refresh()
        desk, history = held.session.desk, held.session.learner.history
        decks = [deck for deck in held.decks if not stem or Path(deck.path).stem == stem]
        ids = dict.fromkeys(card.id for deck in decks for card in deck.cards)
        cards = [desk.by_id[id] for id in ids if id in desk.by_id]
        cards = [card for card in cards if in_state(card, state, history, now)]
        # A card that only she has is in nobody's index.
        near = stem if stem in ("", *(Path(deck.path).stem for deck in self.tutor.decks)) else None
        found = self._matching(query, cards, near) if query.strip() else cards
        return cards_html(found[:SHOWN], len(cards), history, self.words)

    def _matching(self, query: str, cards: Sequence[Card], stem: str | None) -> list[Card]:
        """The cards that hold every word, then those that are near in meaning."""
        words = query.casefold().split()
        literal = [
            card for card in cards if all(word in f"{card.text} {' '.join(card.tags)}".casefold() for word in words)
        ]
        there = {card.id: card for card in cards}
        results = self.tutor.search(query, 10, decks=(stem,) if stem else ()).results if stem is not None else ()
        near = [found.card.id for found in results]
        return list({card.id: card for card in (*literal, *(there[id] for id in near if id in there))}.values())


def _suffixes() -> list[str]:
    from corpus.read import SUFFIXES

    return sorted(SUFFIXES)
