"""Who may ask for the page, what it may load, how large a request may be, and what a taken port says."""

import socket
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.browser.served import Server
from tutor.assemble import open_tutor
from tutor.config import load_settings
from tutor.errors import ConfigError
from tutor.server import BODY_LIMIT, serve


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """host:port of a running tutor."""
    server = Server(tmp_path_factory.mktemp("home")).start()
    yield server.address.removeprefix("http://").rstrip("/")
    server.kill()


def ask(place: str, path: str = "/", *, method: str = "GET", **sent: str | bytes) -> tuple[int, dict[str, str], bytes]:
    connection = HTTPConnection(place, timeout=20)
    headers = {"Host": str(sent["host"])} if "host" in sent else {}
    body = sent.get("body")
    if body:
        headers["Content-Type"] = "application/json"
    connection.request(method, path, body=body, headers=headers)
    response = connection.getresponse()
    answer = response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    connection.close()
    return answer


def test_health_is_told(place: str) -> None:
    status, _, body = ask(place, "/healthz")
    assert (status, body) == (200, b'{"status":"ok"}')


@pytest.mark.parametrize("path", ["/", "/healthz", "/gradio_api/info", "/no/such/page"])
def test_every_answer_forbids_all_that_is_outside(place: str, path: str) -> None:
    _, headers, _ = ask(place, path)
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http:" not in policy
    assert "https:" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "tutor.local:7860", ""])
def test_foreign_host_names_are_refused(place: str, host: str) -> None:
    assert ask(place, host=host)[0] == 400


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "localhost:1", "[::1]:7860", "LOCALHOST"])
def test_names_of_this_machine_are_answered(place: str, host: str) -> None:
    assert ask(place, "/healthz", host=host)[0] == 200


def test_body_over_the_limit_is_refused(place: str) -> None:
    status, headers, body = ask(place, "/gradio_api/queue/join", method="POST", body=b"x" * (BODY_LIMIT + 1))
    assert status == 413
    assert b"larger than" in body
    assert "content-security-policy" in headers


@pytest.mark.parametrize(
    "path", ["/docs", "/redoc", "/openapi.json", "/gradio_api/file=/etc/passwd", "/gradio_api/file=pyproject.toml"]
)
def test_nothing_but_the_page_is_served(place: str, path: str) -> None:
    status, _, body = ask(place, path)
    assert status in (403, 404, 405)
    assert b"root:" not in body


def test_page_names_no_outside_font_or_script(place: str) -> None:
    _, _, body = ask(place)
    assert b"fonts.googleapis" not in body
    assert b"fonts.gstatic" not in body
    assert b"cdnjs" not in body


def test_port_in_use_is_said_plainly(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with open_tutor(load_settings(), read_only=False) as tutor, pytest.raises(ConfigError) as raised:
            serve(tutor, "127.0.0.1", port, lambda address: None)
    assert f"Port {port} of 127.0.0.1 cannot be used" in str(raised.value)
    assert "--port" in str(raised.value)


def test_address_of_another_machine_is_said_plainly(home: Path) -> None:
    with (
        open_tutor(load_settings()) as tutor,
        pytest.raises(ConfigError, match=r"203\.0\.113\.1"),
    ):
        serve(tutor, "203.0.113.1", 0, lambda address: None)
