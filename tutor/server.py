"""The ASGI app around the page, its health and counters, and the process that serves it until it is told to stop.

Decides nothing about studying, and lets no Gradio feature reach outside this machine. Who may ask for what is in
`tutor.guard`.
"""

from __future__ import annotations

import contextlib
import ctypes
import inspect
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from time import monotonic, sleep
from types import ModuleType
from typing import TYPE_CHECKING

from corpus.errors import EmbeddingError
from tutor.access import Door, Sessions
from tutor.bodies import UPLOAD_LIMIT, Uploads
from tutor.errors import ConfigError, ModelError, StoreError
from tutor.guard import Guard, Limits
from tutor.hosts import Hosts, loopback
from tutor.logbook import keep
from tutor.metrics import KIND, Metrics
from tutor.names import Names

if TYPE_CHECKING:
    import gradio
    from fastapi import FastAPI

    from corpus.card import Card
    from tutor.assemble import Tutor
    from tutor.settings import ServerSettings
    from tutor.wire import Server

__all__ = ["create_app", "preload", "serve"]

log = logging.getLogger(__name__)

M_ARENA_MAX = -8  # glibc's number for how many heaps there may be

# Read by Gradio and huggingface_hub when they are imported: no statistics, no look-ups, no record of what was typed.
QUIET = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_MCP_SERVER": "False",
    "GRADIO_RUN_HISTORY": "False",
    "GRADIO_SSR_MODE": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
}
CONNECTIONS = 2_000
FIRST = 30  # cards that are looked at before it is said to be ready: a class that starts together meets these
_LOOK = 2.0  # seconds between two looks whether there are other decks


def preload() -> None:
    """Import what the page needs, which takes seconds; safe to call early and from another thread."""
    os.environ.update(QUIET)
    _few_heaps()
    if _Stubless not in sys.meta_path:
        sys.meta_path.insert(0, _Stubless)
    import fastapi  # noqa: F401
    import gradio  # noqa: F401
    import uvicorn  # noqa: F401


