"""The edge of every command line: JSON or words on standard output, faults as one or two lines and an exit code.

Knows nothing of studying; the commands are in `tutor.cli` and `evals.cli`.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer
    from rich.console import Console
    from rich.progress import TaskID

# C0 and C1 controls but newline and tab, line separators, and what turns the direction of writing: text from decks must
# not drive a terminal.
_TURNS = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_CONTROLS = {c: None for c in (*range(9), *range(11, 32), *range(127, 160), 0x2028, 0x2029, *_TURNS)}
_ESCAPED = {c: f"\\u{c:04x}" for c in (9, 10, *_CONTROLS)}


def run(app: "typer.Typer", name: str) -> None:
    """Run `app` and exit with the code of DESIGN.md; a fault prints one or two lines on standard error."""
    import typer

    try:
        code = typer.main.get_command(app).main(prog_name=name, standalone_mode=False)
    except typer.exceptions.TyperException as error:
        code = _misused(name, error)
    except (KeyboardInterrupt, typer.Abort):
        code = _fail(name, "interrupted", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception as error:  # noqa: BLE001 - an edge: nobody should be shown a traceback
        code = _known(name, error)
    sys.exit(code if isinstance(code, int) else 0)


def _misused(name: str, error: "typer.exceptions.TyperException") -> int:
    message = error.format_message()
    if message.startswith("Usage:"):  # no command was named: that is a question, not a fault
        print(message, file=sys.stderr)  # noqa: T201 - this is the terminal's edge
        return error.exit_code
    return _fail(name, f"{message}\nSay --help to see what is possible.", error.exit_code)


def _known(name: str, error: Exception) -> int:
    """Exit code of a fault that has a name; one that has none is written to a file with its traceback."""
    from corpus.errors import CorpusError, IndexBusyError
    from tutor.errors import TutorError

    if isinstance(error, TutorError):
        return _fail(name, str(error), error.exit_code)
    if isinstance(error, CorpusError):
        return _fail(name, str(error), 3 if isinstance(error, IndexBusyError) else 2)
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return _fail(name, f"{where}{error.strerror or error}", 2)
    return _fail(name, f"this is a fault in the program: {type(error).__name__}: {error}\n{_keep_traceback(name)}", 3)


def _keep_traceback(name: str) -> str:
    import traceback

    import platformdirs

    try:
        path = Path(platformdirs.user_log_dir("flashcard-tutor")) / f"{name}-fault.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{datetime.now().astimezone().isoformat()}\n{traceback.format_exc()}", encoding="utf-8")
    except OSError as error:
        return f"Its details could not be written down: {error}"
    return f"Its details are in {path}"


def _fail(name: str, message: str, code: int) -> int:
    first, *others = clean(message).splitlines() or [""]
    if len(others) > 1:
        others = [f"And {len(others)} more faults like this one."]
    print("\n".join([f"{name}: {first}", *others]), file=sys.stderr)  # noqa: T201 - this is the terminal's edge
    return code


def clean(text: str) -> str:
    """`text` without terminal escapes and bidirectional overrides."""
    return text.translate(_CONTROLS)


def inert(text: str) -> str:
    """`text` on one line, with what `clean` takes out written as escapes."""
    return text.translate(_ESCAPED)


def put_json(value: object) -> None:
    """One JSON object on one line of standard output; dataclasses, dates and paths are understood."""
    sys.stdout.write(inert(json.dumps(value, ensure_ascii=False, default=_plain)) + "\n")
    sys.stdout.flush()


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, frozenset | set):
        return sorted(value)
    return str(value)


def console(*, stderr: bool = False) -> "Console":
    """A rich console that reads no markup in what it is given: card text is data."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=False)


def table(columns: list[str], rows: list[list[str]]) -> None:
    """Print a table; figures (columns whose cells are all numbers) stand to the right."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    grid = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, int(len(columns) < 9)))  # ten columns fit 80 letters
    for place, column in enumerate(columns):
        figures = all(row[place].replace(".", "").replace("%", "").isdigit() for row in rows)
        grid.add_column(column, justify="right" if figures else "left", overflow="fold")
    for row in rows:
        grid.add_row(*(clean(cell) for cell in row))
    console().print(grid)


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error that appears at the first report and goes when done; silent where nobody watches."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    screen = console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal)
    tasks: list[TaskID] = []

    def report(done: int, total: int) -> None:
        if not tasks:
            tasks.append(bar.add_task(label, total=total))
            bar.start()
        bar.update(tasks[0], completed=done, total=total)
        if done >= total:
            bar.live.stop()

    try:
        yield report
    finally:
        bar.live.stop()
