"""Decide whether a change is better than, worse than, or not distinguishable from the baseline.

The unit is the sample, with the difference of its two means over trials. `worse` and `better` need
both the sign-flip test and the interval, because each alone errs more often than its level if a few
samples change a lot and the others a little.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from promptops.evals.ordering import NaturalKey, natural_key
from promptops.evals.statistics import (
    Design,
    Interval,
    detectable_drop,
    difference_interval,
    holm,
    sign_flip,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MIN_SAMPLES = 6
LEVEL = 0.05
_ROUNDING = 1e-9
_MAX_INTRACLASS = 0.95


class Conclusion(StrEnum):
    """The conclusion of a comparison.

    TOO_FEW: with fewer than six samples, no difference can be significant. NOT_JUDGED: a value is
    NaN, or no sample was judged on both sides.
    """

    BETTER = "better"
    WORSE = "worse"
    NOT_WORSE = "not worse"
    NO_DIFFERENCE = "no difference found"
    TOO_FEW = "too few samples"
    NOT_JUDGED = "could not judge"


@dataclass(frozen=True, slots=True)
class SamplePair:
    """One sample on both sides.

    Attributes:
        name: the sample's name.
        before: the score of each judged trial of the baseline: 1 for passed, 0 for failed, or
            between. Empty if none was judged.
        after: the same for the change.
        tags: its slices.
        needed: the number of trials that must pass; None if trials have scores.
    """

    name: str
    before: tuple[float, ...]
    after: tuple[float, ...]
    tags: tuple[str, ...] = ()
    needed: int | None = 1

    @property
    def is_judged(self) -> bool:
        """Whether both sides have judged trials."""
        return bool(self.before) and bool(self.after)


class Movement(StrEnum):
    """The change of a sample: LOST and REPAIRED in passing or failing, others only in mean."""

    LOST = "lost"
    FELL = "fell"
    ROSE = "rose"
    REPAIRED = "repaired"


@dataclass(frozen=True, slots=True)
class Moved:
    """A sample that changed.

    Attributes:
        name: the sample's name.
        movement: how it changed.
        before: the mean of its trials with the baseline.
        after: the mean of its trials with the change.
    """

    name: str
    movement: Movement
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class SuiteComparison:
    """The two sides of a suite, or of one of its slices.

    Attributes:
        finding: the conclusion.
        samples: the number of samples judged on both sides.
        differing: the number of those whose means differ.
        before: the mean over samples with the baseline; NaN without samples.
        after: the mean over samples with the change.
        difference: `after` minus `before`.
        interval: the confidence interval of the difference; None if nothing was judged.
        p: the probability of a difference as large if both sides are equal, corrected for the
            number of slices.
    """

    finding: Conclusion
    samples: int
    differing: int = 0
    before: float = math.nan
    after: float = math.nan
    difference: float = math.nan
    interval: Interval | None = None
    p: float = 1.0


@dataclass(frozen=True, slots=True)
class EvalVerdict:
    """The verdict of a suite on a change.

    Attributes:
        overall: all samples.
        slices: each tag with its comparison, worst first. All intervals together cover the true
            values in 95 % of suites.
        moved: the samples that changed, losses first.
        unjudged: samples without a judged trial on one of the sides.
        detectable: the smallest loss that such a suite detects with 80 % power; None if there is
            none, or trials have scores.
        margin: the largest loss for `not worse`; None: not requested.
    """

    overall: SuiteComparison
    slices: tuple[tuple[str, SuiteComparison], ...] = ()
    moved: tuple[Moved, ...] = ()
    unjudged: tuple[str, ...] = ()
    detectable: float | None = None
    margin: float | None = None

    @property
    def finding(self) -> Conclusion:
        """The conclusion for the whole suite."""
        return self.overall.finding

    @property
    def regressions(self) -> tuple[Moved, ...]:
        """The samples that are worse than before, even if the overall mean is higher."""
        return tuple(one for one in self.moved if one.after < one.before)


def compare(pairs: Sequence[SamplePair], *, margin: float | None = None) -> EvalVerdict:
    """Compare a change with its baseline.

    Args:
        pairs: every sample on both sides. Samples without judged trials on a side are left out.
        margin: the largest acceptable loss, from 0 to 1; requests `not worse`.

    Raises ValueError for a margin that is not in [0, 1].
    """
    if margin is not None and not 0 <= margin <= 1:
        raise ValueError("a margin is a number from 0 to 1")
    judged = [pair for pair in pairs if pair.is_judged]
    unjudged = tuple(pair.name for pair in pairs if not pair.is_judged)
    means = [(_mean(pair.before), _mean(pair.after)) for pair in judged]
    if not judged or not all(_is_share(one) for both in means for one in both):
        overall = SuiteComparison(Conclusion.NOT_JUDGED, len(judged))
        return EvalVerdict(overall, unjudged=unjudged, margin=margin)
    overall = _conclude(means, _p_value(means), margin, LEVEL)
    return EvalVerdict(
        overall,
        _compare_slices(judged, means, margin),
        _find_moved(judged, means),
        unjudged,
        _find_detectable(judged, means, overall),
        margin,
    )


def _mean(values: Sequence[float]) -> float:
    return values[0] if len(values) == 1 else math.fsum(values) / len(values)


def _is_share(value: float) -> bool:
    # NaN is not equal to itself.
    return 0 <= value <= 1


def _p_value(means: Sequence[tuple[float, float]]) -> float:
    return sign_flip([after - before for before, after in means])


def _conclude(
    means: Sequence[tuple[float, float]], p: float, margin: float | None, risk: float
) -> SuiteComparison:
    """Conclude from the means of samples; `risk` is the error probability of the interval."""
    differences = [after - before for before, after in means]
    interval = difference_interval(differences, p, confidence=1 - risk, level=LEVEL)
    before = math.fsum(one for one, _ in means) / len(means)
    after = math.fsum(one for _, one in means) / len(means)
    differing = sum(abs(one) > _ROUNDING for one in differences)
    if len(means) < MIN_SAMPLES:
        finding = Conclusion.TOO_FEW
    elif p <= LEVEL and interval.high < 0:
        finding = Conclusion.WORSE
    elif p <= LEVEL and interval.low > 0:
        finding = Conclusion.BETTER
    elif margin is not None and interval.low >= -margin:
        finding = Conclusion.NOT_WORSE
    else:
        finding = Conclusion.NO_DIFFERENCE
    difference = math.fsum(differences) / len(means)
    return SuiteComparison(finding, len(means), differing, before, after, difference, interval, p)


def _compare_slices(
    judged: Sequence[SamplePair], means: Sequence[tuple[float, float]], margin: float | None
) -> tuple[tuple[str, SuiteComparison], ...]:
    """Compare each tag's samples. Slices too small to show anything are not counted as tests."""
    members: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for pair, both in zip(judged, means, strict=True):
        for tag in dict.fromkeys(pair.tags):
            members[tag].append(both)
    tested = [tag for tag, of in members.items() if len(of) >= MIN_SAMPLES]
    p_values = holm([_p_value(members[tag]) for tag in tested])
    corrected = dict(zip(tested, p_values, strict=True))
    risk = LEVEL / max(1, len(tested))
    slices = [
        (tag, _conclude(of, corrected.get(tag, 1.0), margin, risk)) for tag, of in members.items()
    ]
    slices.sort(key=lambda one: (one[1].finding is Conclusion.TOO_FEW, one[1].difference, one[0]))
    return tuple(slices)


