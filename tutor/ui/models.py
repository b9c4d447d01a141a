"""The Models view: which model is in use and where, what it used and cost, and what the latest eval runs say of it."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from tutor.errors import TutorError
from tutor.runs import EvalRun, latest_runs
from tutor.settings import NONE, Settings
from tutor.ui.markup import inline
from tutor.ui.plot import data_link, table
from tutor.ui.study import QUIET, Open, Updates

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tutor.assemble import Tutor
    from tutor.ui.sitting import Sitting
    from tutor.ui.words import Words

__all__ = ["Models", "profiles_html", "runs_html", "spending_html"]


def profiles_html(settings: Settings, words: Words) -> str:
    """A row a profile; the one in use is marked."""
    heads = ("", *words.model_heads)
    rows = [(NONE, words.model_none, words.model_none_where)]
    rows += [(name, profile.model, profile.where) for name, profile in settings.models.items()]
    chosen = settings.model.use if settings.profile is not None else NONE
    return table(heads, [(words.model_in_use if row[0] == chosen else "", *row) for row in rows])


def spending_html(rows: Sequence[Mapping[str, Any]], words: Words) -> str:
    """What was used and what it cost: the last reply, today, in all, and each profile."""
    if not rows:
        return f'<p class="note">{escape(words.spending_none)}</p>'
    cells = []
    for row in rows:
        about = "~" if row["estimated"] else ""
        cap = words.never if row["cap"] is None else f"{row['cap']:g}"
        tokens = (f"{about}{row['input_tokens']}", f"{about}{row['output_tokens']}")
        what = words.spending_rows.get(row["for"], row["for"])
        cells.append((what, row["calls"], *tokens, f"{row['cost']:.4f}", cap))
    return table(words.spending_heads, cells)


def runs_html(runs: Sequence[EvalRun], words: Words) -> str:
    """A row a metric of each run, with its interval, and the run's report to save."""
    if not runs:
        return f'<p class="note">{inline(words.runs_none)}</p>'
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in words.runs_heads)
    body = []
    for run in runs:
        stem = f"{run.suite}-{run.started[:10]}"
        link = data_link(run.report, f"{stem}.md", "text/markdown", words.report) if run.report else words.never
        for place, one in enumerate(run.metrics):
            whose = (run.suite, run.profile, run.started[:16].replace("T", " ")) if not place else ("", "", "")
            cells = (*whose, one["metric"], f"{one['value']:.3f}", f"{one['low']:.3f} – {one['high']:.3f}", one["n"])
            shown = "".join(f"<td>{escape(str(cell))}</td>" for cell in cells)
            body.append(f"<tr>{shown}<td>{link if not place else ''}</td></tr>")
    return (
        f'<div class="scroll"><table class="plain"><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table>'
        "</div>"
    )


class Models:
    """The widgets of the Models view. One may switch where nobody else is at the page: a switch is for all of it."""

    def __init__(self, tutor: Tutor, words: Words, state: gr.State, opened: Open, *, alone: bool) -> None:
        self.tutor = tutor
        self.words = words
        self.state = state
        self.opened = opened
        choices = [(words.model_none, NONE), *((name, name) for name in tutor.settings.models)]
        with gr.Column(elem_id="models-view"):
            self.profiles = gr.HTML(elem_id="profiles", js_on_load=None, padding=False)
            self.choice = gr.Dropdown(
                choices, label=words.switch, filterable=False, elem_id="profile-choice",
                visible=alone and len(choices) > 1,
            )  # fmt: skip
            self.told = gr.Markdown(
                "" if alone else f"<p>{escape(words.switch_cannot)}</p>", elem_id="models-told", visible=True
            )
            gr.Markdown(f"### {words.spending}", elem_classes="title")
            self.spending = gr.HTML(elem_id="spending", js_on_load=None, padding=False)
            gr.Markdown(f"### {words.runs}", elem_classes="title")
            self.runs = gr.HTML(elem_id="runs", js_on_load=None, padding=False)

    def wire(self, tab: gr.Tab, line: gr.Markdown) -> None:
        """Read all of it whenever the view is opened; a switch is said in the page's own `line` too."""
        limit: dict[str, Any] = {"concurrency_limit": None, **QUIET}
        painted = [self.state, self.profiles, self.choice, self.spending, self.runs, line]

        def look(sitting: Sitting | None) -> Updates:
            settings = self.tutor.settings
            return {
                self.state: self.opened(sitting),
                line: f"<p>{escape(self.tutor.describe_model())}</p>",
                self.profiles: profiles_html(settings, self.words),
                self.choice: settings.model.use if settings.profile is not None else NONE,
                self.spending: spending_html(self.tutor.ledger.rows(), self.words),
                self.runs: runs_html(latest_runs(Path(settings.evals.runs)), self.words),
            }

        def switch(sitting: Sitting | None, name: str) -> Updates:
            try:
                self.tutor.use(name)
            except TutorError as error:
                return {**look(sitting), self.told: f"<p>{escape(error.plain)}</p>"}
            return {**look(sitting), self.told: f"<p>{escape(self.words.switched)}</p>"}

        tab.select(look, self.state, painted, **limit)
        self.choice.input(switch, [self.state, self.choice], [*painted, self.told], **limit)
