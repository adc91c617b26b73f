"""Compare a night with the suite's own earlier nights.

A night is compared with two earlier nights of the same prompt version, suite and judge: the latest
good one, and the first, which reveals slow changes. Both sides have the same number of trials, as
the paired test assumes.

Names of served models and configurations are compared with those of the last seven nights of any
version, because they do not depend on the prompt.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from promptops.evals.nightly.record import FINGERPRINT, SERVED
from promptops.evals.result import SampleOutcome, SampleResult, Trial, TrialState
from promptops.git.message import one_line
from promptops.prompt.suite.suite import Thresholds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.evals.nightly.record import NightModel, NightRecord
    from promptops.evals.result import SuiteRunResult

RECENT = 7
_MAX_NAMES = 3


class Reference(NamedTuple):
    """An earlier night to compare with: its date, and its result with the model."""

    night: str
    model: NightModel
    version: str


@dataclass(frozen=True, slots=True)
class NightAlarm:
    """One reason for an alarm.

    Attributes:
        kind: one of `ALARMS`.
        text: what happened, in one line.
    """

    kind: str
    text: str


def choose_references(
    earlier: Sequence[NightRecord], tonight: NightRecord, model: str
) -> list[Reference]:
    """Return the latest and the first good night with which tonight can be compared.

    Args:
        earlier: the suite's nights in this environment, oldest first.
        tonight: tonight's record.
        model: the model.
    """
    key = _key(tonight)
    found: list[Reference] = []
    for one in earlier:
        if one.night >= tonight.night or _key(one) != key:
            continue
        if one.is_accepted:
            found.clear()
        result = one.find_model(model)
        if result is not None and result.is_reference:
            found.append(Reference(one.night, result, one.version))
    return [] if not found else [found[-1], *found[:1]] if len(found) > 1 else found


def _key(record: NightRecord) -> tuple[str | None, ...]:
    return record.prompt, record.digest, record.suite_digest, record.judge


def find_changes(
    earlier: Sequence[NightRecord], tonight: NightRecord, model: NightModel
) -> list[NightAlarm]:
    """Return alarms for new names of served models and configurations."""
    nights = [one for one in earlier if one.night < tonight.night]
    results = [one.find_model(model.model) for one in nights]
    recent = [one for one in results if one is not None and (one.served or one.fingerprints)]
    recent = recent[-RECENT:]
    alarms = []
    served = {name for one in recent for name in one.served}
    fresh = [name for name in model.served if name not in served]
    if served and fresh:
        before = next(one.served for one in reversed(recent) if one.served)
        text = f"served model: {_name(fresh)}, was {_name(before)}"
        alarms.append(NightAlarm(SERVED, text))
    prints = {name for one in recent for name in one.fingerprints}
    # Providers run several configurations at once, so only a set that is new as a whole counts.
    if prints and model.fingerprints and prints.isdisjoint(model.fingerprints):
        before = next(one.fingerprints for one in reversed(recent) if one.fingerprints)
        text = f"system fingerprint: {_name(model.fingerprints)}, was {_name(before)}"
        alarms.append(NightAlarm(FINGERPRINT, text))
    return alarms


def _name(names: Sequence[str]) -> str:
    shown = ", ".join(one_line(one)[:80] for one in names[:_MAX_NAMES])
    return f"{shown} and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else shown


def with_reference(
    suite: SuiteRunResult, model: str, reference: Reference | None
) -> SuiteRunResult:
    """Return a suite's result with one model, with an earlier night as its baseline."""
    samples = tuple(suite.of_model(model))
    if reference is None:
        # Without a baseline every sample would have to pass, but a first night only records
        # results.
        thresholds = suite.thresholds
        if thresholds.overall is None and not thresholds.tags:
            thresholds = Thresholds(0.0, {}, thresholds.errors)
        return replace(
            suite,
            samples=samples,
            thresholds=thresholds,
            no_baseline="there is no earlier night of this version and suite",
        )
    shares = reference.model.shares or {}
    paired = tuple(_with_baseline(one, shares.get(one.name)) for one in samples)
    state = TrialState(f"the night of {reference.night}", reference.version, suite.change.digest)
    return replace(suite, samples=paired, baseline=state, no_baseline="")


def _with_baseline(sample: SampleResult, share: tuple[int, int] | None) -> SampleResult:
    if share is None:
        return sample
    passed, judged = share
    outcomes = [SampleOutcome.PASSED] * passed + [SampleOutcome.FAILED] * (judged - passed)
    trials = tuple(Trial(number, outcome) for number, outcome in enumerate(outcomes, 1))
    return replace(sample, baseline=trials)
