"""Attacks on the running server: each has no effect, gets a plain answer, and leaves a line in the log."""

import json
import os
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.served import Server
from tests.stocked import with_index
from tests.visitor import Visitor
from tutor.learner import Store
from tutor.names import Names

PASSWORDS = {"ada": "correct horse ada", "bob": "correct horse bob"}
SECRET = "sk-very-secret-4711"


class Place:
    """A tutor that two learners may sign in to."""

    def __init__(self, home: Path) -> None:
        names = Names(home / "names")
        for name, password in PASSWORDS.items():
            names.add(name, password)
        (home / ".env").write_text(f"OPENAI_API_KEY={SECRET}\n")
        (home / "tutor.toml").write_text('[server]\nauth = "names"\nrate = 60\nlog = "json"\n')
        self.server = Server(home, ("--config", str(home / "tutor.toml"))).start()
        self.home = home
        self.name = self.server.address.partition("://")[2].rstrip("/")

    def visitor(self, name: str = "ada") -> Visitor:
        visitor = Visitor(self.name)
        assert visitor.sign_in(name, PASSWORDS[name]).status == 303
        return visitor

    def logged(self) -> list[dict[str, str]]:
        text = (self.home / "server.log").read_text()
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def reasons(self, wanted: set[str]) -> set[str]:
        """Why requests were refused; a line follows its answer, so it is waited for."""
        until = time.monotonic() + 5
        while True:
            found = {str(row["why"]) for row in self.logged() if "why" in row}
            if wanted <= found or time.monotonic() > until:
                return found
            time.sleep(0.05)

    def raw(self, sent: bytes, timeout: float = 20) -> bytes:
        """What comes back for bytes on the wire, until the server closes or is silent."""
        host, port = self.name.split(":")
        with socket.create_connection((host, int(port)), timeout=timeout) as wire:
            wire.sendall(sent)
            heard = b""
            try:
                while piece := wire.recv(65536):
                    heard += piece
                    if b"\r\n\r\n" in heard:
                        break
            except (TimeoutError, ConnectionResetError):
                pass
            return heard


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, index_home: Path) -> Iterator[Place]:
    opened = Place(with_index(tmp_path_factory.mktemp("home"), index_home))
    yield opened
    opened.server.kill()


@pytest.fixture(scope="module")
def ada(place: Place) -> Visitor:
    return place.visitor("ada")


def test_nothing_is_answered_without_a_session(place: Place) -> None:
    stranger = Visitor(place.name)
    assert stranger.ask("GET", "/").headers["location"] == "/login"
    for method, path in [
        ("GET", "/config"), ("GET", "/assets/x.js"), ("GET", "/theme.css"), ("GET", "/gradio_api/app_id"),
        ("GET", "/gradio_api/heartbeat/abc"), ("GET", "/gradio_api/queue/data?session_hash=abc"),
        ("POST", "/gradio_api/queue/join"), ("POST", "/gradio_api/upload"), ("POST", "/gradio_api/cancel"),
    ]:  # fmt: skip
        told = stranger.ask(method, path, b"{}" if method == "POST" else None)
        assert (path, told.status) == (path, 401)
        assert b"signed in" in told.body


@pytest.mark.parametrize("cookie", ["tutor=", "tutor=x", f"tutor={'a' * 43}", "tutor=\x01;;=", "a=b; tutor=../.."])
def test_made_up_sessions_are_none(place: Place, cookie: str) -> None:
    stranger = Visitor(place.name, cookie=cookie)
    assert stranger.ask("GET", "/config").status == 401


def test_cookie_is_out_of_reach_of_scripts_and_other_sites(place: Place) -> None:
    cookie = Visitor(place.name).sign_in("ada", PASSWORDS["ada"]).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


def test_signing_out_ends_the_session_on_the_server(place: Place) -> None:
    visitor = place.visitor()
    assert visitor.ask("GET", "/config").status == 200
    assert visitor.ask("POST", "/logout").status == 303
    assert visitor.ask("GET", "/config").status == 401


