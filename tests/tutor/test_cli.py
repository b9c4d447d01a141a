"""The command line as a learner meets it: each command in a process and a home of its own, with the network shut."""

import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Cli = Callable[..., subprocess.CompletedProcess[str]]


def runs_in(home: Path) -> Cli:
    """Run `tutor` with these arguments; the home of one test is kept between its calls."""

    def call(*arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        import os

        return subprocess.run(
            [sys.executable, "-m", "tutor.cli", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
            env={**os.environ, **environment},
            cwd=home,
        )

    return call


@pytest.fixture
def tutor(home: Path, indexed: Path) -> Cli:
    return runs_in(home)


def _rows(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_all_usable_cards_of_the_bundled_decks_are_listed_and_two_are_findings(tutor: Cli) -> None:
    cards = _rows(tutor("cards", "--json"))
    assert len(cards) == 153
    assert all(card["question"] and card["answer"] and card["key_points"] for card in cards)
    decks = _rows(tutor("decks", "--json"))
    assert sorted(deck["cards"] for deck in decks) == [15, 17, 25, 31, 65]
    assert sum(deck["skipped"] for deck in decks) == 2
    kinds = [finding["kind"] for deck in decks for finding in deck["findings"]]
    assert kinds.count("blank") == 1
    assert kinds.count("no_answer") == 1


def test_search_finds_a_card_and_refuses_a_stranger_at_the_very_first_start(home: Path) -> None:
    tutor = runs_in(home)
    (home / "q.jsonl").write_text('{"query": "what does the forget gate do"}\n{"query": "capital of Mongolia"}\n')
    known, strange = _rows(tutor("search", "--queries", "q.jsonl", "-k", "3", "--json"))
    assert known["answerable"]
    assert "Forget Gate" in known["results"][0]["question"]
    assert not strange["answerable"]
    assert len(known["results"]) == 3


def test_ask_quotes_and_cites_with_no_model(tutor: Cli) -> None:
    (reply,) = _rows(tutor("ask", "What is dropout?", "--json"))
    assert reply["answerable"]
    assert reply["model"] == "none"
    assert reply["citations"]
    cited = reply["citations"][0]
    assert {"card", "deck", "question", "quote"} <= set(cited)


def test_grade_tells_right_from_wrong_and_at_least_sets_the_exit_code(tutor: Cli, home: Path) -> None:
    row = {"id": "a", "question": "What is pooling?", "reference": "It summarises regions of the feature map."}
    good = row | {"answer": "It summarises regions of a feature map."}
    bad = row | {"id": "b", "answer": "A bird that lives in the sea."}
    (home / "a.jsonl").write_text(json.dumps(good) + "\n" + json.dumps(bad) + "\n")
    first, second = _rows(tutor("grade", "--answers", "a.jsonl", "--json"))
    assert (first["id"], second["id"]) == ("a", "b")
    assert first["verdict"] == "correct"
    assert second["verdict"] == "wrong"
    assert tutor("grade", "--answers", "a.jsonl", "--at-least", "0.5", "--json").returncode == 1


def test_quiz_in_the_terminal_is_remembered_by_the_next_one(tutor: Cli) -> None:
    before = _rows(tutor("due", "--json"))[0]
    done = tutor("quiz", "--cards", "1", stdin="/h\nI think it is about gates\n\n4\n")
    assert done.returncode == 0, done.stderr
    assert "Hint:" in done.stdout
    assert "The card says:" in done.stdout
    after = _rows(tutor("due", "--json"))[0]
    assert after["new"] == before["new"] - 1
    assert _rows(tutor("stats", "--json"))


def test_quiz_in_the_terminal_stops_at_q_speaks_german_and_takes_ticks_after_an_appeal(tutor: Cli) -> None:
    stopped = tutor("quiz", stdin="/q\n/d\n1\n", TUTOR_STUDY__LANGUAGE="de")
    assert stopped.returncode == 0, stopped.stderr
    assert (stopped.stdout.count("Neu für dich"), "Gespeichert" in stopped.stdout) == (1, False)
    ticked = tutor("quiz", "--cards", "1", stdin="I think it is about gates\n\n/appeal I meant it\n1\n3\n")
    assert "The grader is not sure. Which of these did your answer say?" in ticked.stdout
    assert "You ticked:" in ticked.stdout


def test_a_backup_can_be_brought_back(tutor: Cli) -> None:
    assert tutor("quiz", "--cards", "1", stdin="/d\n1\n").returncode == 0
    made = _rows(tutor("backup", "--json"))[0]["backup"]
    assert tutor("quiz", "--cards", "1", stdin="/d\n1\n").returncode == 0
    changed = _rows(tutor("due", "--json"))[0]
    assert tutor("restore", made).returncode == 0
    assert _rows(tutor("due", "--json"))[0]["new"] == changed["new"] + 1
    assert made in tutor("restore").stdout.replace("\n", "").replace(" ", "")


def test_one_unreadable_file_in_the_library_does_not_stop_the_tutor(tutor: Cli, home: Path) -> None:
    (home / "mine.csv").write_text("question,answer\nWhat is a noun?,A naming word\n")
    (home / "mine.csv.points.json").write_text('{"What is a noun?": ["names something"]}')
    assert tutor("import", "mine.csv").returncode == 0
    (library,) = home.rglob("decks")
    (library / "broken.csv").write_bytes(b"")
    (card,) = _rows(tutor("cards", "--json"))
    assert [point["text"] for point in card["key_points"]] == ["names something"]


BAD = [
    (("search",), 2, "QUERY"),
    (("nonsense",), 2, "nonsense"),
    (("search", "x", "--config", "gone.toml"), 2, "gone.toml"),
    (("ask", "x", "--model", "gone"), 2, "gone"),
    (("cards", "gone.txt"), 2, "gone.txt"),
    (("cards", "empty.txt"), 2, "empty.txt"),
    (("cards", "noise.txt"), 2, "noise.txt"),
    (("chat", "--deck", "gone.txt"), 2, "gone.txt"),
    (("grade", "--card", "nope", "--answer", "x"), 2, "nope"),
    (("grade", "--answers", "gone.jsonl"), 2, "gone.jsonl"),
    (("grade", "--answers", "empty.txt", "--card", "x", "--answer", "y"), 2, "--answers"),
    (("grade", "--answers", "broken.jsonl"), 2, "line 2"),
    (("export", "no such deck", "--to", "x.csv"), 2, "no such deck"),
    (("search", "x", "--config", "typo.toml"), 2, "model"),
    (("search", "x", "--config", "many.toml"), 2, "more faults"),
    (("restore", "gone.db"), 2, "gone.db"),
    (("search", "x", "--config", "broken.toml"), 2, "broken.toml"),
]


@pytest.mark.parametrize(
    ("arguments", "code", "named"), BAD, ids=lambda v: " ".join(v) if isinstance(v, tuple) else None
)
def test_a_wrong_call_gets_one_or_two_plain_lines(
    tutor: Cli, home: Path, arguments: tuple[str, ...], code: int, named: str
) -> None:
    (home / "empty.txt").write_text("")
    (home / "noise.txt").write_bytes(bytes(range(256)) * 40)
    (home / "broken.jsonl").write_text('{"id": 1, "question": "q", "reference": "r", "answer": "a"}\nnot json\n')
    (home / "typo.toml").write_text('[modle]\nuse = "none"\n')
    (home / "broken.toml").write_text("[model\n")
    (home / "many.toml").write_text("".join(f"[wrong{n}]\n" for n in range(5)))
    done = tutor(*arguments)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    lines = done.stderr.strip().splitlines()
    assert 1 <= len(lines) <= 2, done.stderr
    assert named in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_said_plainly(tutor: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = tutor("chat", "--port", port)
    assert done.returncode == 2
    assert port in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2


def test_output_into_a_closed_pipe_ends_quietly(home: Path) -> None:
    line = f"{sys.executable} -m tutor.cli cards --json | head -1"
    done = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=60, check=False, cwd=home)
    assert done.returncode == 0
    assert done.stderr == ""
    assert json.loads(done.stdout)["id"]
