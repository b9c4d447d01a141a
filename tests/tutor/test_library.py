"""A learner's library: card ids stay when decks come, change and go; key points and pictures come with their deck."""

import json
import shutil
from pathlib import Path

import pytest

from corpus.read.pictures import picture
from tutor.library import Library

PNG = b"\x89PNG\r\n\x1a\n" + b"dot"


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "data" / "decks")


def take_in(library: Library, path: Path) -> Library:
    return library.take_in([path], lambda names: None)[0]


def csv(folder: Path, name: str, *rows: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("\n".join(["question,answer", *rows]), encoding="utf-8")
    return path


def ids(library: Library, file: str) -> list[str]:
    return next([card.id for card in deck.cards] for deck in library.decks if Path(deck.path).name == file)


def test_deck_that_comes_later_takes_no_id_away_whatever_its_name(library: Library, tmp_path: Path) -> None:
    after_one = take_in(library, csv(tmp_path, "b.csv", "q,first"))
    after_two = take_in(after_one, csv(tmp_path, "a.csv", "q,second"))
    assert ids(after_two, "b.csv") == ids(after_one, "b.csv")
    assert ids(after_two, "a.csv") != ids(after_two, "b.csv")


def test_card_keeps_its_id_when_an_earlier_deck_that_had_it_goes(library: Library, tmp_path: Path) -> None:
    two = take_in(take_in(library, csv(tmp_path, "b.csv", "q,first")), csv(tmp_path, "a.csv", "q,second"))
    (library.folder / "b.csv").unlink()
    alone = Library(library.folder)
    assert ids(alone, "a.csv") == ids(two, "a.csv")
    again = take_in(alone, csv(tmp_path, "c.csv", "q,first"))
    assert ids(again, "a.csv") == ids(two, "a.csv")
    assert ids(again, "c.csv") == ids(two, "b.csv")


def test_lost_or_damaged_list_of_ids_is_made_anew(library: Library, tmp_path: Path) -> None:
    take_in(library, csv(tmp_path, "a.csv", "q,a"))
    for text in ("{", "[]", '{"order": 1}'):
        (library.folder / "library.ids").write_text(text)
        assert len(Library(library.folder).cards) == 1
    take_in(Library(library.folder), csv(tmp_path, "b.csv", "r,b"))
    assert json.loads((library.folder / "library.ids").read_text())["order"] == ["a.csv", "b.csv"]


def test_key_points_of_a_person_outlive_an_import_of_the_deck(library: Library, tmp_path: Path) -> None:
    path = csv(tmp_path, "a.csv", "q,one thing and another", "r,b")
    path.with_name("a.csv.points.json").write_text('{"q": ["one thing", {"text": "another", "head": "and"}]}')
    first = take_in(library, path)
    assert [point.text for point in first.cards[0].key_points] == ["one thing", "another"]
    path.with_name("a.csv.points.json").unlink()
    csv(tmp_path, "a.csv", "q,one thing and more", "s,c")
    again = take_in(first, path)
    assert [point.text for point in again.cards[0].key_points] == ["one thing", "another"]
    (library.folder / "a.csv.points.json").write_text(json.dumps({again.cards[1].id: ["edited in place"]}))
    assert [point.text for point in Library(library.folder).cards[1].key_points] == ["edited in place"]


def test_key_points_are_found_by_the_id_that_the_library_gave(library: Library, tmp_path: Path) -> None:
    two = take_in(take_in(library, csv(tmp_path, "a.csv", "q,first")), csv(tmp_path, "b.csv", "q,second"))
    (library.folder / "b.csv.points.json").write_text(json.dumps({ids(two, "b.csv")[0]: ["a point"]}))
    (deck,) = [deck for deck in Library(library.folder).decks if deck.path.endswith("b.csv")]
    assert [point.text for point in deck.cards[0].key_points] == ["a point"]
    assert not [finding for finding in deck.findings if finding.kind == "uncertain"]


def test_pictures_beside_a_deck_come_with_it_under_safe_names(library: Library, tmp_path: Path) -> None:
    home = tmp_path / "home"
    path = csv(
        home, "a.csv", "q,see [image: dot.png] and [image: ../secret.png]", "r,[image: bad.svg] [image: none.png]"
    )
    (home / "dot.png").write_bytes(PNG)
    (home / "bad.svg").write_bytes(b"<svg onload='alert(1)'/>")
    (tmp_path / "secret.png").write_bytes(PNG)
    take_in(library, path)
    shutil.rmtree(home)
    (kept,) = (library.folder / "a.csv.pictures").iterdir()
    assert kept.name.isalnum()
    assert picture(library.folder / "a.csv", "dot.png") == ("image/png", PNG)
    assert picture(library.folder / "a.csv", "../secret.png") is None
    assert picture(library.folder / "a.csv", "bad.svg") is None


def test_deck_that_cannot_be_read_changes_nothing(library: Library, tmp_path: Path) -> None:
    good = take_in(library, csv(tmp_path, "a.csv", "q,a"))
    before = {path.name: path.read_bytes() for path in library.folder.iterdir()}
    (tmp_path / "bad.apkg").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(Exception, match="cut off"):
        good.take_in([csv(tmp_path, "a.csv", "q,other"), tmp_path / "bad.apkg"], lambda names: None)
    assert {path.name: path.read_bytes() for path in library.folder.iterdir()} == before
