import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evals import Log, run_suite
from evals.cli import main
from evals.echo import echo
from evals.log import find_run
from evals.metrics import FITS
from evals.plan import plan as make_plan
from evals.subject import Answer, Scripted
from evals.suite import load_suite

Cases = list[dict[str, Any]]
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Calls the command line in an empty home; gives exit code, standard output and standard error."""
    monkeypatch.setenv("COLUMNS", "160")

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tutor-evals", *words])
        with pytest.raises(SystemExit) as caught:
            main()
        out, err = capsys.readouterr()
        return int(caught.value.code or 0), out, err

    return run


@pytest.fixture
def two_runs(home: Path, make_suite: Callable[..., Path], queries: Cases, right: dict[str, Answer]) -> tuple[str, str]:
    """The paths of a good and of a bad run's log."""
    path = make_suite(queries)
    bad = {case: Answer(answerable=True) for case in right}
    logs = [
        run_suite(path, subject=Scripted(script, name=name), journal=Log(home / "runs")).log
        for name, script in (("good", right), ("bad", bad))
    ]
    return logs[0], logs[1]


def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    code = (
        "import atexit, sys; from evals.cli import main; sys.argv[1:] = ['--help']; "
        "heavy = {'chromadb', 'numpy', 'onnxruntime', 'openai', 'pydantic', 'sqlalchemy'}; "
        "atexit.register(lambda: print('loaded:', sorted(heavy & set(sys.modules)))); main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for name in ("list", "plan", "run", "score", "compare", "gate", "report", "show", "bench"):
        assert f"\n  {name} " in done.stdout
    assert done.stdout.endswith("loaded: []\n")


def test_suites_are_listed(call: Call) -> None:
    code, out, _ = call("list", "--json")
    listed = {line["suite"]: line for line in map(json.loads, out.splitlines())}
    assert code == 0
    assert listed["retrieval"]["cases"] >= 110
    assert "answers" in call("list")[1]


def test_a_plan_is_made_without_running_anything(call: Call, home: Path) -> None:
    toml = home / "tutor.toml"
    toml.write_text(
        '[models.local]\nmodel = "m"\nbase_url = "http://127.0.0.1:1/v1"\nprice_in = 1.0\nprice_out = 2.0\n'
    )
    code, out, err = call("plan", "answers", "--model", "local", "--model", "none", "--repeat", "2", "--json")
    assert (code, err) == (0, "")
    local, none = map(json.loads, out.splitlines())
    assert local["calls"] == local["cases"] > none["calls"] == 0
    assert local["cost"] > 0 == none["cost"]
    assert 0 < none["detectable"] < 0.12
    assert not (home / "runs").exists()


def test_a_plan_goes_by_the_newest_run_that_is_complete(two_runs: tuple[str, str], home: Path) -> None:
    whole = Path(two_runs[0])
    broken = whole.with_name(f"{whole.stem}x.jsonl")
    broken.write_text("\n".join(whole.read_text().splitlines()[:-1]) + "\n")
    os.utime(whole, (1, 1))
    run = find_run(str(whole), home / "runs")
    made = make_plan(load_suite(run.head.path, metrics=FITS), "good", None, runs=home / "runs")
    assert made.source == f"measured in {run.head.id}"


def test_an_imported_run_leaves_a_report(call: Call, two_runs: tuple[str, str], home: Path) -> None:
    suite = find_run(two_runs[0], home).head.path
    (home / "theirs.csv").write_text("case,said\nq01,none\n")
    code, out, err = call("import", "theirs.csv", "--suite", suite, "--json")
    assert (code, err) == (0, "")
    assert "theirs" in Path(json.loads(out)["log"]).with_suffix(".md").read_text()


def test_a_plan_tells_the_judge_apart_from_the_tutor(call: Call, home: Path) -> None:
    text = '[models.{}]\nmodel = "m"\nbase_url = "http://127.0.0.1:1/v1"\nprice_in = {}\nprice_out = 2.0\n'
    (home / "tutor.toml").write_text(text.format("local", 1.0) + text.format("strict", 9.0))
    alone, judged, graded = (
        json.loads(call("plan", *words, "--model", "local", "--json")[1])
        for words in (("answers",), ("answers", "--judge", "strict"), ("grading", "--judge", "strict"))
    )
    assert alone["judge_calls"] == alone["judge_cost"] == graded["judge_calls"] == 0  # points of a grade need no judge
    assert (judged["judge"], judged["judge_calls"], judged["cost"]) == ("strict", judged["cases"], alone["cost"])
    spent = judged["judge_input_tokens"] * 9.0 + judged["judge_output_tokens"] * 2.0
    assert judged["judge_cost"] == pytest.approx(spent / 1e6)
    assert judged["minutes"] > alone["minutes"]
    assert call("plan", "answers", "--judge", "strikt")[0] == 2


def test_grading_runs_with_no_model_and_leaves_a_log_and_a_report(call: Call, indexed: Path) -> None:
    code, out, _ = call("run", "grading", "--limit", "6", "--json")
    data = json.loads(out)
    assert code == 0
    assert sum(data["counts"].values()) == 6
    assert Path(data["log"]).exists()
    assert "# grading: none" in Path(data["log"]).with_suffix(".md").read_text()
    code, out, _ = call("run", "grading", "--limit", "6")
    assert "qwk" in out
    assert "report runs/" in out.replace("\n", " ")


def test_a_gate_gives_the_exit_codes_it_promises(call: Call, two_runs: tuple[str, str]) -> None:
    good, bad = two_runs
    assert call("gate", good, good, "--margin", "0.2")[0] == 0
    assert call("gate", bad, good)[0] == 1
    assert call("gate", good)[0] == 2
    assert call("gate", good, "--at-least", "0.95")[0] == 4
    assert json.loads(call("gate", bad, good, "--json")[1])["outcome"] == "fail"
    kept = Path(good).read_text().splitlines(keepends=True)[:9]
    Path(good).write_text("".join(kept))
    assert call("gate", good, bad)[0] == 3


def test_runs_are_compared_reported_shown_and_scored_again(call: Call, two_runs: tuple[str, str]) -> None:
    good, bad = two_runs
    assert "| recall@1 | 1.000 | 0.000 |" in call("compare", good, bad)[1]
    assert json.loads(call("compare", good, bad, "--json")[1])["changes"][0]["worse"] == 20
    assert "# small: good" in call("report", good)[1]
    assert json.loads(call("report", "small-bad", "--json")[1])["profile"] == "bad"
    assert json.loads(call("show", good, "q03")[1])["asked"] == "query 3"
    assert call("report", good, "--to", "page.md")[0] == 0
    assert Path("page.md").read_text().startswith("# small: good")
    code, out, _ = call("score", good, "--json")
    assert code == 0
    assert json.loads(out)["metrics"]["recall@1"]["value"] == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("run", "retreival"), "did you mean retrieval?"),
        (("run", "none.toml"), "there is no such suite file"),
        (("run", "grading", "--tag", "prime"), "no case with the tags prime"),
        (("run", "grading", "--model", "nobody"), "there is no model profile 'nobody'"),
        (("run", "grading", "--judge", "nobody", "--limit", "1"), "there is no model profile 'nobody'"),
        (("run", "grading", "--only-failed", "x"), "there is no run 'x'"),
        (("run", "grading", "--limit", "0"), "--limit"),
        (("compare", "a", "b"), "there is no run 'a'"),
        (("show", "a", "b"), "there is no run 'a'"),
        (("plan",), "Missing argument"),
        (("leap",), "leap"),
    ],
)
def test_wrong_usage_gets_a_plain_line_and_exit_code_two(call: Call, words: tuple[str, ...], told: str) -> None:
    code, out, err = call(*words)
    assert (code, out) == (2, "")
    assert told in err
    assert "Traceback" not in err


