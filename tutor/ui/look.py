"""How the page looks: Gradio's theme with system fonts and the colours of theme/style.css, and the keyboard script.

Fetches nothing from outside and knows no view.
"""

from html import escape
from importlib.resources import files
from typing import Any

from tutor.ui.words import ENGLISH, Words

__all__ = ["look"]

SANS = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Noto Sans", "Roboto", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "DejaVu Sans Mono", "monospace")

# From light to dark, as Gradio's Color takes them.
TEAL = "#f0f7f7 #e3eeee #c4dede #9cc8c8 #6aabad #3f8c8f #1d5f63 #195357 #154a4e #103a3d #0b2a2c"

# Gradio's variable -> ours, in light and dark alike: style.css gives each name its two values.
COLOURS = {
    "body_background_fill": "--paper",
    "body_text_color": "--ink",
    "body_text_color_subdued": "--soft",
    "background_fill_primary": "--sheet",
    "background_fill_secondary": "--sunk",
    "border_color_primary": "--line",
    "border_color_accent": "--accent",
    "color_accent_soft": "--accent-soft",
    "link_text_color": "--accent-strong",
    "link_text_color_hover": "--accent",
    "link_text_color_visited": "--accent-strong",
    "link_text_color_active": "--accent",
    "block_background_fill": "--sheet",
    "block_border_color": "--line",
    "block_label_text_color": "--soft",
    "block_title_text_color": "--soft",
    "code_background_fill": "--sunk",
    "input_background_fill": "--sheet",
    "input_background_fill_focus": "--sheet",
    "input_border_color": "--edge",
    "input_border_color_focus": "--accent",
    "input_placeholder_color": "--soft",
    "checkbox_background_color": "--sheet",
    "checkbox_background_color_selected": "--accent",
    "checkbox_border_color": "--edge",
    "checkbox_border_color_selected": "--accent",
    "checkbox_label_background_fill": "--sheet",
    "checkbox_label_background_fill_selected": "--accent-soft",
    "checkbox_label_text_color_selected": "--ink",
    "button_primary_background_fill": "--accent",
    "button_primary_background_fill_hover": "--accent-strong",
    "button_primary_border_color": "--accent",
    "button_primary_text_color": "--on-accent",
    "button_primary_text_color_hover": "--on-accent",
    "button_secondary_background_fill": "--sheet",
    "button_secondary_background_fill_hover": "--sunk",
    "button_secondary_border_color": "--edge",
    "button_secondary_text_color": "--ink",
    "table_border_color": "--line",
    "table_even_background_fill": "--sheet",
    "table_odd_background_fill": "--sheet",
    "stat_background_fill": "--accent",
    "loader_color": "--accent",
    "slider_color": "--accent",
}

# Every request that makes a move carries an id of its own; a browser or a proxy that repeats it repeats the id.
MOVES = """{ const plain = window.fetch;
  window.fetch = (to, how) => { if (how?.method === 'POST' && String(to).includes('/queue/join')) {
    const id = [...crypto.getRandomValues(new Uint32Array(4))].map(one => one.toString(36)).join('-');
    how = {...how, headers: {...Object.fromEntries(new Headers(how.headers)), 'x-move': id}}; }
    return plain(to, how); }; }
"""


def look(words: Words = ENGLISH) -> dict[str, Any]:
    """The arguments of `gradio.mount_gradio_app` that make the page look as it does."""
    from gradio.themes import Base, Color

    folder = files("tutor.ui") / "theme"
    style = (folder / "style.css").read_text(encoding="utf-8")
    keys = (folder / "keys.js").read_text(encoding="utf-8")
    teal = Color(*TEAL.split())
    theme = Base(primary_hue=teal, neutral_hue="stone", font=list(SANS), font_mono=list(MONO), radius_size="md")
    values = {name: f"var({ours})" for name, ours in COLOURS.items()}
    both = {**values, **{f"{name}_dark": value for name, value in values.items() if hasattr(theme, f"{name}_dark")}}
    plain = {"block_border_width": "0px", "block_shadow": "none", "input_shadow": "none", "input_shadow_focus": "none"}
    edges = {"input_border_width": "1px", "button_border_width": "1px", "button_border_width_dark": "1px"}
    theme.set(**both, **plain, **edges, color_accent="var(--accent)")
    head = (
        f'<meta name="color-scheme" content="light dark"><meta name="description" content="{escape(words.about)}">'
        f"<style>{style}</style><script>{MOVES}{keys}</script>"
    )
    return {"theme": theme, "head": head}