def _find_moved(
    judged: Iterable[SamplePair], means: Iterable[tuple[float, float]]
) -> tuple[Moved, ...]:
    moved = []
    for pair, (before, after) in zip(judged, means, strict=True):
        sides = None
        if pair.needed is not None:
            sides = (sum(pair.before) >= pair.needed, sum(pair.after) >= pair.needed)
        if sides == (True, False):
            movement = Movement.LOST
        elif sides == (False, True):
            movement = Movement.REPAIRED
        elif abs(after - before) <= _ROUNDING:
            continue
        else:
            movement = Movement.FELL if after < before else Movement.ROSE
        moved.append(Moved(pair.name, movement, before, after))
    order = list(Movement)

    def key(one: Moved) -> tuple[int, float, NaturalKey]:
        return order.index(one.movement), one.after - one.before, natural_key(one.name)

    return tuple(sorted(moved, key=key))


def _find_detectable(
    judged: Sequence[SamplePair], means: Sequence[tuple[float, float]], overall: SuiteComparison
) -> float | None:
    """Return the loss that such a suite detects, given the variance of its samples.

    Between equal sides the mean squared difference is 2 r (1 - r) (1 - c) / k, with pass rate r, k
    trials and intraclass correlation c. This gives c.
    """
    if overall.before <= 0 or any(pair.needed is None for pair in judged):
        return None
    # The median number of trials, so that a few errors do not matter.
    trials = sorted(min(len(pair.before), len(pair.after)) for pair in judged)[len(judged) // 2]
    spread = math.fsum((after - before) ** 2 for before, after in means) / len(means)
    spread -= overall.difference**2
    by_chance = 2 * overall.before * (1 - overall.before) / trials
    intraclass = 1 - spread / by_chance if by_chance > 0 else 0.0
    intraclass = min(max(intraclass, 0.0), _MAX_INTRACLASS)
    return detectable_drop(len(judged), Design(overall.before, 0.0, trials, intraclass))


def describe(verdict: EvalVerdict) -> str:
    """Return the verdict in one line: conclusion, difference, interval, changed samples, power."""
    overall = verdict.overall
    if overall.interval is None and overall.samples:
        return f"{overall.finding}: a score is not a number from 0 to 1"
    if overall.interval is None:
        return f"{overall.finding}: no sample was judged on both sides"
    return (
        f"{overall.finding}: {overall.before:.1%} -> {overall.after:.1%},"
        f" {_points(overall.difference)} points ({_interval(overall.interval)}),"
        f" {overall.differing} of {overall.samples} samples differ, {_p(overall.p)}"
        f"{_describe_power(verdict.detectable)}"
    )


def explain(verdict: EvalVerdict) -> str:
    """Return a sentence on the interval's meaning, and on the losses that the suite can miss."""
    overall = verdict.overall
    if overall.interval is None:
        return "Nothing was compared."
    # The share of inputs that 5 % of such suites do not contain.
    unseen = 1 - LEVEL ** (1 / overall.samples)
    rare = f"anything that affects fewer than {_percent(unseen)} of inputs"
    elsewhere = "or only inputs unlike these samples"
    hidden = max(0.0, -overall.interval.low)
    if overall.finding is Conclusion.WORSE:
        missed = (
            f"the loss may be as large as {100 * hidden:.1f} points,"
            f" and {rare}, {elsewhere}, can hide from this suite"
        )
    elif hidden:
        missed = (
            f"a loss of up to {100 * hidden:.1f} points can hide from this suite,"
            f" and so can {rare}, {elsewhere}"
        )
    else:
        missed = f"a loss on average is unlikely, but {rare}, {elsewhere}, can hide from this suite"
    samples = "1 sample" if overall.samples == 1 else f"{overall.samples} samples"
    return (
        f"In about 95 of 100 suites of {samples} like these, the interval contains the true"
        f" difference: {missed}."
    )


def _describe_power(detectable: float | None) -> str:
    if detectable is None:
        return ""
    return f"; a loss of {100 * detectable:.1f} points is found in 4 of 5 such suites"


def _percent(share: float) -> str:
    """Format a share with two significant digits."""
    return f"{100 * share:.2g}%"


def _points(difference: float) -> str:
    return f"{100 * difference:+.1f}"


def _interval(interval: Interval) -> str:
    return f"{100 * interval.confidence:.4g}%: {_points(interval.low)} to {_points(interval.high)}"


def _p(p: float) -> str:
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.2g}"