CLOSED = [
    "/monitoring", "/monitoring/summary", "/monitoring/x", "/gradio_api/info", "/gradio_api/info?all_endpoints=true",
    "/gradio_api/openapi.json", "/gradio_api/startup-events", "/gradio_api/runs", "/gradio_api/run-history/records",
    "/gradio_api/user", "/gradio_api/token", "/gradio_api/login_check", "/gradio_api/deep_link", "/docs", "/redoc",
    "/openapi.json", "/gradio_api/mcp/", "/gradio_api/dev/reload", "/gradio_api/vibe-code",
    "/gradio_api/profiling/traces",
    "/gradio_api/custom_component/a/b/c/d", "/robots.txt", "/manifest.json", "/pwa_icon", "/static", "/metrics",
]  # fmt: skip


@pytest.mark.parametrize("path", CLOSED)
def test_what_the_page_does_not_need_is_closed(ada: Visitor, path: str) -> None:
    assert ada.ask("GET", path).status in (404, 405)


@pytest.mark.parametrize("path", ["run/x", "api/x", "call/x", "call/v2/x", "process_recording", "component_server"])
def test_ways_past_the_queue_are_closed(ada: Visitor, path: str) -> None:
    body = json.dumps({"data": [], "session_hash": ada.tab})
    assert ada.ask("POST", f"/gradio_api/{path}", body, Content_Type="application/json").status in (404, 405)


def test_config_holds_no_path_and_no_secret(ada: Visitor, place: Place) -> None:
    body = ada.ask("GET", "/config").body.decode()
    assert str(place.home) not in body
    assert SECRET not in body
    assert '"api_visibility":"public"' not in body.replace(" ", "")


def _ways(target: str) -> Iterator[str]:
    yield from (target, target.replace("/", "%2f"), target.replace("/", "%252f"), target.replace("/", "%5c"))
    yield from (f"{target}%00.png", target.replace(".", "%2e"), f"file://{target}", f"./{target}", f"{target}/.")


@pytest.mark.parametrize(
    "start",
    ["/gradio_api/file=", "/gradio_api/file/", "/file=", "/static/../", "/assets/../../../../../..", "/assets/",
     "/static/%2e%2e/", "/svelte/..%2f..%2f", "/gradio_api/upload/../file=", "//", "/..;/", "/theme.css/../"],
)  # fmt: skip
def test_no_file_of_the_machine_is_served_however_it_is_asked_for(place: Place, ada: Visitor, start: str) -> None:
    data = place.home / "data" / "flashcard-tutor" / "tutor.db"
    targets = ["/etc/passwd", str(data), "tutor.toml", ".env", str(place.home / ".env"), str(place.home / "names")]
    for target in targets:
        for way in _ways(target):
            told = ada.ask("GET", start + way)
            assert told.status in (400, 403, 404, 405), start + way
            assert not re.search(rb"root:|SQLite format|argon2|secret", told.body), start + way


ELSEWHERE = ["http://169.254.169.254/latest", "http://127.0.0.1:1/", "https://example.org", "file:///etc/passwd"]


@pytest.mark.parametrize("url", ELSEWHERE)
def test_server_fetches_nothing_for_a_visitor(ada: Visitor, place: Place, url: str) -> None:
    assert ada.ask("GET", f"/gradio_api/proxy={url}").status == 404
    assert ada.ask("GET", f"/gradio_api/file={url}").status == 404
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(1.0)
        lure = f"http://127.0.0.1:{trap.getsockname()[1]}/deck.csv"
        for path in (lure, "/etc/passwd", str(place.home / "names")):
            forged = [{"path": path, "url": lure, "orig_name": "deck.csv", "meta": {"_type": "gradio.FileData"}}]
            done = ada.do("deck-files", "upload", forged)
            assert "argon2" not in done.text
            assert "root:" not in done.text
        with pytest.raises(TimeoutError):
            trap.accept()


