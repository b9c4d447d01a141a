"""What leaves the machine: every name look-up and connection of a whole run, in it and in the processes it starts."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loopback import Loopback

WATCH = """
import os, sys
LOG = os.open(os.environ["WATCHED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
def watch(event, args):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.sendto"):
        os.write(LOG, f"{event} {args[-1] if event == 'socket.sendto' else args[0]}\\n".encode())
    elif event == "socket.connect" and isinstance(args[1], tuple):
        os.write(LOG, f"{event} {args[1][0]}:{args[1][1]}\\n".encode())
sys.addaudithook(watch)
"""
RUN = """
import sitecustomize, os
from tutor.assemble import open_tutor
from tutor.config import load_settings
for name in ("none", "local"):
    os.write(sitecustomize.LOG, f"use {name}\\n".encode())
    with open_tutor(load_settings(model=name)) as tutor:
        print(repr(list(tutor.ask("What is dropout?"))[-1].model))
        tutor.grade(tutor.cards[0], "it has to do with neurons")
"""


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback() as running:
        yield running


def test_nothing_is_contacted_but_the_loopback_server_of_the_profile(home: Path, server: Loopback) -> None:
    (home / "tutor.toml").write_text(f'[models.local]\nmodel = "m"\nbase_url = "{server.url}"\n')
    (home / "watch").mkdir()
    (home / "watch" / "sitecustomize.py").write_text(WATCH)
    stray = {"LANGSMITH_TRACING": "true", "LANGSMITH_API_KEY": "x", "OPENAI_API_KEY": "x", "HTTPS_PROXY": "http://p:9"}
    environ = {**os.environ, **stray, "PYTHONPATH": str(home / "watch"), "WATCHED": str(home / "log")}
    done = subprocess.run(
        [sys.executable, "-c", RUN], env=environ, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["''", "'m'"]
    before, _, with_model = (home / "log").read_text().partition("use local\n")
    assert before == "use none\n"
    assert set(with_model.splitlines()) == {f"socket.connect 127.0.0.1:{server.port}"}
