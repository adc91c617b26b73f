"""Does a verdict keep what it promises? Simulates eval suites, and counts how often it is wrong.

    python benchmarks/verdicts.py                  # 10,000 suites a cell: ten minutes
    python benchmarks/verdicts.py --suites 500     # a look

A cell is a number of samples and trials, a pass rate, a true difference, and a design: how the
samples differ in difficulty, and what the change does to them. Each suite of a cell is drawn anew,
samples and trials. The goals:

* the interval holds the true mean difference in at least 94 % of suites (below 93.5 % fails);
* `worse` is said of equal sides in at most 5 % of suites, be they equal on each sample or only on
  average;
* no interval has width 0, `worse` has one below 0, and p > 0.05 has one that holds 0;
* the power that `promptops` states is within 2 points of what is found; the one of a cell that is
  simulated is uncertain by a point itself.
"""

from __future__ import annotations

import argparse
import itertools
import math
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from typing import TYPE_CHECKING

from promptops.evals.statistics import Design, difference_interval, power, sign_flip
from promptops.evals.statistics.power import difference_chances

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SAMPLES = (20, 50, 200)
TRIALS = (1, 3, 5)
RATES = (0.5, 0.8, 0.95)
DROPS = (0.0, 0.05, 0.2)
LEAST_COVERAGE, FAILING_COVERAGE = 0.94, 0.935
MAX_FALSE = 0.05
MAX_OFF = 0.02
_REPAIRED = 0.05

# The chance of each difference of passed trials, from -trials to +trials.
Chances = list[float]


@dataclass(frozen=True, slots=True)
class Cell:
    """What is simulated."""

    design: str
    samples: int
    trials: int
    rate: float
    drop: float


@dataclass(slots=True)
class Found:
    """How often each thing happened, as shares of suites."""

    cell: Cell
    coverage: float
    worse: float
    width: float
    contradictions: int
    stated: float | None


def binomial(trials: int, rate: float) -> list[float]:
    return [
        math.comb(trials, passed) * rate**passed * (1 - rate) ** (trials - passed)
        for passed in range(trials + 1)
    ]


def beta_binomial(trials: int, rate: float, intraclass: float) -> list[float]:
    if intraclass == 0 or rate in (0, 1):
        return binomial(trials, rate)
    spread = (1 - intraclass) / intraclass
    a, b = rate * spread, (1 - rate) * spread

    def log_beta(x: float, y: float) -> float:
        return math.lgamma(x) + math.lgamma(y) - math.lgamma(x + y)

    return [
        math.comb(trials, passed)
        * math.exp(log_beta(a + passed, b + trials - passed) - log_beta(a, b))
        for passed in range(trials + 1)
    ]


def independent_sides(before: list[float], after: list[float]) -> Chances:
    trials = len(before) - 1
    chances = [0.0] * (2 * trials + 1)
    for i, j in itertools.product(range(trials + 1), repeat=2):
        chances[j - i + trials] += before[i] * after[j]
    return chances


def mixed(parts: Iterable[tuple[float, Chances]]) -> Chances:
    weighted = [[weight * chance for chance in chances] for weight, chances in parts]
    return [math.fsum(column) for column in zip(*weighted, strict=True)]


def falls(intraclass: float) -> Callable[[Cell], Chances]:
    """Every sample's chance falls by the same proportion."""
    return lambda cell: difference_chances(Design(cell.rate, cell.drop, cell.trials, intraclass))


def breaks(intraclass: float) -> Callable[[Cell], Chances]:
    """A share of the samples never passes any more; the others are as they were."""

    def chances(cell: Cell) -> Chances:
        share = cell.drop / cell.rate
        nothing = binomial(cell.trials, 0.0)
        same = difference_chances(Design(cell.rate, 0.0, cell.trials, intraclass))
        before = beta_binomial(cell.trials, cell.rate, intraclass)
        return mixed([(1 - share, same), (share, independent_sides(before, nothing))])

    return chances


def unrelated(intraclass: float) -> Callable[[Cell], Chances]:
    """What is hard before tells nothing of what is hard after: equal on average only."""
    return lambda cell: independent_sides(
        beta_binomial(cell.trials, cell.rate, intraclass),
        beta_binomial(cell.trials, cell.rate - cell.drop, intraclass),
    )


def skewed(cell: Cell) -> Chances:
    """Before, all samples are equally hard; after, each passes always or never."""
    return independent_sides(
        binomial(cell.trials, cell.rate), beta_binomial(cell.trials, cell.rate - cell.drop, 0.999)
    )


