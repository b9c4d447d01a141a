import csv
import io
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from evals import run_suite
from evals.case import SuiteError
from evals.export import rendered
from evals.result import Run
from evals.subject import Answer, Found, Scripted


@pytest.fixture
def run(make_suite: Callable[..., Path], queries: list[dict[str, Any]], right: dict[str, Answer]) -> Run:
    odd = Answer(found=(Found(card="x", question='<script>alert("x")</script>'),), answerable=True)
    script: dict[str, Answer | Exception] = {**right, "q01": odd, "q02": ValueError("=cmd()")}
    return run_suite(make_suite(queries), subject=Scripted(script))


class _Balance(HTMLParser):
    """Counts what is opened and not closed, and what the page would ask a host for."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.asked: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.asked += [
            value or "" for name, value in attrs if name in ("src", "href") and not (value or "").startswith("#")
        ]
        if tag not in ("meta", "line", "rect", "circle"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Closed at once."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_inert_and_asks_no_host(run: Run) -> None:
    page = rendered(run, ".html", run)
    reader = _Balance()
    reader.feed(page)
    assert (reader.open, reader.asked) == ([], [])
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "default-src 'none'" in page
    assert not re.search(r"https?://", page)
    assert "recall@1" in page
    assert "<svg" in page


def test_junit_counts_failures_errors_and_what_is_no_business(run: Run) -> None:
    suite = ElementTree.fromstring(rendered(run, ".xml"))
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("25", "1", "1")
    assert len(suite.findall("testcase/skipped")) == 5
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert "query 1" in (failure.text or "")


def test_csv_has_a_row_a_result_and_no_formula(run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(rendered(run, ".csv"))))
    assert len(rows) == 25
    by_case = {row["case"]: row for row in rows}
    assert by_case["q00"]["recall@1"] == "1.0000"
    assert by_case["q02"]["said"] == "ValueError: =cmd()"
    assert by_case["none0"]["recall@1"] == ""


def test_other_forms_are_refused(run: Run) -> None:
    with pytest.raises(SuiteError, match=r"must end in .md, .html, .csv, .xml or .json, not .pdf"):
        rendered(run, ".pdf")
