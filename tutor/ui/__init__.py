"""The Gradio page: widgets in, session events out. Decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tutor.ui.look import look

if TYPE_CHECKING:
    import gradio

    from tutor.assemble import Tutor
    from tutor.metrics import Metrics

__all__ = ["build", "look"]


def build(tutor: Tutor, metrics: Metrics | None = None, *, signed_in: bool = False) -> gradio.Blocks:
    """The page of `tutor`; each browser tab gets a session of its own. With `signed_in` one can sign out of it."""
    from tutor.ui.page import page

    return page(tutor, metrics=metrics, signed_in=signed_in)
