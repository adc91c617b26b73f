"""Statistics of evals: pure functions on plain numbers, without numpy.

The unit is the sample. A sample is run several times on both sides, and the difference of its two
means counts: trials of one sample are not independent samples.
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
