"""A small suite on disk and scripted subjects for it, for every test of the harness."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evals.subject import Answer, Found

TOML = """
name = "{name}"
version = 1
subject = "{subject}"
metrics = {metrics}
primary = "{primary}"
margin = 0.05
coverage = 0.9
"""

Maker = Callable[..., Path]


@pytest.fixture
def make_suite(tmp_path: Path) -> Maker:
    """Writes a suite: `make_suite(cases, subject=..., metrics=[...])`; gives the path of its TOML file."""

    def make(
        cases: list[dict[str, Any]],
        subject: str = "retrieval",
        metrics: tuple[str, ...] = ("recall@1", "mrr", "refusal", "false_refusal"),
        name: str = "small",
        primary: str = "",
        more: str = "",
    ) -> Path:
        path = tmp_path / f"{name}.toml"
        text = TOML.format(name=name, subject=subject, metrics=json.dumps(metrics), primary=primary or metrics[0])
        path.write_text(text + more, encoding="utf-8")
        lines = "".join(json.dumps(case) + "\n" for case in cases)
        path.with_suffix(".jsonl").write_text(lines, encoding="utf-8")
        return path

    return make


@pytest.fixture
def queries() -> list[dict[str, Any]]:
    """Twenty answerable queries and five that nothing answers."""
    asked: list[dict[str, Any]] = [
        {"id": f"q{n:02}", "query": f"query {n}", "relevant": [f"card {n}"], "tags": ["even" if n % 2 == 0 else "odd"]}
        for n in range(20)
    ]
    return [*asked, *({"id": f"none{n}", "query": f"nothing {n}", "unanswerable": True} for n in range(5))]


@pytest.fixture
def right() -> dict[str, Answer]:
    """The right answer to each of the twenty-five queries."""
    found = {
        f"q{n:02}": Answer(found=(Found(card=f"id{n}", question=f"Card {n}", score=0.9),), answerable=True)
        for n in range(20)
    }
    return {**found, **{f"none{n}": Answer(answerable=False) for n in range(5)}}
