"""Gradio's Blocks at less cost for every tab: what stays as it is is not made anew, and no description of it is kept.

Changes nothing of what a page shows. Gradio makes each updated widget again, even for `gr.skip()`, and keeps a
description of all widgets for every tab, for links into a page's state, which this page does not have.
"""

from __future__ import annotations

from copy import copy
from typing import Any

import gradio as gr
from gradio.blocks import Block, BlocksConfig

__all__ = ["Lean"]


class _Tab(BlocksConfig):
    """The widgets of one tab, described nowhere."""

    @staticmethod
    def config_for_block(*_: object, **__: object) -> dict[str, Any]:
        """Nothing: Gradio leaves out what has no description."""
        return {}


class _Page(BlocksConfig):
    """The widgets as every tab gets them first."""

    def __copy__(self) -> _Tab:
        tab = _Tab(self.root_block)
        tab.blocks, tab.fns, tab.fn_id = copy(self.blocks), self.fns, self.fn_id
        return tab


class Lean(gr.Blocks):
    """A page whose turns answer with a dict of what changes; widgets that are left out, or skipped, cost nothing."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - those of gr.Blocks
        super().__init__(**options)
        self.default_config = _Page(self)

    def handle_streaming_diffs(
        self,
        block_fn: Any,  # noqa: ANN401 - Gradio's
        data: list[Any],
        session_hash: str | None,
        run: str | None,
        final: bool,
        simple_format: bool = False,
    ) -> list[Any]:
        """What a frame of a turn changes; at its end nothing, where Gradio sends the last frame once more.

        What was typed in between would be lost, and the page be painted twice.
        """
        changed: list[Any] = super().handle_streaming_diffs(block_fn, data, session_hash, run, final, simple_format)
        return [gr.skip()] * len(changed) if final else changed

    async def postprocess_data(self, block_fn: Any, predictions: Any, state: Any) -> list[Any]:  # noqa: ANN401 - Gradio's
        """What Gradio makes of the widgets that change; the others are told to stay."""
        if not isinstance(predictions, dict) or not all(isinstance(key, Block) for key in predictions):
            return await super().postprocess_data(block_fn, predictions, state)
        stay = gr.skip()
        changed = {
            block: value for block, value in predictions.items() if not (isinstance(value, dict) and value == stay)
        }
        few = copy(block_fn)
        few.outputs = [block for block in block_fn.outputs if block in changed]
        values = [changed[block] for block in few.outputs]
        made: list[Any] = []
        if values:
            made = await super().postprocess_data(few, values if len(values) > 1 else values[0], state)
        told = dict(zip((block._id for block in few.outputs), made, strict=True))
        return [told.get(block._id, stay) for block in block_fn.outputs]
