"""Compare recent runs with a reference window, and the last hour with that of earlier days.

A difference is an alarm if it is unlikely by chance and large enough to matter. The error
probability is ALPHA over all measures of a prompt (Bonferroni), so at most one comparison in a
thousand of an unchanged prompt is a false alarm.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from promptops.errors import count_of
from promptops.runtime.drift.comparing import (
    compare_numbers,
    compare_shares,
    compare_value,
    count_above,
)
from promptops.runtime.drift.features import Features, input_names, read_features

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from promptops.runtime.log.record import RunRecord
    from promptops.runtime.log.statistics import RunGroup

ALPHA = 0.001
# With fewer runs of different keys, nothing is compared.
MIN_RUNS = 30
# The minimum effect of an alarm: for distributions, shares and rare shares.
MIN_GAP = 0.15
MIN_SHARE = 0.10
MIN_RARE = 0.05
MIN_NEW = 0.05
# Latency and cost against the same hour of earlier days: a quarter more.
MIN_RATIO = 1.25
MIN_ERRORS = 0.03
MIN_DAYS = 6
MIN_HOUR_RUNS = 20
# An input with more different values is not treated as a choice.
_MAX_VALUES = 50
_MAX_EMBEDDED = 150
_RARE = ("refusals", "schema failures")


class Shift(NamedTuple):
    """The comparison of one measure.

    Attributes:
        measure: the measure.
        recent: its recent value, as text.
        reference: its earlier value, as text.
        effect: the size of the difference.
        p: the probability of such an effect by chance.
        is_alarm: whether it is an alarm.
        run_id: the first run with the change, or None.
    """

    measure: str
    recent: str
    reference: str
    effect: float
    p: float
    is_alarm: bool = False
    run_id: str | None = None


class Drift(NamedTuple):
    """The comparison of one prompt.

    Attributes:
        prompt: its name.
        versions: the versions of the recent runs, most frequent first.
        recent: the number of recent runs.
        reference: the number of earlier runs.
        shifts: the comparisons, alarms first.
    """

    prompt: str
    versions: tuple[str, ...]
    recent: int
    reference: int
    shifts: tuple[Shift, ...]

    @property
    def alarms(self) -> tuple[Shift, ...]:
        """The shifts that are alarms."""
        return tuple(one for one in self.shifts if one.is_alarm)


def find_drift(
    prompt: str,
    recent: Sequence[RunRecord],
    reference: Sequence[RunRecord],
    hours: Sequence[RunGroup] = (),
    embed: Callable[[list[str]], list[list[float]]] | None = None,
) -> Drift:
    """Compare runs of a prompt.

    Args:
        prompt: the prompt's name.
        recent: runs of the recent window with contents, one of each key.
        reference: the same for the reference window.
        hours: the last hour, then the same hour of earlier days; empty: not compared.
        embed: returns a vector for each text; None: do not compare meanings.
    """
    shifts: list[Shift] = []
    if len(recent) >= MIN_RUNS and len(reference) >= MIN_RUNS:
        names = input_names([*recent, *reference])
        new = [read_features(run, names) for run in sorted(recent, key=lambda one: one.started_at)]
        old = [read_features(run, names) for run in reference]
        shifts += _compare_numbers(new, old)
        shifts += _compare_classes(new, old)
        shifts += _compare_values(new, old)
        if embed is not None:
            shifts += _compare_meanings(new, old, embed)
    if hours:
        shifts += _compare_hours(hours[0], hours[1:])
    limit = ALPHA / max(1, len(shifts))
    judged = [one._replace(is_alarm=one.is_alarm and one.p <= limit) for one in shifts]
    judged.sort(key=lambda one: (not one.is_alarm, one.p, one.measure))
    versions = Counter(run.version or "working" for run in recent)
    return Drift(
        prompt,
        tuple(name for name, _ in versions.most_common()),
        len(recent),
        len(reference),
        tuple(judged),
    )


def _compare_numbers(new: Sequence[Features], old: Sequence[Features]) -> list[Shift]:
    shifts = []
    for name in sorted({name for one in (*new, *old) for name in one.numbers}):
        left = [(one.numbers[name], one.run.id) for one in new if name in one.numbers]
        right = [one.numbers[name] for one in old if name in one.numbers]
        if min(len(left), len(right)) < MIN_RUNS:
            continue
        values = [value for value, _ in left]
        found = compare_numbers(values, right)
        was = _median(right)
        is_more = _median(values) >= was
        example = max(left, key=lambda one: one[0] if is_more else -one[0])[1]
        shifts.append(
            Shift(
                name,
                f"median {_median(values):g}",
                f"median {was:g}",
                found.effect,
                found.p,
                found.effect >= MIN_GAP,
                example,
            )
        )
    return shifts


def _compare_classes(new: Sequence[Features], old: Sequence[Features]) -> list[Shift]:
    shifts = []
    for name in sorted({name for one in (*new, *old) for name in one.classes}):
        left = Counter(one.classes[name] for one in new if name in one.classes)
        right = Counter(one.classes[name] for one in old if name in one.classes)
        n, m = left.total(), right.total()
        if min(n, m) < MIN_RUNS or len(left | right) < 2:
            continue
        found = compare_shares(left, right)
        risen = max(left, key=lambda one: left[one] / n - right[one] / m)
        example = next(one.run.id for one in new if one.classes.get(name) == risen)
        least = MIN_RARE if name in _RARE else MIN_SHARE
        shifts.append(
            Shift(
                name,
                f"{left[risen] / n:.1%} {risen}",
                f"{right[risen] / m:.1%}",
                found.effect,
                found.p,
                found.effect >= least,
                example,
            )
        )
    return shifts


def _compare_values(new: Sequence[Features], old: Sequence[Features]) -> list[Shift]:
    """Look for values that an input with few values never had before."""
    shifts = []
    for name in sorted({name for one in new for name in one.values}):
        known = Counter(one.values[name] for one in old if name in one.values)
        found = [(one.values[name], one.run.id) for one in new if name in one.values]
        if min(known.total(), len(found)) < MIN_RUNS or not 0 < len(known) <= _MAX_VALUES:
            continue
        fresh = [(value, run) for value, run in found if value not in known]
        # Good-Turing: the number of values seen once (plus one) estimates the share of unseen
        # values.
        once = sum(1 for count in known.values() if count == 1)
        expected = (once + 1) / known.total()
        share = len(fresh) / len(found)
        shifts.append(
            Shift(
                name,
                f"{share:.1%} such as {fresh[0][0][:40]}" if fresh else "none",
                count_of(len(known), "value"),
                share,
                count_above(len(fresh), len(found), expected),
                share >= MIN_NEW,
                fresh[0][1] if fresh else None,
            )
        )
    return shifts


def _compare_meanings(
    new: Sequence[Features],
    old: Sequence[Features],
    embed: Callable[[list[str]], list[list[float]]],
) -> list[Shift]:
    """Compare the distances of answers to the mean of earlier ones.

    The mean is that of one half of the earlier answers, and only the other half is compared,
    because answers are nearer to a mean that includes them.
    """
    recent = [(one.run.answer, one.run.id) for one in new if one.run.answer][:_MAX_EMBEDDED]
    earlier = [one.run.answer for one in old if one.run.answer][: 2 * _MAX_EMBEDDED]
    if min(len(recent), len(earlier) // 2) < MIN_RUNS:
        return []
    vectors = embed([*earlier, *(text for text, _ in recent)])
    half = len(earlier) // 2
    middle = [sum(column) / half for column in zip(*vectors[:half], strict=True)]
    was = [_cosine(one, middle) for one in vectors[half : len(earlier)]]
    near = [_cosine(one, middle) for one in vectors[len(earlier) :]]
    found = compare_numbers(near, was)
    return [
        Shift(
            "output meaning",
            f"median similarity {_median(near):.2f}",
            f"{_median(was):.2f}",
            found.effect,
            found.p,
            found.effect >= MIN_GAP,
            min(zip(near, recent, strict=True), key=lambda one: one[0])[1][1],
        )
    ]


def _cosine(left: Sequence[float], right: Sequence[float]) -> float:
    size = math.sqrt(sum(one * one for one in left) * sum(one * one for one in right))
    return sum(a * b for a, b in zip(left, right, strict=True)) / size if size else 0.0


def _compare_hours(last: RunGroup, earlier: Sequence[RunGroup]) -> list[Shift]:
    """Compare the last hour with the same hour of earlier days."""
    days = [one for one in earlier if one.runs >= MIN_HOUR_RUNS]
    if last.runs < MIN_HOUR_RUNS or len(days) < MIN_DAYS:
        return []
    shifts = []
    was = [one.errors / one.runs for one in days]
    mean = sum(was) / len(was)
    noise = math.sqrt(max(mean, 1 / last.runs) * (1 - mean) / last.runs)
    share = last.errors / last.runs
    shifts.append(
        Shift(
            "error rate",
            f"{share:.1%}",
            f"{mean:.1%} at this hour",
            share - mean,
            max(compare_value(share, was, noise), count_above(last.errors, last.runs, mean)),
            share - mean >= MIN_ERRORS,
        )
    )
    shifts += _compare_ratio("latency (95 %)", "ms", last.p95_ms, [one.p95_ms for one in days])
    costs = [one.cost_micros / one.runs / 1e6 if one.cost_micros else None for one in days]
    cost = last.cost_micros / last.runs / 1e6 if last.cost_micros else None
    shifts += _compare_ratio("cost of a run", "USD", cost, costs)
    return shifts


def _compare_ratio(
    measure: str, unit: str, value: float | None, earlier: Sequence[float | None]
) -> list[Shift]:
    known = [math.log(one) for one in earlier if one]
    if not value or len(known) < MIN_DAYS:
        return []
    mean = sum(known) / len(known)
    # Percentiles of an hour are exact to a few percent.
    p = compare_value(math.log(value), known, 0.05)
    ratio = value / math.exp(mean)
    shown = f"{value:.4g} {unit}", f"{math.exp(mean):.4g} {unit} at this hour"
    return [Shift(measure, *shown, ratio, p, ratio >= MIN_RATIO)]


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2
