"""A picture of a card in a real browser: shown with its own side, and not before that side is shown."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visitor
from tests.browser.served import Server
from tests.stocked import with_graph

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]


def png(red: int) -> bytes:
    """A picture of one dot."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    dot = zlib.compress(bytes([0, red, 0, 0]))
    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", dot) + chunk(b"IEND", b"")


def test_picture_comes_with_its_side_of_the_card(
    visit: Callable[..., Visitor], tmp_path: Path, graph_home: Path
) -> None:
    decks = tmp_path / "data" / "flashcard-tutor" / "decks"
    decks.mkdir(parents=True)
    (decks / "a.csv").write_text(
        "question,answer\nWhich leaf is this? [image: leaf.png] [image: gone.png],an oak leaf [image: oak.png]\n"
    )
    (decks / "leaf.png").write_bytes(png(10))
    (decks / "oak.png").write_bytes(png(200))
    server = Server(with_graph(tmp_path, graph_home)).start()
    try:
        me = visit()
        page = me.open(server.address)
        leaf = page.locator("#face img.picture")
        expect(leaf).to_have_count(1)
        assert leaf.evaluate("picture => picture.complete && picture.naturalWidth") == 1
        expect(page.locator("#face")).to_contain_text("[image: gone.png]")
        assert "oak" not in page.content()
        assert page.locator("img.picture").count() == 1
        me.answer("an oak leaf")
        oak = page.locator("#result img.picture")
        expect(oak).to_have_count(1)
        assert oak.evaluate("picture => picture.complete && picture.naturalWidth") == 1
    finally:
        server.kill()
