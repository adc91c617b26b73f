"""Measure a judge's agreement with people, on labelled samples.

The labelled samples are the judge's own suite: a sample's inputs are the judge's inputs, and its
check `json: {criteria: [{met: true}, ...]}` is the label. Two biases are measured too: whether
rulings depend on the order of the criteria (and of the two answers that `preference` compares), and
whether long answers are favoured.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from promptops.errors import UsageError
from promptops.evals.result import SampleOutcome
from promptops.evals.scorers.preference import swap_pair
from promptops.evals.statistics import kappa
from promptops.repository.writing import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from promptops.evals.preparation import SuitePart
    from promptops.evals.result import SuiteRunResult
    from promptops.evals.statistics import Agreement
    from promptops.prompt.suite import Sample

SCHEMA = "promptops.calibration/v1"
ENDING = ".calibration.json"
_REVERSED = " (criteria reversed)"
_SWAPPED = " (answers swapped)"


@dataclass(frozen=True, slots=True)
class Calibration:
    """The measurements of a judge.

    Attributes:
        judge: the judge prompt.
        digest: the digest of its closure.
        model: its model.
        suite: the digest of the labelled samples.
        agreement: the agreement of its rulings with the labels.
        passes_wrongly: the number of criteria met by the judge and not by people.
        fails_wrongly: the number of criteria met by people and not by the judge.
        reordered: the number of rulings compared under both orders of the criteria.
        flipped: the number of those that depend on the order.
        length_bias: how much more often it is too kind to the longer half of the answers than to
            the shorter half, as a share of criteria; None if there are too few.
        unjudged: the number of samples without a usable reply.
    """

    judge: str
    digest: str
    model: str
    suite: str
    agreement: Agreement
    passes_wrongly: int
    fails_wrongly: int
    reordered: int
    flipped: int
    length_bias: float | None
    unjudged: int


def read_labels(sample: Sample) -> list[bool] | None:
    """Return the labels of a sample's criteria; None if incomplete."""
    for check in sample.checks:
        if check.scorer not in {"json", "json_equals"} or check.is_negated:
            continue
        criteria = check.argument.get("criteria") if isinstance(check.argument, dict) else None
        if not isinstance(criteria, list):
            continue
        met = [one.get("met") for one in criteria if isinstance(one, dict)]
        found = [one for one in met if isinstance(one, bool)]
        asked = sample.inputs.get("criteria")
        return found if isinstance(asked, list) and len(found) == len(asked) else None
    return None


def add_reversed(part: SuitePart) -> SuitePart:
    """Return the judge's suite with only labelled samples, each in both orders of its criteria."""
    samples: list[Sample] = []
    for sample in part.samples:
        labels = read_labels(sample)
        if labels is None:
            continue
        samples.append(sample)
        criteria = sample.inputs["criteria"]
        others: dict[str, dict[str, Any]] = {}
        if len(labels) > 1:
            others[_REVERSED] = {"criteria": list(reversed(criteria))}
        swapped = swap_pair(str(sample.inputs.get("answer", "")), criteria) if criteria else None
        if swapped is not None:
            others[_SWAPPED] = {"answer": swapped}
        samples += (
            replace(sample, name=f"{sample.name}{order}", inputs={**sample.inputs, **changed})
            for order, changed in others.items()
        )
    if not samples:
        raise UsageError(
            f"{part.suite.path} has no labelled samples",
            hint="a label is a check such as json: {criteria: [{met: true}, {met: false}]}",
        )
    return replace(part, samples=tuple(samples))


def calibrate(part: SuitePart, result: SuiteRunResult, model: str) -> Calibration:
    """Compare a judge's rulings with the labels."""
    samples = {one.name: one for one in part.samples}
    rulings = {
        one.name: _read_rulings(one.trials[0].answer)
        for one in result.samples
        if one.model == model
        and one.trials[0].outcome in {SampleOutcome.PASSED, SampleOutcome.FAILED}
    }
    pairs: list[tuple[bool, bool]] = []
    by_length: list[tuple[int, int]] = []
    reordered = flipped = unjudged = 0
    for name, sample in samples.items():
        if name.endswith((_REVERSED, _SWAPPED)):
            continue
        labels = read_labels(sample) or []
        ruled = rulings.get(name)
        if ruled is None or len(ruled) != len(labels):
            unjudged += 1
            continue
        pairs += zip(labels, ruled, strict=True)
        length = len(str(sample.inputs.get("answer", "")))
        by_length += [(length, said - label) for label, said in zip(labels, ruled, strict=True)]
        for order in (_REVERSED, _SWAPPED):
            other = rulings.get(f"{name}{order}")
            if other is not None and len(other) == len(ruled):
                reordered += len(ruled)
                flipped += sum(one != two for one, two in zip(ruled, reversed(other), strict=True))
    return Calibration(
        part.suite.prompt,
        part.change.digest,
        model,
        part.digest,
        kappa(pairs),
        sum(said and not label for label, said in pairs),
        sum(label and not said for label, said in pairs),
        reordered,
        flipped,
        _length_bias(by_length),
        unjudged,
    )


def _read_rulings(answer: str) -> list[bool] | None:
    try:
        found = [one["met"] for one in json.loads(answer)["criteria"]]
    except (ValueError, KeyError, TypeError):
        return None
    return found if all(isinstance(one, bool) for one in found) else None


def _length_bias(kindness: Sequence[tuple[int, int]]) -> float | None:
    """Compare the halves of answers: `kindness` is a length, and 1 for too kind, -1 too strict."""
    ordered = sorted(kindness)
    half = len(ordered) // 2
    if half < 2 or ordered[0][0] == ordered[-1][0]:
        return None
    short, long = ordered[:half], ordered[-half:]
    return sum(one for _, one in long) / half - sum(one for _, one in short) / half


def calibration_to_json(calibration: Calibration) -> dict[str, Any]:
    """Return a calibration as JSON values."""
    agreement = calibration.agreement
    interval = agreement.interval
    return {
        "schema": SCHEMA,
        "judge": calibration.judge,
        "digest": calibration.digest,
        "model": calibration.model,
        "suite": calibration.suite,
        "criteria": agreement.pairs,
        "agreed": agreement.agreed if agreement.pairs else None,
        "kappa": agreement.kappa,
        "interval": None if interval is None else [interval.low, interval.high],
        "passes_wrongly": calibration.passes_wrongly,
        "fails_wrongly": calibration.fails_wrongly,
        "reordered": calibration.reordered,
        "flipped": calibration.flipped,
        "length_bias": calibration.length_bias,
        "unjudged": calibration.unjudged,
    }


def write_calibrations(file: Path, calibrations: Sequence[Calibration]) -> None:
    """Write the measurements of a judge, one line for each model."""
    document = {"schema": SCHEMA, "models": [calibration_to_json(one) for one in calibrations]}
    write_atomically(file, (json.dumps(document, indent=1) + "\n").encode())


def find_kappa(data: bytes | None, digest: str, model: str) -> float | None:
    """Return the agreement of exactly this judge from a file; None if it has none."""
    try:
        document: Mapping[str, Any] = json.loads(data or b"")
        for one in document["models"]:
            if one["digest"] == digest and one["model"] == model:
                value = one["kappa"]
                return float(value) if value is not None else None
    except (ValueError, KeyError, TypeError):
        return None
    return None
