"""The attacks that take a minute: a thousand posts of one page, connections that never speak, bombs among the uploads.

What is quick is in `tests/tutor/test_server_attacks.py`.
"""

import io
import json
import socket
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.torture.load import served
from tests.visitor import Visitor

Row = tuple[str, str, bool]


def rows() -> Iterator[Row]:
    """Name, figure and whether it is good enough."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        server = served(home, 2)
        try:
            place = server.address.removeprefix("http://").rstrip("/")
            visitors = [Visitor(place), Visitor(place)]
            for number, visitor in enumerate(visitors):
                visitor.sign_in(f"learner{number}", "password 0")
                visitor.open()
            yield _flood(*visitors)
            yield _silence(place, visitors[1])
            yield from _bombs(visitors[1])
            told = (home / "server.log").read_text()
            yield "a log line for each", f"{told.count('why=')} lines", "why=rate" in told and "Traceback" not in told
        finally:
            server.kill()


def _flood(flooder: Visitor, other: Visitor) -> Row:
    codes: Counter[int] = Counter()
    body = json.dumps({"data": [None], "fn_index": flooder.event("", "load"), "session_hash": flooder.tab})
    began = time.monotonic()
    for _ in range(1000):
        codes[flooder.ask("POST", "/gradio_api/queue/join", body, Content_Type="application/json").status] += 1
    seconds = time.monotonic() - began
    beside = other.open()
    good = codes[200] <= 240 * (1 + seconds // 60) and set(codes) <= {200, 429} and beside.status == 200
    said = ", ".join(f"{count} times {code}" for code, count in sorted(codes.items()))
    return "1,000 posts of one learner", f"{said} in {seconds:.0f} s; another waits {beside.first:.2f} s", good


def _silence(place: str, other: Visitor) -> Row:
    host, port = place.split(":")
    held = [socket.create_connection((host, int(port))) for _ in range(300)]
    for wire in held:
        wire.sendall(b"GET /healthz HTTP/1.1\r\nHost: local")
    beside = other.open()
    time.sleep(17)
    cut = 0
    for wire in held:
        wire.settimeout(0.2)
        try:
            cut += wire.recv(1) == b""
        except TimeoutError:
            pass
        wire.close()
    figure = f"{cut} cut off within 17 s; another waits {beside.first:.2f} s"
    return "300 connections that never end", figure, cut == 300 and beside.status == 200


def _bombs(visitor: Visitor) -> Iterator[Row]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("collection.anki2", b"\0" * 300_000_000)
    kinds = {
        "a package of 300 MB in 300 kB": ("bomb.apkg", packed.getvalue()),
        "JSON a million deep": ("deep.json", b"[" * 1_000_000),
        "YAML of aliases": ("laugh.yaml", b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
            b"%c: &%c [%s]\n" % (98 + at, 98 + at, b",".join([b"*%c" % (97 + at)] * 9)) for at in range(9))),
        "a table of one line of 20 MB": ("wide.csv", b"a,b\n" + b"x," * 10_000_000),
    }  # fmt: skip
    for name, (file, data) in kinds.items():
        began = time.monotonic()
        head = f'--b\r\nContent-Disposition: form-data; name="files"; filename="{file}"\r\n\r\n'.encode()
        sent = visitor.ask(
            "POST", "/gradio_api/upload", head + data + b"\r\n--b--\r\n", Content_Type="multipart/form-data; boundary=b"
        )
        said = sent.status
        if sent.status == 200:
            given = {"path": sent.json[0], "orig_name": file, "meta": {"_type": "gradio.FileData"}}
            done = visitor.do("deck-files", "upload", [given])
            said = done.status
        seconds = time.monotonic() - began
        alive = visitor.open()
        yield (
            name,
            f"{said} after {seconds:.1f} s, page then in {alive.first:.2f} s",
            alive.status == 200 and seconds < 60,
        )
