"""Prompts are strict about their values and inert about what is put into them."""

import re
from pathlib import Path

import pytest

import prompts
from prompts import PromptError, names, render

ROOT = Path(__file__).parents[2]


def _slots(name: str) -> dict[str, str]:
    text = (ROOT / "prompts" / f"{name}.md").read_text(encoding="utf-8").partition("\n---\n")[2]
    return {slot: f"<{slot}>" for slot in re.findall(r"\{\{\s*(\w+)\s*\}\}", text)}


@pytest.mark.parametrize("name", names())
def test_every_prompt_renders_with_its_values_and_hides_who_calls_it(name: str) -> None:
    values = _slots(name)
    prompt = render(name, **values)
    assert all(value in prompt.text for value in values.values())
    assert "---" not in prompt.text.splitlines()[:1]
    assert re.fullmatch(r"[0-9a-f]{12}", prompt.fingerprint)


@pytest.mark.parametrize("name", names())
def test_every_prompt_says_which_file_calls_it_and_that_file_does(name: str) -> None:
    head = (ROOT / "prompts" / f"{name}.md").read_text(encoding="utf-8").partition("\n---\n")[0]
    callers = re.findall(r"(?:tutor|corpus|evals)/[\w/]+\.py", head)
    assert callers, f"prompts/{name}.md does not name its caller"
    assert any(f'"{name}"' in (ROOT / caller).read_text(encoding="utf-8") for caller in callers)


def test_missing_and_unused_values_are_errors() -> None:
    name = names()[0]
    values = _slots(name)
    with pytest.raises(PromptError, match="no slot for surplus"):
        render(name, **values, surplus="x")
    values.popitem()
    with pytest.raises(PromptError, match="lacks a value"):
        render(name, **values)


def test_unknown_prompt_names_the_ones_there_are() -> None:
    with pytest.raises(PromptError, match=names()[0]):
        render("nonsense")


def test_a_value_that_looks_like_a_slot_is_left_alone() -> None:
    name = names()[0]
    values = dict.fromkeys(_slots(name), "{{ answer }}")
    assert "{{ answer }}" in render(name, **values).text


def test_public_names_are_all_there() -> None:
    assert sorted(prompts.__all__) == prompts.__all__ or set(prompts.__all__) <= set(dir(prompts))
