"""`tutor chat` in a process of its own, and a wire that reads all it sends."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass
class Server:
    """`tutor chat` on a free port, with a home of its own that outlives it."""

    home: Path
    options: tuple[str, ...] = ()
    address: str = ""
    seconds: float = 0.0
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Server":
        folders = {f"XDG_{name}_HOME": str(self.home / name.lower()) for name in ("DATA", "CONFIG", "CACHE", "STATE")}
        environ = {**os.environ, **folders, "HOME": str(self.home), "PYTHONPATH": str(ROOT)}
        begun = time.monotonic()
        log = self.home / "server.log"
        # Into a file: a pipe that nobody reads fills up and stops the server.
        with log.open("w") as told:
            command = [sys.executable, "-m", "tutor.cli", "chat", "--port", "0", *self.options]
            self.process = subprocess.Popen(command, cwd=self.home, env=environ, stdout=told, stderr=told)
        while self.process.poll() is None and time.monotonic() - begun < 90:
            if found := re.search(r"https?://\S+", log.read_text()):
                self.address = found[0]
                self.seconds = time.monotonic() - begun
                return self
            time.sleep(0.05)
        raise AssertionError(f"the tutor did not start:\n{log.read_text()}")

    def kill(self) -> None:
        """`kill -9`, as a crash or an empty battery would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@dataclass
class Wire:
    """With `with`: a TCP relay before the server that keeps every byte it answers, and asks it not to compress them."""

    port: int
    heard: bytearray = field(default_factory=bytearray)
    address: str = ""
    _ends: list[socket.socket] = field(default_factory=list)
    _over: bool = False

    def __enter__(self) -> "Wire":
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listening.getsockname()[1]}/"
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        for end in (self._listening, *self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        while not self._over:
            try:
                client, _ = self._listening.accept()
                self._ends.append(client)
                server = socket.create_connection(("127.0.0.1", self.port))
                self._ends.append(server)
            except OSError:
                return
            for pair in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._relay, args=pair, daemon=True).start()

    def _relay(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        try:
            while piece := source.recv(65536):
                if answers:
                    self.heard += piece
                else:
                    piece = re.sub(rb"(?i)accept-encoding:", b"x-other-encodin:", piece)
                target.sendall(piece)
        except OSError:
            pass  # reset, as when a request meets the end of an idle connection
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)  # however it ended: a browser that hears of it asks again

    @property
    def words(self) -> str:
        """All letters and digits heard, lower case, with single spaces."""
        text = self.heard.decode("utf-8", "replace").replace("\\n", " ").replace("&#10;", " ")
        return " ".join(re.findall(r"\w+", re.sub(r"<[^>]+>", " ", text).lower()))
