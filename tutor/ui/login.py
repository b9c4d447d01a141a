"""The page that asks for a name and a password: plain HTML in the page's colours. Knows nobody."""

from __future__ import annotations

from html import escape

from tutor.ui.words import ENGLISH, Words

__all__ = ["login", "logout"]

STYLE = """
:root { color-scheme: light dark; --paper: #faf9f6; --sheet: #fff; --ink: #1e2329; --soft: #5b626b; --line: #dedbd3;
  --edge: #8b8f94; --accent: #1d5f63; --accent-strong: #154a4e; --on-accent: #fff; --bad: #a32b22; --bad-soft: #fbe5e1;
  --sans: ui-sans-serif, system-ui, -apple-system, "Segoe UI", "Noto Sans", Roboto, sans-serif;
  --serif: ui-serif, "Iowan Old Style", "Palatino Linotype", Palatino, "Noto Serif", Georgia, serif; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171a; --sheet: #1c2024; --ink: #e9e7e2; --soft: #a5abb2;
  --line: #343a40; --edge: #7d848b; --accent: #7cc4c0; --accent-strong: #a3dad6; --on-accent: #0d1f20;
  --bad: #f2978c; --bad-soft: #43211d; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: start center; padding: 16vh 1rem 2rem;
  background: var(--paper); color: var(--ink); font: 1rem/1.5 var(--sans); }
main { width: 100%; max-width: 22rem; }
h1 { margin: 0 0 1.2rem; font: 600 1.5rem/1.3 var(--serif); letter-spacing: -0.005em; }
form { display: grid; gap: 1rem; padding: 1.4rem; background: var(--sheet); border: 1px solid var(--line);
  border-radius: 0.9rem; }
label { display: grid; gap: 0.3rem; font-size: 0.95rem; color: var(--soft); }
input { width: 100%; min-height: 2.75rem; padding: 0.45rem 0.7rem; font: inherit; color: var(--ink);
  background: var(--sheet); border: 1px solid var(--edge); border-radius: 0.6rem; }
button { min-height: 2.75rem; padding: 0.45rem 1rem; font: 550 1rem var(--sans); color: var(--on-accent);
  background: var(--accent); border: 1px solid var(--accent); border-radius: 0.6rem; cursor: pointer; }
button:hover { background: var(--accent-strong); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
p { margin: 0; padding: 0.6rem 0.8rem; border-radius: 0.6rem; color: var(--bad); background: var(--bad-soft); }
"""


def login(told: str = "", *, wrong: bool = False, words: Words = ENGLISH) -> str:
    """The whole page; `told` or `wrong` says why the last try did not do."""
    told = words.wrong_password if wrong else told
    alert = f'<p role="alert">{escape(told)}</p>' if told else ""
    name = 'name="name" required autofocus autocomplete="username" autocapitalize="none" maxlength="64"'
    password = 'name="password" type="password" required autocomplete="current-password" maxlength="1024"'
    fields = (
        f"{alert}<label>{escape(words.name)}<input {name}></label>"
        f"<label>{escape(words.password)}<input {password}></label>"
    )
    return _page("/login", words.sign_in, fields, words)


def logout(words: Words = ENGLISH) -> str:
    """The page with the button that ends a session."""
    return _page("/logout", words.sign_out, "", words)


def _page(path: str, verb: str, fields: str, words: Words) -> str:
    title, verb = escape(words.title), escape(verb)
    return (
        f'<!doctype html><html lang="{words.language}"><head><meta charset="utf-8"><title>{verb} · {title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"<style>{STYLE}</style></head><body><main><h1>{title}</h1>"
        f'<form method="post" action="{path}">{fields}<button>{verb}</button></form></main></body></html>'
    )