def test_a_run_that_cannot_write_its_log_says_so(call: Call, home: Path) -> None:
    (home / "runs").write_text("a file where the folder should be")
    code, _, err = call("run", "grading", "--limit", "1")
    assert code == 2
    assert "cannot be written" in err
    assert "Traceback" not in err


def test_two_profiles_and_a_judge_run_against_a_server(call: Call, home: Path) -> None:
    with echo(tokens=14) as url:
        profiles = "".join(f'[models.{name}]\nmodel = "{name}"\nbase_url = "{url}"\n' for name in ("a", "b", "judge"))
        (home / "tutor.toml").write_text(profiles + '[embeddings]\nuse = "none"\n')
        words = ("answers", "--model", "a", "--model", "b", "--judge", "judge", "--tag", "two-cards", "--limit", "3")
        code, out, _ = call("run", *words, "--json")
    runs = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [run["profile"] for run in runs] == ["a", "b"]
    assert all(run["counts"] == {"scored": 3, "unscored": 0, "error": 0} for run in runs)
    assert all(run["output_tokens"] == 42 for run in runs)
    assert call("report", "answers-b", "--to", "page.html", "--against", "answers-a")[0] == 0
    assert "<svg" in Path("page.html").read_text()


def test_an_unreachable_model_cannot_be_judged(call: Call, home: Path) -> None:
    away = '[models.away]\nmodel = "m"\nbase_url = "http://127.0.0.1:9/v1"\nretries = 0\n'
    (home / "tutor.toml").write_text(away + '[embeddings]\nuse = "none"\n')
    code, out, _ = call("run", "grading", "--model", "away", "--limit", "1", "--json")
    assert code == 3
    assert json.loads(out)["counts"] == {"scored": 0, "unscored": 0, "error": 1}


def test_the_harness_puts_itself_on_trial(call: Call) -> None:
    assert call("lint", "retrieval")[:2] == (0, "nothing to mend\n")
    assert call("calibrate")[0] == 2
