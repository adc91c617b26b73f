"""Statistics of evals: pure functions on plain numbers, without numpy.

The unit is the sample. A sample is asked several times on both sides, and what counts of it is the
difference of its two means: trials of one sample are never taken for independent samples.
"""

from promptops.evals.statistics.agreement import Agreement, kappa, proportion_interval
from promptops.evals.statistics.interval import Interval, difference_interval, holm
from promptops.evals.statistics.power import Design, detectable_drop, power, samples_needed
from promptops.evals.statistics.sign_flip import sign_flip

__all__ = [
    "Agreement",
    "Design",
    "Interval",
    "detectable_drop",
    "difference_interval",
    "holm",
    "kappa",
    "power",
    "proportion_interval",
    "samples_needed",
    "sign_flip",
]
