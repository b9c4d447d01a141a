"""Pictures of decks: found in both package formats and beside a file, and nowhere else."""

import json
from pathlib import Path

import pytest
import zstandard

from corpus.errors import DeckError
from corpus.read.pictures import picture
from tests.corpus.read.packages import message, package

PNG = b"\x89PNG\r\n\x1a\n" + b"dot"


def old(folder: Path, names: dict[str, str], data: bytes = PNG) -> Path:
    return package(folder / "old.apkg", {"collection.anki2": b"x", "media": json.dumps(names).encode(), "7": data})


def test_pictures_are_found_in_both_package_formats(tmp_path: Path) -> None:
    media = message({1: message({1: "other.jpg", 2: 3})}) + message({1: message({1: "dot.png", 2: 11})})
    new = package(tmp_path / "new.apkg", {"media": zstandard.compress(media), "1": zstandard.compress(PNG)})
    assert picture(new, "dot.png") == ("image/png", PNG)
    assert picture(old(tmp_path, {"7": "dot.png"}), "dot.png") == ("image/png", PNG)
    assert picture(new, "other.jpg") is None
    assert picture(new, "none.png") is None


def test_pictures_lie_beside_text_decks_but_never_outside(tmp_path: Path) -> None:
    folder = tmp_path / "decks"
    folder.mkdir()
    (folder / "deck.csv").write_text("q,a\n")
    (folder / "dot.png").write_bytes(PNG)
    (tmp_path / "secret.png").write_bytes(PNG)
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    assert picture(folder / "deck.csv", "dot.png") == ("image/png", PNG)
    for name in (
        "../secret.png",
        str(tmp_path / "secret.png"),
        "link.png",
        "deck.csv",
        "",
        "..",
        "a\0b",
        "..\\secret.png",
    ):
        assert picture(folder / "deck.csv", name) is None


def test_what_is_no_picture_is_not_given_out(tmp_path: Path) -> None:
    assert picture(old(tmp_path, {"7": "x.svg"}, b"<svg onload='alert(1)'/>"), "x.svg") is None
    assert picture(old(tmp_path, {"7": "../../x"}), "x") is None


def test_damaged_list_of_pictures_is_refused(tmp_path: Path) -> None:
    path = package(tmp_path / "bad.apkg", {"media": b"[1"})
    with pytest.raises(DeckError, match="list of pictures is damaged"):
        picture(path, "dot.png")
