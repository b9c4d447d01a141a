"""The Models view's tables: which model is in use, what it cost, and runs with their intervals."""

from tutor.runs import EvalRun
from tutor.settings import ModelSettings, Profile, Settings
from tutor.ui.models import profiles_html, runs_html, spending_html
from tutor.ui.words import ENGLISH

LOCAL = Profile(name="local", model="little <llama>", base_url="http://localhost:1/v1")
RUN = EvalRun(
    suite="answers", profile="local", started="2026-03-02T10:00:00", cases=40,
    metrics=({"metric": "recall", "value": 0.8123, "low": 0.7, "high": 0.9, "n": 40},), report="# All",
)  # fmt: skip


def test_profile_in_use_is_marked_and_says_where_it_runs() -> None:
    html = profiles_html(Settings(models={"local": LOCAL}, model=ModelSettings(use="local")), ENGLISH)
    assert "little &lt;llama&gt;" in html
    assert "on this machine (localhost:1)" in html
    assert html.index("In use") > html.index("No model")


def test_without_a_model_nothing_leaves_the_machine() -> None:
    html = profiles_html(Settings(), ENGLISH)
    assert html.index("In use") < html.index("nothing leaves this machine")


def test_spending_shows_estimates_as_such_and_the_cap() -> None:
    row = {"for": "today", "calls": 3, "input_tokens": 120, "output_tokens": 30, "cost": 0.5, "cap": 2.0}
    html = spending_html([{**row, "estimated": True}], ENGLISH)
    assert "~120" in html
    assert "0.5000" in html
    assert ENGLISH.spending_none in spending_html([], ENGLISH)


def test_run_shows_each_metric_with_its_interval_and_its_report() -> None:
    html = runs_html([RUN], ENGLISH)
    assert "0.812" in html
    assert "0.700 – 0.900" in html
    assert 'download="answers-2026-03-02.md"' in html
    assert "<code>tutor-evals run answers</code>" in runs_html([], ENGLISH)
