"""Pictures in the page: small raster ones as data, a few a side, a name for all else."""

from pathlib import Path

import pytest

from tutor.ui.pictured import pictured

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def deck(tmp_path: Path) -> str:
    (tmp_path / "deck.csv").write_text("q,a\n")
    (tmp_path / 'a"b.png').write_bytes(PNG)
    (tmp_path / "large.png").write_bytes(PNG + bytes(3 * 2**20))
    (tmp_path / "bad.svg").write_bytes(b"<svg onload='alert(1)'/>")
    return str(tmp_path / "deck.csv")


def test_picture_becomes_data_and_its_name_stays_inert(deck: str) -> None:
    shown = pictured("<p>[image: a&quot;b.png]</p>", deck)
    assert shown == '<p><img class="picture" src="data:image/png;base64,iVBORw0KGgo=" alt="a&quot;b.png"></p>'


@pytest.mark.parametrize("name", ["large.png", "bad.svg", "none.png", "../deck.csv", "x" * 150])
def test_what_is_large_strange_or_missing_stays_a_name(deck: str, name: str) -> None:
    assert pictured(f"[image: {name}]", deck) == f"[image: {name}]"


def test_side_shows_eight_pictures_and_a_deck_that_is_gone_none(deck: str) -> None:
    assert pictured("[image: a&quot;b.png]" * 10, deck).count("<img") == 8
    assert pictured("[image: a&quot;b.png]", f"{deck}.gone") == "[image: a&quot;b.png]"


def test_new_deck_file_brings_its_new_picture(deck: str) -> None:
    picture = Path(deck).with_name("new.png")
    assert "<img" not in pictured("[image: new.png]", deck)
    picture.write_bytes(PNG)
    Path(deck).write_text("q,b\n")
    assert "<img" in pictured("[image: new.png]", deck)