FOREIGN = ["evil.example", "127.0.0.1.evil.example", "tutor.local:7860", "", "127.0.0.1@evil.example",
           "evil.example:80",
           "[::1].evil.example", "localhost.evil.example", "127.0.0.1:80:80", "0x7f.1", "127.1", "[::ffff:1.2.3.4]",
           "127.0.0.1, evil.example", "localhost#x", "[fe80::1%eth0]"]  # fmt: skip


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize("path", ["/healthz", "/login", "/gradio_api/queue/data?session_hash=x"])
def test_foreign_host_names_are_refused(place: Place, host: str, path: str) -> None:
    told = Visitor(place.name).ask("GET", path, Host=host)
    assert (told.status, b"not the address" in told.body or b"Invalid" in told.body) == (400, True)


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "localhost:1", "[::1]:7860", "LOCALHOST", "localhost.", "[::1]"])
def test_names_of_this_machine_are_answered(place: Place, host: str) -> None:
    assert Visitor(place.name).ask("GET", "/healthz", Host=host).status == 200


def test_missing_or_double_host_is_refused(place: Place) -> None:
    assert b" 400 " in place.raw(b"GET /healthz HTTP/1.0\r\n\r\n")
    assert b" 400 " in place.raw(b"GET /healthz HTTP/1.1\r\n\r\n")
    assert b" 400 " in place.raw(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n")
    assert b" 200 " not in place.raw(b"GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")


ORIGINS = [
    "http://evil.example",
    "null",
    "https://127.0.0.1.evil.example",
    "http://localhost:1",
    "file://",
    "http://[",
    "",
]


@pytest.mark.parametrize("origin", ORIGINS)
def test_other_sites_pages_are_refused(place: Place, ada: Visitor, origin: str) -> None:
    for method, path in [
        ("POST", "/gradio_api/queue/join"), ("POST", "/login"), ("POST", "/logout"), ("POST", "/gradio_api/upload"),
        ("GET", f"/gradio_api/queue/data?session_hash={ada.tab}"), ("GET", f"/gradio_api/heartbeat/{ada.tab}"),
    ]:  # fmt: skip
        told = ada.ask(method, path, b"{}" if method == "POST" else None, Origin=origin)
        assert (path, told.status) == (path, 403)
        assert "access-control-allow-origin" not in told.headers
    assert ada.ask("POST", "/logout", b"", Referer=f"{origin or 'http://evil.example'}/page").status == 403
    assert ada.ask("POST", "/logout", b"", Sec_Fetch_Site="cross-site").status == 403
    assert ada.ask("GET", "/config").status == 200, "she is still signed in"


def test_own_pages_are_answered(place: Place, ada: Visitor) -> None:
    assert ada.ask("GET", "/config", Origin=f"http://{place.name}").status == 200


def test_web_sockets_are_refused(place: Place) -> None:
    upgrade = b"GET /gradio_api/queue/join HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    keys = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    assert b" 101 " not in place.raw(upgrade + keys)


BAD = [
    b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 200_000, b'{"a":' * 100_000, b'{"session_hash": 5}',
    b'{"session_hash": "../../x", "data": []}', b'{"session_hash": "a", "data": "x"}', b"9" * 50_000,
    b'{"session_hash": "a", "data": [], "fn_index": "0"}', b'{"session_hash": "a", "data": [], "fn_index": 99999}',
    b'{"session_hash": "a", "data": [], "fn_index": -1}',
]  # fmt: skip


@pytest.mark.parametrize("body", BAD)
def test_malformed_bodies_get_a_plain_answer(place: Place, body: bytes) -> None:
    told = place.visitor("bob").ask("POST", "/gradio_api/queue/join", body, Content_Type="application/json")
    assert 400 <= told.status < 500 or told.status == 500
    assert b"Traceback" not in told.body
    assert b'File "' not in told.body
    assert len(told.body) < 300


def test_lying_and_endless_bodies_are_refused(place: Place, ada: Visitor) -> None:
    start = f"POST /gradio_api/queue/join HTTP/1.1\r\nHost: localhost\r\nCookie: {ada.cookie}\r\n".encode()
    assert b" 413 " in place.raw(start + b"Content-Length: 99999999999\r\n\r\n{}")
    assert b" 400 " in place.raw(start + b"Content-Length: -5\r\n\r\n{}")
    assert b" 400 " in place.raw(start + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    assert b" 413 " in place.raw(start + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 20)


def test_requests_that_never_end_are_cut_off(place: Place) -> None:
    began = time.monotonic()
    assert place.raw(b"GET /healthz HTTP/1.1\r\nHost: local", timeout=40) == b""
    assert time.monotonic() - began < 35


def upload(visitor: Visitor, *files: tuple[str, bytes]) -> tuple[int, bytes]:
    parts = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="files"; filename="%s"\r\n\r\n%s\r\n' % (name.encode(), data)
        for name, data in files
    )
    told = visitor.ask(
        "POST", "/gradio_api/upload", parts + b"--b--\r\n", Content_Type="multipart/form-data; boundary=b"
    )
    return told.status, told.body


def test_uploads_are_limited_by_kind_count_and_size(place: Place) -> None:
    bob = place.visitor("bob")
    assert upload(bob, ("deck.csv", b"a,b\n"))[0] == 200
    for name in ("x.exe", "x.html", "x.svg", "x.py", "x", "deck.csv.exe", "deck.csv\\0.sh"):
        assert upload(bob, (name, b"MZ"))[0] == 415, name
    assert upload(bob, *[(f"{at}.csv", b"a,b") for at in range(21)])[0] == 413
    assert upload(bob, ("big.csv", b"x" * 50_000_001))[0] == 413
    assert bob.ask("POST", "/gradio_api/upload", b"x", Content_Type="multipart/form-data; boundary=").status == 400
    assert bob.ask("POST", "/gradio_api/upload", b"junk", Content_Type="multipart/form-data; boundary=b").status == 400
    dropped = place.home / "cache" / "flashcard-tutor" / "dropped"
    assert sum(file.stat().st_size for file in dropped.rglob("*") if file.is_file()) < 100_000


def test_upload_names_do_not_leave_the_folder(place: Place) -> None:
    bob = place.visitor("bob")
    status, body = upload(bob, ("../../../../evil.csv", b"a,b\n"))
    assert status in (200, 400)
    assert not list(place.home.parent.glob("evil.csv"))
    assert ".." not in body.decode()


def test_one_learner_cannot_read_or_act_in_anothers_page(place: Place, ada: Visitor) -> None:
    ada.open()
    bob = place.visitor("bob")
    _ = bob.config
    thief = Visitor(place.name, tab=ada.tab, cookie=bob.cookie)
    assert thief.do("commit", "click", "stolen").status == 403
    assert next(iter(thief.heard()))["status"] == 403
    assert thief.ask("GET", f"/gradio_api/heartbeat/{ada.tab}").status == 403
    body = json.dumps({"session_hash": ada.tab, "fn_index": 0, "event_id": "x"})
    assert thief.ask("POST", "/gradio_api/cancel", body, Content_Type="application/json").status == 403
    assert "another learner's tab" in place.reasons({"another learner's tab"})


def test_each_learner_has_a_log_of_her_own(place: Place) -> None:
    first, second = place.visitor("ada"), place.visitor("bob")
    first.open()
    second.open()
    first.do("commit", "click", "marmalade skies")
    first.do("dont-know", "click")
    assert "marmalade" not in second.open().text
    numbers = {row.get("learner") for row in place.logged() if row.get("move")}
    assert {1, 2} <= numbers


def test_forged_state_and_replayed_events_act_once(place: Place) -> None:
    bob = place.visitor("bob")
    bob.open()
    forged = {"learner": "ada", "tutor": {"path": "/etc/passwd"}}
    number = bob.event("dont-know", "click")
    body = json.dumps({"data": [forged], "fn_index": number, "session_hash": bob.tab, "event_id": "0" * 32})
    for _ in range(3):
        assert bob.ask("POST", "/gradio_api/queue/join", body, Content_Type="application/json").status == 200
        list(bob.heard())
    for _ in range(2):
        bob.do("rate-2", "click")
    forged_moves = [row["learner"] for row in place.logged() if row.get("move") == "DontKnow"][-3:]
    own_moves = [row["learner"] for row in place.logged() if row.get("move") == "Rate"][-2:]
    assert set(forged_moves) == set(own_moves)
    assert len(set(own_moves)) == 1
    assert bob.open().status == 200


def test_request_that_is_sent_again_is_one_move_even_in_another_window(place: Place) -> None:
    windows = [place.visitor("ada"), place.visitor("ada")]
    for window in windows:
        window.open()
    windows[0].do("next", "click")

    def hints() -> list[str]:
        with Store.open(f"sqlite:///{next(place.home.rglob('tutor.db'))}", read_only=True) as store:
            return [row.id for row in store.learner("ada").rows(kinds=("hint",))]

    before = hints()
    for window in (windows[0], windows[0], windows[1]):
        assert window.do("hint", "click", move="sent-again").status == 200
    assert hints() == [*before, "sent-again-AskHint"]
    windows[1].do("hint", "click", move="another-one")
    assert hints() == [*before, "sent-again-AskHint", "another-one-AskHint"]


def test_a_flood_is_slowed_down(place: Place) -> None:
    flooder = place.visitor("bob")
    body = json.dumps({"data": [], "fn_index": 0, "session_hash": "flood"})
    for _ in range(80):
        answer = flooder.ask("POST", "/gradio_api/queue/join", body, Content_Type="application/json")
        if answer.status == 429:
            break
    assert answer.status == 429
    assert int(answer.headers["retry-after"]) >= 1
    assert "Too many requests" in answer.json["detail"]
    assert "rate" in place.reasons({"rate"})


def test_guessing_passwords_takes_longer_and_longer(place: Place) -> None:
    stranger = Visitor(place.name)
    codes = []
    while 429 not in codes and len(codes) < 20:
        told = stranger.sign_in("eve", f"guess number {len(codes)}")
        codes.append(told.status)
    assert codes[:5] == [401] * 5
    assert codes[-1] == 429
    assert int(told.headers["retry-after"]) >= 1
    assert b"Too many wrong passwords" in told.body
    assert "guess number" not in json.dumps(place.logged())
    assert Visitor(place.name).sign_in("ada", PASSWORDS["ada"]).status == 303, "others are let in all the same"


def test_a_removed_learner_is_out_at_once(place: Place) -> None:
    names = Names(place.home / "names")
    names.add("cleo", "correct horse cleo")
    cleo = Visitor(place.name)
    assert cleo.sign_in("cleo", "correct horse cleo").status == 303
    assert cleo.ask("GET", "/config").status == 200
    names.remove("cleo")
    assert cleo.ask("GET", "/config").status == 401


def test_nobody_is_let_in_while_others_may_read_the_names(place: Place) -> None:
    ada = place.visitor("ada")
    os.chmod(place.home / "names", 0o644)
    try:
        assert ada.ask("GET", "/config").status == 503
        assert str(place.home).encode() not in ada.ask("GET", "/config").body
    finally:
        os.chmod(place.home / "names", 0o600)
    assert ada.ask("GET", "/config").status == 200


def test_log_tells_every_refusal_and_no_secret(place: Place) -> None:
    ada, stranger = place.visitor("ada"), Visitor(place.name)
    ada.ask("GET", "/config", Host="evil.example")
    ada.ask("POST", "/logout", b"", Origin="http://evil.example")
    ada.ask("POST", "/logout", b"", Referer="http://evil.example/page")
    ada.ask("GET", "/no/such/address")
    ada.ask("POST", "/gradio_api/queue/join", b"{", Content_Type="application/json")
    ada.ask("POST", "/gradio_api/queue/join", b"x" * 1_100_000, Content_Type="application/json")
    stranger.ask("GET", "/config")
    stranger.sign_in("ada", "a wrong guess")
    expected = {"foreign host", "foreign origin", "foreign referer", "no session", "no such address", "large body",
                "malformed body", "wrong name or password"}  # fmt: skip
    assert expected <= place.reasons(expected)
    text = (place.home / "server.log").read_text()
    assert SECRET not in text
    assert not any(password in text for password in PASSWORDS.values())
    assert not re.search(r"[\x00-\x08\x1b\x80-\x9f\u202a-\u202e]", text)
