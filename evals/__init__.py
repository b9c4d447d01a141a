"""The eval harness: suites of cases, subjects under test, scores with intervals. `run_suite` runs one."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evals.log import Log, read_log
    from evals.result import Run
    from evals.run import run_suite
    from evals.suite import Suite, load_suite

__all__ = ["Log", "Run", "Suite", "load_suite", "read_log", "run_suite"]

_HOMES = {"Log": "log", "read_log": "log", "Run": "result", "run_suite": "run", "Suite": "suite", "load_suite": "suite"}


def __getattr__(name: str) -> Any:  # noqa: ANN401 (whatever the name stands for)
    """Public names, imported when first used, so that the command line starts at once."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
