"""A pytest plugin: suites as tests of one's own project, on the command line (`--tutor-suite`) or by a fixture.

Does nothing unless it is asked: no option given and no fixture used, nothing of the tutor is imported.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evals.result import Run

RunSuite = Callable[..., "Run"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the command line."""
    group = parser.getgroup("tutor", "suites of the flashcard tutor")
    group.addoption("--tutor-suite", action="append", default=[], help="run this suite (a name or a .toml) as a test")
    group.addoption("--tutor-model", default=None, help="the model profile to test; default: the one in use")
    group.addoption("--tutor-config", default=None, help="the tutor's configuration; default: ./tutor.toml if there")
    group.addoption("--tutor-limit", type=int, default=None, help="at most this many cases of each suite")
    group.addoption("--tutor-at-least", type=float, default=None, help="what the primary metric must reach")
    group.addoption("--tutor-against", default=None, help="the run (a log file) that must not be fallen behind")


@pytest.fixture
def run_suite(request: pytest.FixtureRequest) -> RunSuite:
    """`evals.run_suite`, with the model, configuration and limit of the command line where none are given."""
    from evals.run import run_suite as run

    def call(where: Any, **how: Any) -> "Run":  # noqa: ANN401 (as run_suite takes it)
        if "subject" not in how and "settings" not in how:
            for name, value in _chosen(request.config).items():
                how.setdefault(name, value)
        return run(where, **how)

    return call


def _chosen(config: pytest.Config) -> dict[str, Any]:
    path = config.getoption("--tutor-config")
    return {
        "config": Path(path) if path else None,
        "model": config.getoption("--tutor-model"),
        "limit": config.getoption("--tutor-limit"),
    }


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """One more test for each suite that was named."""
    names = config.getoption("--tutor-suite")
    if names:
        parent = _Suites.from_parent(session, name="tutor", nodeid="tutor")
        items += parent.collect_all(names)


class _Suites(pytest.Collector):
    def collect(self) -> Iterator[pytest.Item]:
        yield from ()

    def collect_all(self, names: list[str]) -> list[pytest.Item]:
        return [SuiteTest.from_parent(self, name=Path(name).stem, where=name) for name in names]


class GateError(Exception):
    """A suite did not pass its gate."""


class SuiteTest(pytest.Item):
    """One suite as a test: it passes as `tutor-evals gate` would, or when enough cases were scored and none failed."""

    def __init__(self, *, where: str, **known: Any) -> None:  # noqa: ANN401 (pytest's own)
        super().__init__(**known)
        self.where = where

    def runtest(self) -> None:
        """Run the suite and judge it."""
        from evals.gate import gate, gate_at_least, unfit
        from evals.log import read_log
        from evals.run import run_suite as run

        found = run(self.where, **_chosen(self.config))
        least, against = self.config.getoption("--tutor-at-least"), self.config.getoption("--tutor-against")
        if against is not None:
            judged = gate(found, read_log(Path(against)))
        elif least is not None:
            judged = gate_at_least(found, least)
        elif reasons := unfit(found, "the run"):
            raise GateError("\n".join(["cannot judge", *reasons]))
        else:
            return
        if judged.outcome != "pass":
            raise GateError("\n".join([judged.outcome, *judged.reasons]))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # noqa: ANN401
        """The gate's reasons alone; anything else in full."""
        return str(excinfo.value) if isinstance(excinfo.value, GateError) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the test stands."""
        return Path(self.where), 0, f"suite {self.name}"
