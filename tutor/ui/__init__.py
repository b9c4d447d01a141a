"""The Gradio page: widgets in, session events out. Decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tutor.ui.look import look

if TYPE_CHECKING:
    import gradio

    from tutor.assemble import Tutor

__all__ = ["build", "look"]


def build(tutor: Tutor) -> gradio.Blocks:
    """The page of `tutor`; each browser tab gets a session of its own."""
    from tutor.ui.page import page

    return page(tutor)
