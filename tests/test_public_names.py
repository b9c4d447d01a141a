"""Every name a package promises in `__all__` exists, and says what it is."""

import importlib

import pytest

PROMISED = {
    "prompts": {"render", "Prompt"},
    "corpus": {"read_deck", "Card", "Deck", "Retriever"},
    "tutor": {"load_settings", "open_tutor"},
    "evals": {"run_suite"},
}


@pytest.mark.parametrize("package", PROMISED)
def test_promised_names_exist_and_are_documented(package: str) -> None:
    module = importlib.import_module(package)
    assert set(module.__all__) >= PROMISED[package]
    for name in module.__all__:
        assert getattr(module, name).__doc__, f"{package}.{name} has no docstring"
