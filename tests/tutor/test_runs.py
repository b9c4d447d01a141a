import json
import os
from pathlib import Path

from tutor.runs import ENDING, latest_runs

TOLD = {"suite": "answers", "profile": "none", "started": "2026-03-02T10:00:00", "cases": 3}
METRIC = {"metric": "recall", "value": 0.8, "low": 0.7, "high": 0.9, "n": 3}


def test_newest_runs_come_first_with_their_reports_and_damaged_ones_are_left_out(tmp_path: Path) -> None:
    for place, name in enumerate(("old", "new", "broken")):
        path = tmp_path / f"{name}{ENDING}"
        path.write_text("{" if name == "broken" else json.dumps({**TOLD, "suite": name, "metrics": [METRIC]}))
        os.utime(path, (place, place))
    (tmp_path / "new.md").write_text("# Report")
    runs = latest_runs(tmp_path)
    assert [run.suite for run in runs] == ["new", "old"]
    assert [run.report for run in runs] == ["# Report", ""]
    assert runs[0].metrics == (METRIC,)
    assert latest_runs(tmp_path / "nowhere") == ()
