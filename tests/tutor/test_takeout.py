import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from corpus.read import read_deck
from tutor.assemble import Tutor, open_tutor
from tutor.config import load_settings
from tutor.errors import StoreError
from tutor.schedule import Review, Scheduler
from tutor.takeout import takeout

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def studied(home: Path) -> Path:
    """A learner with a formula for a name, who was asked twice, answered, appealed and practised."""
    deck = home / "rocks.tsv"
    deck.write_text("What is basalt?\tA dark volcanic rock\nWhat is granite?\tAn igneous rock\n")
    (home / "tutor.toml").write_text(
        f'data_dir = "data"\n[models.x]\nmodel = "m"\nbase_url = "http://localhost:1/v1"\n'
        f'api_key_env = "MY_KEY"\nextra_body = {{ token = "{SECRET}" }}\n'
    )
    with open_tutor(load_settings(), decks=[deck], read_only=False) as tutor:
        learner, card = tutor.learner("=ann"), tutor.cards[0].id
        for place, cram in enumerate((False, False, True)):
            at = NOW + timedelta(days=4 * place)
            learner.record("ask", id=f"a{place}", at=at, card=card)
            why = {"role": "learner", "text": "why?"}
            learner.record("said", id=f"s{place}", at=at, card=card, ask=f"a{place}", body=why)
            review = Review(id=f"r{place}", card=card, at=at, value=4, fsrs=3, seconds=2.5, cram=cram)
            learner.record_review(review, ask=f"a{place}")
        learner.record("accepted", id="w", at=NOW, card=card, body={"text": "lava gone cold", "made": ["000001"]})
        takeout(tutor, home / "out")
    return home / "out"


SECRET = "sk-very-secret"


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_everything_is_there_in_open_formats(studied: Path) -> None:
    assert sorted(path.name for path in studied.iterdir()) == [
        "READ_ME.txt", "accepted.jsonl", "conversations.jsonl", "decks", "log.jsonl", "reviews.jsonl", "revlog.csv",
        "settings.json",
    ]  # fmt: skip
    (deck,) = (studied / "decks").iterdir()
    assert [card.answer for card in read_deck(deck).cards] == ["A dark volcanic rock", "An igneous rock"]
    assert len(lines(studied / "log.jsonl")) == 10
    assert [row["text"] for row in lines(studied / "accepted.jsonl")] == ["lava gone cold"]
    assert len(lines(studied / "conversations.jsonl")) == 3
    assert [row["cram"] for row in lines(studied / "reviews.jsonl")] == [False, False, True]


def test_log_taken_out_proves_itself_by_its_hashes(studied: Path) -> None:
    from hashlib import sha256

    before = ""
    for row in lines(studied / "log.jsonl"):
        body = json.dumps(row["body"], ensure_ascii=False, sort_keys=True)
        plain = json.dumps([*(row[name] for name in ("id", "at", "kind", "card", "ask")), body], ensure_ascii=False)
        before = sha256(f"{before}\n{plain}".encode()).hexdigest()
        assert row["chain"] == before


def test_reviews_are_as_anki_keeps_them(studied: Path) -> None:
    with (studied / "revlog.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["type"] for row in rows] == ["0", "0", "3"]
    assert [int(row["id"]) for row in rows] == [int((NOW + timedelta(days=4 * n)).timestamp() * 1000) for n in range(3)]
    assert {row["ease"] for row in rows} == {"3"}
    assert {row["time"] for row in rows} == {"2500"}
    assert int(rows[0]["ivl"]) < 0 < int(rows[1]["ivl"]), "seconds while it is learned, days afterwards"
    assert rows[1]["lastIvl"] == rows[0]["ivl"]
    assert all(100 <= int(row["factor"]) <= 1100 for row in rows)
    assert int(rows[0]["cid"]) > 0
    assert rows[0]["learner"] == "'=ann", "a spreadsheet must not run it"


def test_memories_are_those_of_a_fitted_schedule(studied: Path, home: Path) -> None:
    first, *others = Scheduler().parameters
    with open_tutor(load_settings(), decks=[home / "rocks.tsv"], read_only=False) as tutor:
        learner = tutor.learner("=ann")
        slower = [first, *(2 * one for one in others[:3]), *others[3:]]
        learner.record("fit", id="f", at=NOW + timedelta(days=9), body={"parameters": slower})
        takeout(tutor, home / "again")
        stability = learner.history.memory(tutor.cards[0].id).stability
    before, after = (lines(folder / "reviews.jsonl")[1]["stability"] for folder in (studied, home / "again"))
    assert after == stability != before


def test_no_secret_is_taken_out(studied: Path) -> None:
    assert not [path for path in studied.rglob("*") if path.is_file() and SECRET in path.read_text()]
    settings = json.loads((studied / "settings.json").read_text())
    assert settings["models"]["x"]["api_key_env"] == "MY_KEY"


def test_folder_that_holds_something_is_left_alone(home: Path) -> None:
    (home / "out").mkdir()
    (home / "out" / "mine.txt").write_text("mine")
    with open_tutor(load_settings(), read_only=True) as tutor, pytest.raises(StoreError, match="not empty"):
        takeout(tutor, home / "out")
    assert [path.name for path in (home / "out").iterdir()] == ["mine.txt"]


def test_taking_out_where_nothing_was_studied_writes_the_cards(home: Path) -> None:
    with open_tutor(load_settings(), read_only=True) as tutor:
        assert isinstance(tutor, Tutor)
        written = takeout(tutor, home / "out")
    assert len([path for path in written if path.parent.name == "decks"]) == 5
