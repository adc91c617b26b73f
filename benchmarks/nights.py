"""How often nightly evals raise a false alarm, and how often they see a real loss, by simulation.

    python3 benchmarks/nights.py [SUITES]

A suite's samples have pass rates of their own (a beta distribution with a mean and an intraclass
correlation). Each night is compared, as `promptops eval nightly` does, with the night before and
with the first; where one of the two is `worse`, the suite is run once more, and only what is worse
again is an alarm. Prints the share of nights with a first and with a confirmed alarm.
"""

from __future__ import annotations

import random
import sys
from typing import NamedTuple

from promptops.evals.verdict import Conclusion, SamplePair, compare

NIGHTS = 14

Night = list[tuple[float, ...]]


class NightDesign(NamedTuple):
    """A suite: samples, trials, mean pass rate, intraclass correlation, and the loss; 0: none."""

    samples: int
    trials: int
    rate: float
    intraclass: float
    drop: float = 0.0


DESIGNS = (
    NightDesign(20, 1, 0.9, 0.5),
    NightDesign(50, 1, 0.9, 0.5),
    NightDesign(50, 3, 0.9, 0.5),
    NightDesign(50, 3, 0.95, 0.3),
    NightDesign(200, 3, 0.9, 0.5),
    NightDesign(20, 1, 0.9, 0.5, 0.3),
    NightDesign(50, 1, 0.9, 0.5, 0.2),
    NightDesign(50, 3, 0.9, 0.5, 0.1),
    NightDesign(50, 3, 0.9, 0.5, 0.15),
    NightDesign(200, 3, 0.9, 0.5, 0.1),
)


def run_night(chance: random.Random, rates: list[float], trials: int) -> Night:
    """Return whether each trial of each sample passes."""
    return [tuple(float(chance.random() < rate) for _ in range(trials)) for rate in rates]


def is_worse(before: Night, after: Night) -> bool:
    """Return whether a night is worse than another one."""
    pairs = [
        SamplePair(str(number), *sides)
        for number, sides in enumerate(zip(before, after, strict=True))
    ]
    return compare(pairs).finding is Conclusion.WORSE


def simulate(design: NightDesign, suites: int) -> tuple[float, float]:
    """Return the shares of nights with a first and with a confirmed alarm."""
    chance = random.Random(f"{design}")
    spread = 1 / design.intraclass - 1
    first_alarms = alarms = total = 0
    for _ in range(suites):
        rates = [
            chance.betavariate(design.rate * spread, (1 - design.rate) * spread)
            for _ in range(design.samples)
        ]
        later = [max(0.0, rate - design.drop) for rate in rates]
        first = before = run_night(chance, rates, design.trials)
        for _ in range(1 if design.drop else NIGHTS):
            tonight = run_night(chance, later, design.trials)
            total += 1
            references = [before] if before is first else [before, first]
            worse = [one for one in references if is_worse(one, tonight)]
            again = run_night(chance, later, design.trials) if worse else tonight
            first_alarms += bool(worse)
            if any(is_worse(one, again) for one in worse):
                alarms += 1
            else:
                before = tonight
    return first_alarms / total, alarms / total


def main(words: list[str]) -> int:
    """Print the table."""
    suites = int(words[0]) if words else 100
    for design in DESIGNS:
        first, confirmed = simulate(design, suites)
        sys.stdout.write(
            f"{design.samples} samples, {design.trials} trials, {design.rate:.0%} pass,"
            f" loss {100 * design.drop:.0f} points: worse in {first:.2%} of nights,"
            f" in both runs {confirmed:.2%}\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
