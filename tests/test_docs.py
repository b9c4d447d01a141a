"""Docs are checked: what they name exists, what exists is named, and their blocks run."""

import doctest
import importlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from pydantic import BaseModel

from tutor.config import Settings, load_settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = {"tutor.cli": "tutor", "evals.cli": "tutor-evals"}


@cache
def _help(module: str, *arguments: str) -> str:
    command = [sys.executable, "-m", module, *arguments, "--help"]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout


def _commands(module: str) -> dict[str, str]:
    """Each command with its line of help."""
    listing = _help(module).partition("Commands:")[2]
    return {name: text for name, text in re.findall(r"^  ([\w-]+)\s+(\S.*)$", listing, re.MULTILINE)}


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("module", COMMANDS)
def test_every_command_and_option_has_help(module: str) -> None:
    for name in _commands(module):
        options = _help(module, name).partition("Options:")[2]
        bare = re.findall(r"^  (--[\w-]+)(?:, --no-[\w-]+)?(?: [A-Z]+)?\s*$(?!\n {8,})", options, re.MULTILINE)
        assert not bare, f"{name}: {bare} without help"


@pytest.mark.parametrize("module", COMMANDS)
def test_every_command_is_in_the_architecture(module: str) -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    missing = [name for name in _commands(module) if f"`{COMMANDS[module]} {name}" not in text]
    assert not missing


def test_every_command_the_readme_shows_exists() -> None:
    shown = re.findall(r"(?:\.venv/bin/)(tutor(?:-evals)?) ([\w-]+)", README)
    assert shown
    for program, name in shown:
        module = next(module for module, known in COMMANDS.items() if known == program)
        assert name in _commands(module), f"{program} {name}"


def test_every_make_target_the_readme_shows_exists() -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    shown = set(re.findall(r"\bmake ([a-z][\w-]*)\b(?= |`|$)", README, re.MULTILINE)) - {"are", "is"}
    assert shown <= targets, shown - targets


def test_help_is_shown_for_every_make_target() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert phony is not None
    silent = [name for name in phony.group(1).split() if not re.search(rf"^{name}:.*## \S", text, re.MULTILINE)]
    assert not silent


@pytest.mark.parametrize("block", _blocks("toml"))
def test_configurations_in_the_readme_load(block: str, home: Path) -> None:
    (home / "tutor.toml").write_text(block, encoding="utf-8")
    settings = load_settings(home / "tutor.toml", environ={})
    assert settings.profile is not None
    assert settings.profile.where
    assert sum(bool(line.strip()) and not line.startswith("#") for line in block.splitlines()) <= 4


def test_every_kind_of_model_server_has_an_example_that_loads(home: Path) -> None:
    text = (ROOT / "tutor.example.toml").read_text(encoding="utf-8")
    (home / "tutor.toml").write_text(text, encoding="utf-8")
    listed = load_settings(home / "tutor.toml", environ={}).models
    wanted = {"openai", "azure", "ollama", "llamacpp", "vllm", "lmstudio", "gateway", "anthropic"}
    assert wanted <= set(listed)
    assert {listed[name].provider for name in wanted} == {"openai", "azure", "anthropic"}
    shown: set[str] = set()
    for block in _blocks("toml"):
        (home / "tutor.toml").write_text(block, encoding="utf-8")
        settings = load_settings(home / "tutor.toml", environ={})
        shown |= {f"{profile.provider} {profile.where}" for profile in settings.models.values()}
    assert len(shown) == len(wanted)


def _keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _keys(kind, f"{prefix}{name}.")
        elif name not in ("models", "name", "source"):
            yield f"{prefix}{name}"


def test_the_example_configuration_loads_and_names_every_key(home: Path) -> None:
    text = (ROOT / "tutor.example.toml").read_text(encoding="utf-8")
    (home / "tutor.toml").write_text(text, encoding="utf-8")
    load_settings(home / "tutor.toml", environ={})
    everything = tomllib.loads(re.sub(r"^# (\w+ = )", r"\1", text, flags=re.MULTILINE))
    for key in _keys(Settings):
        section, _, name = key.rpartition(".")
        assert name in (everything[section] if section else everything), key


def test_links_between_the_documents_lead_somewhere() -> None:
    for name in ("README.md", "ARCHITECTURE.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
            assert (ROOT / target).exists(), f"{name} links to {target}"


def test_lock_names_no_host_and_no_pytorch() -> None:
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert "://" not in lock
    assert not re.search(r"^(torch|nvidia-|sentence-transformers)", lock, re.MULTILINE)
    pinned = re.findall(r"^[a-z0-9][\w.-]*==", lock, re.MULTILINE)
    assert len(pinned) > 100
    assert lock.count("--hash=sha256:") >= len(pinned)


@pytest.mark.parametrize(
    "path",
    sorted(
        p
        for name in ("tutor", "corpus", "prompts", "evals")
        for p in (ROOT / name).rglob("*.py")
        if ">>> " in p.read_text(encoding="utf-8")
    ),
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_examples_in_docstrings_hold(path: Path) -> None:
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    failed, tried = doctest.testmod(module)
    assert tried
    assert not failed
