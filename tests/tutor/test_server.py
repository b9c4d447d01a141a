"""Who may ask for the page, what it may load, how large a request may be, its health, its log, and how it stops."""

import json
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from http.client import HTTPSConnection
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.browser.served import Server
from tests.loopback import Loopback, says
from tests.stocked import with_index
from tests.visitor import Visitor
from tutor.assemble import open_tutor
from tutor.bodies import BODY_LIMIT
from tutor.config import load_settings
from tutor.errors import ConfigError
from tutor.names import Names
from tutor.server import _Stubless, serve


def begun(home: Path, said: str = "", more: str = "") -> tuple[Server, Visitor]:
    """A tutor with these lines under [server]."""
    (home / "tutor.toml").write_text(f"{more}\n[server]\n{said}\n")
    server = Server(home, ("--config", str(home / "tutor.toml"))).start()
    return server, Visitor(server.address.partition("://")[2].rstrip("/"))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, index_home: Path) -> Iterator[Visitor]:
    """A visitor of a tutor that logs a line for every request, and counts."""
    server, visitor = begun(with_index(tmp_path_factory.mktemp("home"), index_home), 'log = "json"\nmetrics = true')
    visitor.home = server.home  # type: ignore[attr-defined]
    yield visitor
    server.kill()


def test_health_is_told(page: Visitor) -> None:
    assert page.ask("GET", "/healthz").body == b'{"status":"ok"}'


def test_ready_is_told_once_every_part_is_open(page: Visitor) -> None:
    until = time.monotonic() + 60
    while (told := page.ask("GET", "/readyz")).status == 503 and time.monotonic() < until:
        assert "parts" in told.json["waits_for"]
        time.sleep(0.2)
    assert told.json == {"status": "ready", "waits_for": []}


