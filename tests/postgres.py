"""A PostgreSQL of one's own: a cluster in a temporary folder, on a Unix socket, gone afterwards.

Uses the programs of the system's PostgreSQL, and says plainly where there are none.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

MISSING = "PostgreSQL's programs (initdb, pg_ctl) are not installed; apt-get install postgresql"
_NUMBERS = count(1)


def programs() -> Path | None:
    """The folder with initdb and pg_ctl, the newest version first."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).parent)
    return max(found, default=None, key=lambda path: [int(part) for part in path.parts if part.isdigit()])


@contextmanager
def cluster() -> Iterator[str]:
    """A running cluster: the folder of its socket. PostgreSQL refuses to run as root, so another user is taken then."""
    there = programs()
    assert there is not None, MISSING
    # A socket's path must be short, so it does not lie under pytest's own folders.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    as_user = _as_user(folder)
    data, settings = folder / "data", f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    try:
        _run(*as_user, str(there / "initdb"), "-D", str(data), "-U", "tutor", "-A", "trust", "-E", "UTF8", "-N")
        _run(*as_user, str(there / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"), "-o", settings, "start")
        try:
            yield str(folder)
        finally:
            _run(*as_user, str(there / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_database(folder: str) -> str:
    """The address of an empty database in the cluster whose socket lies in `folder`."""
    import psycopg

    name = f"tutor_{os.getpid()}_{next(_NUMBERS)}"
    with psycopg.connect(f"host={folder} user=tutor dbname=postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")  # type: ignore[arg-type]
    return f"postgresql+psycopg://tutor@/{name}?host={folder}"


def _as_user(folder: Path) -> tuple[str, ...]:
    if os.getuid() != 0:
        return ()
    import pwd

    names = {one.pw_name for one in pwd.getpwall()}
    user = "postgres" if "postgres" in names else "nobody"
    shutil.chown(folder, user)
    return ("setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups")


def _run(*command: str) -> None:
    # The server inherits what its starter holds open; a pipe would be waited for until it stops.
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, check=False, cwd="/")
        said.seek(0)
        assert done.returncode == 0, f"{command}: {said.read().decode(errors='replace')}"
