"""The store and the session as machines, driven for longer than the tests can: thousands of steps in any order."""

from collections.abc import Iterator

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.torture.place import times
from tests.tutor.test_machines import SessionMachine, StoreMachine

STEPS = 40


def rows() -> Iterator[tuple[str, str, bool]]:
    for machine, examples in ((StoreMachine, times(60)), (SessionMachine, times(100))):
        many = settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=None,
            phases=(Phase.generate,),
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        broken = ""
        try:
            run_state_machine_as_test(machine, settings=many)
        except Exception as error:  # noqa: BLE001 - any fault at all is a promise that did not hold
            broken = " ".join(f"{type(error).__name__}: {error}".split())[:160]
        what = f"{machine.__name__}: up to {examples} x {STEPS} steps: promises broken"
        yield what, f"{int(bool(broken))} {broken}".strip() + ", bar 0", not broken
