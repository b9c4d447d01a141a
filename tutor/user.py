"""The commands about who may sign in: `tutor user add`, `list`, `remove`. The file they keep is in `tutor.names`."""

import sys
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tutor.options import AsJson, Config, settings_of
from tutor.terminal import clean, put_json

if TYPE_CHECKING:
    from tutor.names import Names

app = typer.Typer(no_args_is_help=True, help="Say who may sign in where the page is served to others.")
Name = Annotated[str, typer.Argument(help="The name she signs in with.")]


def _names(config: Path | None) -> "tuple[Names, bool]":
    """The file of names, and whether the configuration knows of it."""
    from tutor.names import Names

    settings = settings_of(config)
    said = settings.server.auth
    return Names(Path(said) if said else settings.data_dir / "names"), bool(said)


@app.command()
def add(name: Name, config: Config = None) -> None:
    """Let somebody sign in, or give her a new password; it is asked for, or read from standard input."""
    names, known = _names(config)
    if sys.stdin.isatty():
        password = getpass("Password: ")
        if getpass("Once more: ") != password:
            raise typer.BadParameter("the two passwords differ; nothing was changed")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    new = names.add(name, password)
    typer.echo(clean(f"{name} {'may sign in' if new else 'has a new password'}."))
    if not known:
        typer.echo(
            clean(f'Set auth = "{names.path}" in [server] of tutor.toml, so that the page asks for it.'), err=True
        )


@app.command("list")
def list_(config: Config = None, as_json: AsJson = False) -> None:
    """Say who may sign in."""
    names, _ = _names(config)
    for name in sorted(names.hashes()):
        if as_json:
            put_json({"name": name})
        else:
            typer.echo(clean(name))


@app.command()
def remove(name: Name, config: Config = None) -> None:
    """Let somebody in no more, at once; her history stays (`tutor erase` removes that)."""
    names, _ = _names(config)
    if not names.remove(name):
        raise typer.BadParameter(f"{name} is not among those who may sign in; tutor user list shows them")
    typer.echo(clean(f"{name} may no longer sign in."))
