"""The options that several commands share, and how a command opens its tutor."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tutor.terminal import progress_bar

if TYPE_CHECKING:
    from tutor.assemble import Tutor
    from tutor.settings import Settings

Config = Annotated[Path | None, typer.Option("--config", help="The configuration (default: ./tutor.toml if there).")]
Model = Annotated[str | None, typer.Option("--model", help="The model profile to use; 'none' studies without one.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Paths = Annotated[list[Path] | None, typer.Argument(help="Deck files or folders (default: your decks).")]
DeckFiles = Annotated[list[Path] | None, typer.Option("--deck", help="A deck file or folder instead of your decks.")]
Learner = Annotated[str, typer.Option("--learner", help="Whose history (default: yours).")]
DeckNames = Annotated[list[str] | None, typer.Option("--deck", help="Only this deck: its name or its file's name.")]


def settings_of(config: Path | None, model: str | None = None) -> "Settings":
    """What `--config` and `--model` come to."""
    from tutor.config import load_settings

    return load_settings(config, model=model)


@contextmanager
def tutor_of(settings: "Settings", decks: list[Path] | None = None, *, read_only: bool = True) -> "Iterator[Tutor]":
    """An open tutor, with a bar on the terminal while cards are indexed."""
    from tutor.database import check_free

    if not read_only:
        check_free(settings.store.url)
    from tutor.assemble import open_tutor

    with (
        progress_bar("Indexing cards") as progress,
        open_tutor(settings, decks=tuple(decks or ()), progress=progress, read_only=read_only) as tutor,
    ):
        yield tutor
