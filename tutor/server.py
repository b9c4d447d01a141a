"""The ASGI app around the page: who may ask for it, what it may load, how large a request may be, and its health.

Decides nothing about studying, and lets no Gradio feature reach outside this machine.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tutor.errors import ConfigError

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tutor.assemble import Tutor

__all__ = ["create_app", "preload", "serve"]

log = logging.getLogger(__name__)

# Read by Gradio and huggingface_hub when they are imported: no statistics, no look-ups, no record of what was typed.
QUIET = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_MCP_SERVER": "False",
    "GRADIO_RUN_HISTORY": "False",
    "GRADIO_SSR_MODE": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
}
# Gradio writes inline scripts and styles and makes functions from text, so 'unsafe-inline' and 'unsafe-eval' have to
# stay; what matters is that nothing can be loaded from, or sent to, any other place.
HEADERS = {
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; media-src 'self'; connect-src 'self'; "
        "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; "
        "frame-src 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
BODY_LIMIT = 1_000_000
UPLOAD_LIMIT = 50_000_000
UPLOAD_PATH = "/gradio_api/upload"
LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")
ANYWHERE = ("0.0.0.0", "::", "")


class TooLarge(Exception):
    """A request's body is larger than its path allows."""


class Guard:
    """Sets the headers above on every response and refuses bodies over the limit with 413."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = UPLOAD_LIMIT if scope["path"].startswith(UPLOAD_PATH) else BODY_LIMIT
        told = dict(scope["headers"]).get(b"content-length", b"0")
        started = False
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                raise TooLarge
            return message

        async def dressed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                kept = [(name, value) for name, value in message["headers"] if name.decode("latin-1") not in HEADERS]
                message["headers"] = [*kept, *((name.encode(), value.encode()) for name, value in HEADERS.items())]
            await send(message)

        try:
            if told.isdigit() and int(told) > limit:
                raise TooLarge
            await self.app(scope, counted, dressed)
        except TooLarge:
            log.warning("refused a body over %d bytes on %s", limit, scope["path"])
            if not started:
                await _plain(dressed, 413, f"The request is larger than {limit:,} bytes.")


async def _plain(send: Send, status: int, text: str) -> None:
    body = text.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def preload() -> None:
    """Import what the page needs, which takes seconds; safe to call early and from another thread."""
    os.environ.update(QUIET)
    import fastapi  # noqa: F401
    import gradio  # noqa: F401
    import uvicorn  # noqa: F401


def create_app(tutor: Tutor, *, host: str = "127.0.0.1") -> FastAPI:
    """The page of `tutor` as an ASGI app that answers to loopback names, `host` and `[server] allowed_hosts` only."""
    preload()
    # Dropped files stay in the learner's own folder, and only until they are copied into her library.
    os.environ["GRADIO_TEMP_DIR"] = str(tutor.settings.cache_dir / "dropped")
    import gradio
    from fastapi import FastAPI
    from fastapi.responses import JSONResponse
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    from tutor.ui import build, look

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/healthz")
    def health() -> JSONResponse:
        return JSONResponse({"status": "ok"})

    page = build(tutor)
    page.state_session_capacity = 500
    gradio.mount_gradio_app(
        app,
        page,
        path="/",
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        mcp_server=False,
        ssr_mode=False,
        show_error=False,
        max_file_size=UPLOAD_LIMIT,
        allowed_paths=[],
        blocked_paths=[str(tutor.settings.data_dir)],
        **look(),
    )
    names = {*LOOPBACK, host, *tutor.settings.server.allowed_hosts} - set(ANYWHERE)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=sorted(names), www_redirect=False)
    app.add_middleware(Guard)
    return app


def serve(tutor: Tutor, host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Serve the page until the process is told to stop; `on_ready(address)` once a first GET would succeed.

    Port 0 takes any free one.

    Raises:
        ConfigError: the address or the port cannot be had.
    """
    listening = _listen(host, port)
    try:
        app = create_app(tutor, host=host)
        import uvicorn

        config = uvicorn.Config(app, log_level="warning", server_header=False, ws="none", timeout_graceful_shutdown=5)
        server = uvicorn.Server(config)
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{listening.getsockname()[1]}/"
        threading.Thread(target=_announce, args=(server, tutor, address, on_ready), daemon=True).start()
        server.run(sockets=[listening])
    finally:
        listening.close()


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


def _announce(server: Any, tutor: Tutor, address: str, on_ready: Callable[[str], None]) -> None:  # noqa: ANN401
    """Wait until the server answers, say so, then open the heavy parts while the learner reads her first question."""
    from http.client import HTTPConnection
    from time import monotonic, sleep
    from urllib.parse import urlsplit

    place = urlsplit(address)
    name = place.hostname or ""
    reach = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(name, name)
    until = monotonic() + 60
    while not server.started and not server.should_exit and monotonic() < until:
        sleep(0.01)
    connection = HTTPConnection(reach, place.port or 80, timeout=30)
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
    tutor.warm()