def mirrored(cell: Cell) -> Chances:
    """One sample in twenty is repaired entirely, and the rest falls a little."""
    rest = cell.rate / (1 - _REPAIRED)
    fallen = rest - (_REPAIRED + cell.drop) / (1 - _REPAIRED)
    never, always = binomial(cell.trials, 0.0), binomial(cell.trials, 1.0)
    others = independent_sides(binomial(cell.trials, rest), binomial(cell.trials, fallen))
    return mixed([(_REPAIRED, independent_sides(never, always)), (1 - _REPAIRED, others)])


DESIGNS: dict[str, Callable[[Cell], Chances]] = {
    **{f"falls {one}": falls(one) for one in (0.0, 0.5, 0.9)},
    **{f"breaks {one}": breaks(one) for one in (0.0, 0.5, 0.9)},
    **{f"unrelated {one}": unrelated(one) for one in (0.0, 0.5, 0.9)},
    "skewed": skewed,
    "mirrored": mirrored,
}


def simulate(cell: Cell, suites: int) -> Found:
    chances = DESIGNS[cell.design](cell)
    values = range(-cell.trials, cell.trials + 1)
    cumulated = list(accumulate(chances))
    chance = random.Random(repr(cell))

    @lru_cache(maxsize=1 << 16)
    def judged(counts: tuple[tuple[int, int], ...]) -> tuple[float, float, float]:
        differences = [step / cell.trials for step, count in counts for _ in range(count)]
        p = sign_flip(differences)
        interval = difference_interval(differences, p)
        return p, interval.low, interval.high

    held = worse = contradictions = 0
    widths = 0.0
    for _ in range(suites):
        drawn = Counter(chance.choices(values, cum_weights=cumulated, k=cell.samples))
        p, low, high = judged(tuple(sorted(drawn.items())))
        held += low <= -cell.drop + 1e-12 and high >= -cell.drop - 1e-12
        worse += p <= 0.05 and high < 0
        contradictions += low >= high or (p > 0.05 and not low <= 0 <= high)
        widths += high - low
    stated = None
    if cell.design.startswith("falls"):
        intraclass = float(cell.design.split()[1])
        stated = power(cell.samples, Design(cell.rate, cell.drop, cell.trials, intraclass))
    return Found(cell, held / suites, worse / suites, widths / suites, contradictions, stated)


def off(one: Found) -> float:
    """By how much the stated power of a cell with a difference is wrong."""
    return abs(one.stated - one.worse) if one.stated is not None and one.cell.drop else 0.0


def show(one: Found) -> str:
    cell = one.cell
    stated = "" if one.stated is None else f", stated {one.stated:.1%}"
    return (
        f"  {cell.design:14} n={cell.samples:<3} k={cell.trials} rate={cell.rate:<4}"
        f" drop={cell.drop:<4}: held {one.coverage:.1%}, worse {one.worse:.1%}{stated},"
        f" half-width {50 * one.width:.1f} points"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("--suites", type=int, default=10_000, help="suites a cell")
    parser.add_argument("--design", action="append", choices=DESIGNS, help="only this one")
    parser.add_argument("--every", type=int, default=1, help="only each so manieth cell")
    chosen = parser.parse_args()
    started = time.process_time()
    grid = itertools.product(chosen.design or DESIGNS, SAMPLES, TRIALS, RATES, DROPS)
    cells = [Cell(*one) for one in grid][:: chosen.every]
    found = [simulate(cell, chosen.suites) for cell in cells]
    # Three standard errors of a share near 95 % in so many suites.
    slack = 3 * math.sqrt(0.05 * 0.95 / chosen.suites) if chosen.suites < 10_000 else 0.0
    equal = [one for one in found if not one.cell.drop]
    print(f"{len(found)} cells of {chosen.suites} suites, {time.process_time() - started:.0f} s")
    print("lowest coverage:")
    for one in sorted(found, key=lambda one: one.coverage)[:5]:
        print(show(one))
    print("most false `worse`:")
    for one in sorted(equal, key=lambda one: -one.worse)[:5]:
        print(show(one))
    print("stated power furthest off:")
    for one in sorted(found, key=off)[:-6:-1]:
        print(show(one))
    failures = {
        "coverage": [one for one in found if one.coverage < FAILING_COVERAGE - slack],
        "false worse": [one for one in equal if one.worse > MAX_FALSE + slack],
        "contradictions": [one for one in found if one.contradictions],
        "stated power": [one for one in found if off(one) > MAX_OFF + 3 * slack],
    }
    below = sum(one.coverage < LEAST_COVERAGE for one in found)
    print(f"cells below {LEAST_COVERAGE:.0%}: {below}")
    for what, cells_of in failures.items():
        print(f"{what}: {'FAILED in ' + str(len(cells_of)) if cells_of else 'kept'}")
    return int(any(failures.values()))


if __name__ == "__main__":
    sys.exit(main())
