"""The page's own Blocks over a real server: what a turn sends, and what it does not send twice."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.served import Server
from tests.stocked import with_index
from tests.visitor import Visitor


@pytest.fixture(scope="module")
def visitor(tmp_path_factory: pytest.TempPathFactory, index_home: Path) -> Iterator[Visitor]:
    server = Server(with_index(tmp_path_factory.mktemp("lean"), index_home)).start()
    yield Visitor(server.address.removeprefix("http://").rstrip("/"))
    server.kill()


def frames(visitor: Visitor, element: str, event: str, *values: object) -> list[list[Any]]:
    """What each message of a turn changes, widget by widget."""
    assert visitor.join(element, event, *values).status == 200
    told = [message for message in visitor.heard() if message["msg"] in ("process_generating", "process_completed")]
    assert told[-1]["success"]
    return [[one for one in message["output"]["data"] if one != {"__type__": "update"}] for message in told]


def test_turn_paints_once_so_that_nothing_typed_meanwhile_is_lost(visitor: Visitor) -> None:
    *painted, end = frames(visitor, "", "load")
    assert "phase-asked" in str(painted)
    assert not any(end)


def test_turn_sends_only_what_changed(visitor: Visitor) -> None:
    whole, _ = frames(visitor, "", "load")
    hinted, _ = frames(visitor, "hint", "click")
    assert "hints" in str(hinted)
    assert len(hinted) < len(whole) / 3


def test_page_that_is_loaded_again_is_painted_whole(visitor: Visitor) -> None:
    first, _ = frames(visitor, "", "load")
    again, _ = frames(visitor, "", "load")
    assert len(again) == len(first)