@pytest.mark.parametrize("path", ["/", "/healthz", "/gradio_api/info", "/no/such/page"])
def test_every_answer_forbids_all_that_is_outside(page: Visitor, path: str) -> None:
    headers = page.ask("GET", path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http:" not in policy
    assert "https:" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-request-id"]


def test_body_over_the_limit_is_refused(page: Visitor) -> None:
    told = page.ask("POST", "/gradio_api/queue/join", b"x" * (BODY_LIMIT + 1))
    assert told.status == 413
    assert b"larger than" in told.body


def test_page_names_no_outside_font_or_script(page: Visitor) -> None:
    body = page.ask("GET", "/").body
    assert not re.search(rb"fonts\.googleapis|fonts\.gstatic|cdnjs|api\.gradio\.app|huggingface\.co/gradio", body)


def test_counters_tell_requests_grades_and_waits(page: Visitor) -> None:
    page.open()
    page.do("dont-know", "click")
    told = page.ask("GET", "/metrics").body.decode()
    assert 'tutor_requests_total{route="join",status="200"}' in told
    assert re.search(r"tutor_first_words_seconds_count [1-9]", told)
    assert "tutor_grades_total{" in told
    assert "tutor_sessions 0" in told
    assert "tutor_model_faults" in told


def test_log_tells_moves_by_number_and_holds_no_text(page: Visitor) -> None:
    visitor = Visitor(page.place)
    visitor.open()
    visitor.do("commit", "click", "my very own xylophone\x1b[31m")
    lines = (page.home / "server.log").read_text()  # type: ignore[attr-defined]
    rows = [json.loads(line) for line in lines.splitlines() if line.startswith("{")]
    moved = next(row for row in rows if row.get("move") == "Commit")
    assert moved["learner"] == 1
    assert moved["request"] in {row.get("request") for row in rows if row.get("route") == "join"}
    assert "xylophone" not in lines
    assert "\x1b" not in lines


def test_counters_and_signing_in_are_closed_unless_asked_for(indexed: Path) -> None:
    server, visitor = begun(indexed)
    try:
        assert visitor.ask("GET", "/metrics").status == 404
        assert visitor.ask("GET", "/login").status == 404
    finally:
        server.kill()


def test_what_gradio_would_write_at_every_start_is_still_where_it_is_left_out() -> None:
    gradio = find_spec("gradio")
    assert gradio is not None
    found = _Stubless.find_spec("gradio.component_meta", gradio.submodule_search_locations)
    assert found is not None
    assert isinstance(found.loader, _Stubless)
    assert "def create_or_modify_pyi(" in Path(found.origin or "").read_text(encoding="utf-8")


def test_port_in_use_is_said_plainly(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with open_tutor(load_settings(), read_only=False) as tutor, pytest.raises(ConfigError) as raised:
            serve(tutor, "127.0.0.1", port, lambda address: None)
    assert f"Port {port} of 127.0.0.1 cannot be used" in str(raised.value)
    assert "--port" in str(raised.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "203.0.113.1", ""])
def test_other_machines_are_not_let_in_where_nobody_signs_in(home: Path, host: str) -> None:
    with open_tutor(load_settings()) as tutor, pytest.raises(ConfigError, match="tutor user add") as raised:
        serve(tutor, host, 0, lambda address: None)
    assert raised.value.exit_code == 2
    assert "\n" not in str(raised.value)


SLOW = '[model]\nuse = "slow"\n[models.slow]\nmodel = "m"\nbase_url = "{url}"\n'


@pytest.mark.parametrize("times", [1, 2])
def test_stop_finishes_the_grade_and_a_second_stop_does_not_wait(indexed: Path, times: int) -> None:
    with Loopback() as model:
        model.play(*[says("1 made", wait=4.0)] * 3)
        server, visitor = begun(indexed, "", SLOW.format(url=model.url))
        assert server.process is not None
        visitor.open()
        joined = visitor.join("commit", "click", "it has to do with neurons")
        heard: list[str] = []
        listening = threading.Thread(target=lambda: heard.extend(message["msg"] for message in visitor.heard()))
        listening.start()
        until = time.monotonic() + 20
        while not model.requests and time.monotonic() < until:
            time.sleep(0.05)
        assert joined.status == 200
        began = time.monotonic()
        for at in range(times):
            time.sleep(0.5 * at)
            server.process.send_signal(signal.SIGTERM)
        if times == 1:
            time.sleep(0.3)
            told = Visitor(visitor.place).ask("GET", "/")
            assert (told.status, b"stopping" in told.body) == (503, True)
        code = server.process.wait(30)
        listening.join(20)
        if times == 1:
            assert code == 0
            assert heard[-1] == "process_completed"
        else:
            assert time.monotonic() - began < 3


def test_certificate_that_is_none_is_said_plainly(home: Path) -> None:
    (home / "tutor.toml").write_text('[server]\ncertificate = "missing.pem"\n')
    with open_tutor(load_settings()) as tutor, pytest.raises(ConfigError, match="certificate"):
        serve(tutor, "127.0.0.1", 0, lambda address: None)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
def test_page_is_served_by_tls_with_a_cookie_for_tls_alone(indexed: Path) -> None:
    home = indexed
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout key.pem -out cert.pem"
    subprocess.run(make.split(), cwd=home, check=True, capture_output=True)
    Names(home / "names").add("ada", "correct horse")
    server, visitor = begun(home, 'auth = "names"\ncertificate = "cert.pem"\ncertificate_key = "key.pem"')
    try:
        trusted = ssl.create_default_context(cafile=home / "cert.pem")
        port = int(visitor.place.rpartition(":")[2])
        connection = HTTPSConnection("localhost", port, timeout=20, context=trusted)
        form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"https://localhost:{port}"}
        connection.request("POST", "/login", "name=ada&password=correct+horse", form)
        told = connection.getresponse()
        assert told.status == 303
        assert told.headers["set-cookie"].startswith("__Host-tutor=")
        assert "; Secure" in told.headers["set-cookie"]
        connection.close()
    finally:
        server.kill()


def test_only_so_many_turns_wait_and_the_next_is_told_at_once(indexed: Path) -> None:
    with Loopback() as model:
        model.play(*[says("x", wait=6.0)] * 4)
        server, visitor = begun(indexed, "concurrency = 1\nqueue = 1", SLOW.format(url=model.url))
        try:
            first, second, third = visitor, Visitor(visitor.place), Visitor(visitor.place)
            third.config  # noqa: B018 - asked for before the rush
            second.config  # noqa: B018
            assert first.join("ask-send", "click", "What is dropout?", "").status == 200
            time.sleep(1)
            assert second.join("ask-send", "click", "What is dropout?", "").status == 200
            began = time.monotonic()
            told = third.join("ask-send", "click", "What is dropout?", "")
            assert time.monotonic() - began < 1
            assert told.status == 503
            assert "busy" in told.json["detail"]
        finally:
            server.kill()
