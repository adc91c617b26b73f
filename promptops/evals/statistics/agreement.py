"""Measure the agreement of two raters beyond chance; intervals of shares."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.evals.statistics.interval import CONFIDENCE, Interval
from promptops.runtime.log.distributions import beta_quantile, normal_quantile

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

# Added to a table before its variance is taken.
_PSEUDO_ANSWERS = 4


@dataclass(frozen=True, slots=True)
class Agreement:
    """The agreement of two raters on the same answers.

    Attributes:
        pairs: the number of answers that both rated.
        agreed: the share on which they agree.
        kappa: the agreement beyond chance (Cohen, 1960): 1 is full agreement, 0 is chance. None if
            both raters always gave the same rating.
        interval: the confidence interval of kappa; None if kappa is.
    """

    pairs: int
    agreed: float
    kappa: float | None
    interval: Interval | None


def kappa(
    ratings: Sequence[tuple[Hashable, Hashable]], confidence: float = CONFIDENCE
) -> Agreement:
    """Return Cohen's kappa of paired ratings, with its interval.

    The standard error is that of Fleiss, Cohen and Everitt (1969), from the table with four more
    answers, spread evenly over its cells. Without them, full agreement on 20 answers would give an
    interval of width 0. With them, the interval contained the true kappa in at least 94 % of
    simulated tables of 20 to 200 answers.
    """
    total = len(ratings)
    if not total:
        return Agreement(0, math.nan, None, None)
    counts = Counter(ratings)
    agreed = sum(count for (one, other), count in counts.items() if one == other) / total
    labels = list(dict.fromkeys(label for pair in ratings for label in pair))
    table = [[counts[one, other] for other in labels] for one in labels]
    share = _PSEUDO_ANSWERS / len(labels) ** 2
    estimate, _ = _kappa_and_variance(table)
    center, variance = _kappa_and_variance([[count + share for count in row] for row in table])
    if estimate is None or center is None:
        return Agreement(total, agreed, None, None)
    half = normal_quantile((1 + confidence) / 2) * math.sqrt(variance)
    low, high = max(-1.0, min(center - half, estimate)), min(1.0, max(center + half, estimate))
    return Agreement(total, agreed, estimate, Interval(low, high, confidence))


def _kappa_and_variance(table: Sequence[Sequence[float]]) -> tuple[float | None, float]:
    """Return kappa of a table of counts and its large-sample variance; None where undefined."""
    total = math.fsum(math.fsum(row) for row in table)
    rows = [math.fsum(row) / total for row in table]
    columns = [math.fsum(column) / total for column in zip(*table, strict=True)]
    observed = math.fsum(table[i][i] for i in range(len(table))) / total
    by_chance = math.fsum(map(float.__mul__, rows, columns))
    if by_chance >= 1 - 1e-12:
        return None, 0.0
    estimate = (observed - by_chance) / (1 - by_chance)
    diagonal = apart = 0.0
    for i, row in enumerate(table):
        for j, count in enumerate(row):
            share = count / total
            if i == j:
                diagonal += share * (1 - (rows[i] + columns[i]) * (1 - estimate)) ** 2
            else:
                apart += share * (columns[i] + rows[j]) ** 2
    spread = diagonal + (1 - estimate) ** 2 * apart
    variance = (spread - (estimate - by_chance * (1 - estimate)) ** 2) / (1 - by_chance) ** 2
    return estimate, max(0.0, variance) / total


def proportion_interval(hits: int, total: int, confidence: float = CONFIDENCE) -> Interval:
    """Return the exact confidence interval of a share (Clopper and Pearson, 1934)."""
    tail = (1 - confidence) / 2
    low = beta_quantile(tail, hits, total - hits + 1) if hits else 0.0
    high = beta_quantile(1 - tail, hits + 1, total - hits) if hits < total else 1.0
    return Interval(low, high, confidence)
