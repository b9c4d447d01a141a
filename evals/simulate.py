"""The statistics on trial, by simulation: `python -m evals.simulate [--runs 2000]`; coverage, power, false alarms.

Draws runs of which the truth is known, and counts how often the intervals hold it. Exit code 1 where a bar is missed.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from evals import stats

NUMBERS, SHARES, ICC, CLUSTER = (30, 50, 200), (0.5, 0.95, 0.98), 0.1, 5
COVERED, FOUND, ALARMS = 0.94, 0.60, 0.05
MARGIN = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """One figure of a simulation, and what it must be at least or at most."""

    name: str
    value: float
    wanted: float
    least: bool = True

    @property
    def ok(self) -> bool:
        """Whether it is met."""
        return self.value >= self.wanted if self.least else self.value <= self.wanted


def covered(n: int, share: float, icc: float, runs: int, rng: np.random.Generator) -> float:
    """How often the 95% interval of `n` yes-or-no cases holds the true share; clusters of 5 where `icc` is above 0."""
    names = [str(case // CLUSTER if icc else case) for case in range(n)]
    hits = 0
    for _ in range(runs):
        if icc:
            spread = 1 / icc - 1
            rates = np.repeat(rng.beta(share * spread, (1 - share) * spread, -(-n // CLUSTER)), CLUSTER)[:n]
        else:
            rates = np.full(n, share)
        found = stats.mean((rng.random(n) < rates).astype(float), names)
        hits += found.low <= share <= found.high
    return hits / runs


def paired(gain: float, n: int, runs: int, rng: np.random.Generator) -> tuple[float, float]:
    """How often a gain over `n` pairs, 12% of them discordant, is found; and how often it fails the gate."""
    better, worse = (0.12 + gain) / 2, (0.12 - gain) / 2
    seen = failed = 0
    for _ in range(runs):
        change = rng.choice((1.0, -1.0, 0.0), size=n, p=(better, worse, 1 - better - worse))
        found = stats.paired(np.where(change < 0, 1.0, 0.0), np.where(change > 0, 1.0, 0.0))
        seen += found.low > 0
        failed += found.high < -MARGIN
    return seen / runs, failed / runs


def bars(runs: int) -> Iterator[Bar]:
    """Every figure of the issue's statistics bars."""
    rng = np.random.default_rng(7)
    for icc in (0.0, ICC):
        for n in NUMBERS:
            for share in SHARES:
                name = f"coverage, n = {n}, p = {share:g}" + (f", clusters of {CLUSTER}, ICC {icc:g}" if icc else "")
                yield Bar(name=name, value=covered(n, share, icc, runs, rng), wanted=COVERED)
    found, _ = paired(0.06, 200, runs, rng)
    yield Bar(name="power, 6 points, 12% discordant, n = 200", value=found, wanted=FOUND)
    for n in NUMBERS:
        alarms, failed = paired(0.0, n, runs, rng)
        yield Bar(name=f"null fails the gate, n = {n}", value=failed, wanted=ALARMS, least=False)
        yield Bar(name=f"null is taken for a gain, n = {n}", value=alarms, wanted=ALARMS, least=False)


def main(words: Sequence[str] | None = None) -> int:
    """Print every figure; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description="Simulate runs of known truth and count how often statistics hold.")
    parser.add_argument("--runs", type=int, default=2000)
    missed = 0
    for bar in bars(parser.parse_args(words).runs):
        missed += not bar.ok
        word = "at least" if bar.least else "at most"
        sys.stdout.write(f"{'ok  ' if bar.ok else 'MISS'} {bar.value:.3f} ({word} {bar.wanted:g})  {bar.name}\n")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
