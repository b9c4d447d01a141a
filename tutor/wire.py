"""Connections and their end: who sends too slowly is cut off, and a stopping server finishes what is under way.

Knows nothing of what is asked for. Imports uvicorn, so import it where a server is started.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from time import monotonic, sleep
from typing import TYPE_CHECKING

from uvicorn import Server as UvicornServer
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from types import FrameType

    from uvicorn import Config

    from tutor.guard import Guard

__all__ = ["Patient", "Server"]

log = logging.getLogger(__name__)

HEADERS = 15.0  # seconds for the first line and the headers
FINISH = 120.0  # seconds for what is under way when the process is told to stop: as long as a model may take
SETTLED = 0.5  # seconds without anything under way, in which a page may still ask for what it has begun


class Patient(H11Protocol):
    """Uvicorn's protocol, but a connection on which no whole request has come for a while is closed."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._await()

    def data_received(self, data: bytes) -> None:
        """Begin to wait for the rest of a request, unless it is whole."""
        super().data_received(data)
        if not self._waiting:
            self._stop_waiting()
        elif self._patience is None:
            self._await()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_waiting()
        super().connection_lost(exc)

    @property
    def _waiting(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _await(self) -> None:
        self._patience = self.loop.call_later(HEADERS, self._lapsed)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _lapsed(self) -> None:
        self._patience = None
        if self._waiting and not self.transport.is_closing():
            log.warning("closed a connection that sent no request", extra={"why": "slow headers"})
            self.transport.close()


class Server(UvicornServer):
    """A server that, told to stop, lets `guard` turn new requests away and waits for what is under way."""

    def __init__(self, config: Config, guard: Guard) -> None:
        super().__init__(config)
        self.told = 0
        self._guard = guard

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal drains, the second stops at once: what was said to be saved is on disk already."""
        first, self.told = not self.told, sig
        self._guard.draining = True
        if not first:
            self.force_exit = self.should_exit = True
        threading.Thread(target=self._drain if first else _leave, args=() if first else (sig,), daemon=True).start()

    def _drain(self) -> None:
        until, idle = monotonic() + FINISH, monotonic()
        while monotonic() < until and monotonic() - idle < SETTLED:
            if self._guard.streams:
                idle = monotonic()
            sleep(0.05)
        # Open pages keep a connection that never ends; that they are cut is no fault.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        self.should_exit = True


def _leave(sig: int) -> None:
    # A thread that waits for a model cannot be stopped, and would keep the process.
    sleep(0.5)
    os._exit(128 + sig)