class _Stubless(SourceFileLoader):
    """Leaves out what Gradio does for editors alone: type stubs of every widget, which its package holds already.

    It would write them anew at every import, which takes as long as the rest of the import; nobody may write there
    where the package is another user's.
    """

    @classmethod
    def find_spec(cls, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """The one module that writes them, with this loader."""
        found = PathFinder.find_spec(name, path, target) if name == "gradio.component_meta" else None
        if found is not None and found.origin is not None and isinstance(found.loader, SourceFileLoader):
            found.loader = cls(name, found.origin)
        return found

    def exec_module(self, module: ModuleType) -> None:
        """Load it, without the function that writes."""
        super().exec_module(module)
        vars(module)["create_or_modify_pyi"] = lambda *_: None


def _few_heaps() -> None:
    """Tell glibc to keep two heaps, not eight a core: each thread that answers a learner would keep what it once took.

    Measured over 300 sittings: 574 MB, not 615. Elsewhere there is nothing to tell.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)


def create_app(tutor: Tutor, *, host: str = "127.0.0.1") -> Guard:
    """The page of `tutor` as an ASGI app that answers to loopback names, `host` and `[server] allowed_hosts` only.

    Raises:
        ConfigError: other machines could reach it and nobody has to sign in, or the file of names is wrong.
    """
    door = _door(tutor.settings.server, host)
    preload()
    # Dropped files stay in the learner's own folder, and only until they are copied into her library.
    os.environ["GRADIO_TEMP_DIR"] = str(tutor.settings.cache_dir / "dropped")
    import gradio
    from fastapi import FastAPI

    from corpus.read import SUFFIXES
    from tutor.ui import build, look
    from tutor.ui.german import LANGUAGES

    said, words = tutor.settings.server, LANGUAGES[tutor.settings.study.language]
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    page = build(tutor, metrics := _metrics(tutor, door, lambda: guard), signed_in=door is not None)
    page.state_session_capacity = 300
    gradio.mount_gradio_app(
        _with_health(app, tutor, metrics, lambda: guard),
        page,
        path="/",
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
        auth_dependency=lambda request: request.scope["learner"],
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        mcp_server=False,
        ssr_mode=False,
        show_error=False,
        max_file_size=UPLOAD_LIMIT,
        allowed_paths=[],
        blocked_paths=[str(tutor.settings.data_dir), ".env"],
        **look(words),
    )
    _known_signatures(page)
    guard = Guard(
        app,
        hosts=Hosts(host, said.allowed_hosts),
        limits=Limits(said.rate),
        uploads=Uploads(suffixes=SUFFIXES),
        door=door,
        busy=lambda: len(page._queue) >= said.queue,
        number=tutor.store.number,
        counted=metrics.request,
        words=words,
    )
    return guard


def _known_signatures(page: gradio.Blocks) -> None:
    """Keep the signatures of the widgets' constructors: Gradio works them out anew for every widget it paints."""
    for kind in {kind for block in page.blocks.values() for kind in type(block).__mro__}:
        made = inspect.unwrap(vars(kind).get("__init__", object))
        if inspect.isfunction(made) and made.__module__.startswith("gradio."):
            made.__signature__ = inspect.signature(made)  # type: ignore[attr-defined]


def _door(said: ServerSettings, host: str) -> Door | None:
    """Who may come in; None where all who reach the page may."""
    if not said.auth:
        if not loopback(host):
            raise ConfigError(
                f"--host {host} lets other machines in, and nobody would have to sign in. Say tutor user add NAME and "
                'set auth in [server] to the file it names, or stay on host = "127.0.0.1".'
            )
        return None
    names = Names(Path(said.auth))
    if not names.hashes():
        raise ConfigError(f"[server] auth: {said.auth} names nobody. Say tutor user add NAME.")
    sessions = Sessions(names, idle=said.idle_minutes * 60, whole=said.session_hours * 3600)
    return Door(names, sessions, secure=bool(said.certificate))


def _metrics(tutor: Tutor, door: Door | None, guard: Callable[[], Guard]) -> Metrics:
    gauges: dict[str, tuple[str, Callable[[], float]]] = {
        "tutor_turns_open": ("Turns that are under way or wait.", lambda: guard().streams),
        "tutor_tabs_open": ("Open pages.", lambda: guard().open_tabs),
        "tutor_sessions": ("Signed-in browsers.", lambda: len(door.sessions) if door is not None else 0),
    }
    return Metrics(gauges, lambda: tutor.ledger.faults)


def _with_health(app: FastAPI, tutor: Tutor, metrics: Metrics, guard: Callable[[], Guard]) -> FastAPI:
    from fastapi.responses import JSONResponse, PlainTextResponse

    @app.get("/healthz")
    def health() -> JSONResponse:
        return JSONResponse({"status": "ok"})

    @app.get("/readyz")
    def ready() -> JSONResponse:
        parts = {"parts": guard().warm, "database": _writable(tutor), "stopping": not guard().draining}
        waits_for = [what for what, done in parts.items() if not done]
        return JSONResponse(
            {"status": "waiting" if waits_for else "ready", "waits_for": waits_for}, 503 if waits_for else 200
        )

    @app.get("/metrics")
    def counters() -> PlainTextResponse:
        if not tutor.settings.server.metrics:
            return PlainTextResponse("There is nothing here.", 404)
        return PlainTextResponse(metrics.text(), media_type=KIND)

    return app


def _writable(tutor: Tutor) -> bool:
    try:
        tutor.store.check_writable()
    except StoreError as error:
        log.error("the database cannot be written: %s", error)
        return False
    return True


def serve(tutor: Tutor, host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Serve the page until the process is told to stop; `on_ready(address)` once a first GET would succeed.

    Port 0 takes any free one. Told to stop, it finishes what is under way; told twice, it stops at once.

    Raises:
        ConfigError: the address, the port or the certificate cannot be had, or nobody would have to sign in.
        KeyboardInterrupt: it was stopped from the keyboard.
    """
    said = tutor.settings.server
    _door(said, host)
    _check_certificate(said)
    listening = _listen(host, port)
    try:
        guard = create_app(tutor, host=host)
        keep(said.log, texts=said.log_texts)
        import uvicorn

        from tutor.wire import Patient, Server

        config = uvicorn.Config(
            guard, log_config=None, access_log=False, server_header=False, ws="none", http=Patient,
            proxy_headers=said.behind_proxy, timeout_graceful_shutdown=1, limit_concurrency=CONNECTIONS,
            ssl_certfile=said.certificate or None, ssl_keyfile=said.certificate_key or None,
        )  # fmt: skip
        server = Server(config, guard)
        shown = f"[{host}]" if ":" in host else host
        address = f"http{'s' if said.certificate else ''}://{shown}:{listening.getsockname()[1]}/"
        threading.Thread(target=_announce, args=(server, tutor, guard, address, on_ready), daemon=True).start()
        server.run(sockets=[listening])
    finally:
        listening.close()
    if server.told == signal.SIGINT:
        raise KeyboardInterrupt


def _check_certificate(said: ServerSettings) -> None:
    from ssl import PROTOCOL_TLS_SERVER, SSLContext

    if said.certificate_key and not said.certificate:
        raise ConfigError("[server] certificate_key is set and certificate is not. Set both, or neither.")
    try:
        if said.certificate:
            SSLContext(PROTOCOL_TLS_SERVER).load_cert_chain(said.certificate, said.certificate_key or None)
    except OSError as error:
        raise ConfigError(f"[server] certificate {said.certificate} cannot be used with its key: {error}.") from None


def _listen(host: str, port: int) -> socket.socket:
    """A bound socket, taken before the slow imports so that a port in use is said at once."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, proto)
    except OSError as error:
        raise ConfigError(f"--host {host}: this is no address of this machine ({error}).") from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise ConfigError(
            f"Port {port} of {host} cannot be used: {error.strerror or error}. "
            f"Another tutor may be running there; stop it or choose another port with --port {port + 1}."
        ) from error
    return listening


def _announce(server: Server, tutor: Tutor, guard: Guard, address: str, on_ready: Callable[[str], None]) -> None:
    """Wait until the server answers, say so, then open the heavy parts while the learner reads her first question."""
    from http.client import HTTPConnection, HTTPSConnection
    from ssl import _create_unverified_context
    from urllib.parse import urlsplit

    place = urlsplit(address)
    name = place.hostname or ""
    reach = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(name, name)
    until = monotonic() + 60
    while not server.started and not server.should_exit and monotonic() < until:
        sleep(0.01)
    # It is our own certificate, and made for another name than this address.
    connection = HTTPConnection(reach, place.port, timeout=30)
    if place.scheme == "https":
        connection = HTTPSConnection(reach, place.port, timeout=30, context=_create_unverified_context())
    try:
        # The first GET fills the template and is the slowest; the learner should not be the one to wait for it.
        connection.request("GET", "/")
        connection.getresponse().read()
    except OSError as error:
        log.warning("the page did not answer at %s: %s", address, error)
        return
    finally:
        connection.close()
    on_ready(address)
    tutor.warm(FIRST if tutor.settings.server.auth else 0)
    guard.warm = True
    if tutor.settings.index.queries:
        _expand(server, tutor)


def _expand(server: Server, tutor: Tutor) -> None:
    """Has the model write learners' questions for the cards that have none, now and after each change of the decks."""
    known: tuple[Card, ...] | None = None
    while not server.should_exit:
        cards = tutor.cards
        if cards is not known and tutor.settings.profile is not None:
            known = cards
            try:
                tutor.expand()
                _ = tutor.retriever.index  # what is new is embedded here, not while somebody waits
            except (ConfigError, ModelError, EmbeddingError) as error:
                log.warning("no further questions of learners are written for the cards: %s", error)
        sleep(_LOOK)
