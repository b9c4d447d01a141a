"""Prompts are files: `render("grade", question=..., answer=...)` fills one in, strictly.

Calls no model and knows no card. The first lines of a prompt file, up to a line `---`, say who calls it and why and are
not sent.
"""

import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

__all__ = ["Prompt", "PromptError", "names", "render"]

_SLOT = re.compile(r"\{\{\s*(\w+)\s*\}\}")


class PromptError(ValueError):
    """A prompt does not exist, lacks a value, or was given one that it does not use."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """A filled-in prompt. `fingerprint` (12 hex digits) names the template and changes when its file does."""

    name: str
    text: str
    fingerprint: str


def names() -> tuple[str, ...]:
    """The names of all prompts, sorted."""
    return tuple(sorted(p.name.removesuffix(".md") for p in files(__name__).iterdir() if p.name.endswith(".md")))


@cache
def _template(name: str) -> tuple[str, str]:
    if name not in names():
        raise PromptError(f"there is no prompt {name!r}; there are {', '.join(names())}")
    raw = files(__name__).joinpath(f"{name}.md").read_text(encoding="utf-8")
    _, line, body = raw.partition("\n---\n")
    if not line:
        raise PromptError(f"prompts/{name}.md has no line '---' after the words on who calls it")
    return body.strip(), sha256(raw.encode()).hexdigest()[:12]


def render(name: str, **values: str) -> Prompt:
    """The prompt `name` with every `{{ slot }}` filled in.

    Values are put in as they are and never read for slots themselves, so a card that holds `{{ answer }}` is inert.

    Raises:
        PromptError: the prompt does not exist, a slot has no value, or a value has no slot.
    """
    body, fingerprint = _template(name)
    wanted = set(_SLOT.findall(body))
    if missing := sorted(wanted - set(values)):
        raise PromptError(f"prompt {name!r} lacks a value for {', '.join(missing)}")
    if unused := sorted(set(values) - wanted):
        raise PromptError(f"prompt {name!r} has no slot for {', '.join(unused)}")
    return Prompt(name=name, text=_SLOT.sub(lambda slot: values[slot.group(1)], body), fingerprint=fingerprint)
