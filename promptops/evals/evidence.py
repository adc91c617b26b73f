"""Write a run as evidence for the gate."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from promptops.delivery.evidence import write_evidence
from promptops.errors import RefusedError
from promptops.evals.outcome import Exit
from promptops.evals.result import SampleOutcome
from promptops.runtime.models.opening import is_offline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.evals.outcome import SuiteOutcome
    from promptops.evals.result import EvalResult, SuiteRunResult, TrialState

_DIGITS = 6


def to_evidence(result: EvalResult, outcomes: Sequence[SuiteOutcome]) -> bytes:
    """Return the evidence file of a complete run.

    Raises RefusedError for a partial run, which proves nothing.
    """
    if result.stopped or result.shard != (1, 1):
        why = result.stopped or f"it is shard {result.shard[0]} of {result.shard[1]}"
        raise RefusedError(
            f"an incomplete run is not evidence: {why}",
            hint="continue it with eval run --resume, or merge shards with eval merge",
        )
    return write_evidence(
        [_record(suite, [one for one in outcomes if one.suite is suite]) for suite in result.suites]
    )


def _record(suite: SuiteRunResult, outcomes: Sequence[SuiteOutcome]) -> dict[str, Any]:
    counts = _count(suite)
    return {
        "prompt": suite.prompt,
        "version": suite.change.version,
        "digest": suite.change.digest,
        "suite": suite.path,
        "suite_digest": suite.digest,
        "passed": bool(outcomes) and all(one.exit is Exit.PASSED for one in outcomes),
        "samples": len({one.name for one in suite.samples}),
        "trials": counts["trials"],
        "errors": counts["errors"],
        "answers": _where_from(counts),
        "cost_micros": counts["cost_micros"],
        "baseline": None if suite.baseline is None else _state(suite.baseline),
        "models": [_model(one) for one in outcomes],
    }


def _count(suite: SuiteRunResult) -> Counter[str]:
    """Sum up a suite's trials: their number, errors, origins and cost."""
    counts: Counter[str] = Counter()
    for one in suite.samples:
        for trial in (*one.trials, *one.baseline):
            counts["trials"] += 1
            counts["errors"] += trial.outcome in {SampleOutcome.ERROR, SampleOutcome.MISSING}
            counts["replayed"] += trial.is_replayed
            counts["scripted"] += not trial.is_replayed and is_offline(one.model)
            counts["cost_micros"] += trial.cost_micros or 0
    return counts


def _where_from(counts: Counter[str]) -> str:
    """Return the origin of a suite's answers. Only answers of a provider's model are `live`."""
    trials = counts["trials"]
    kinds = {"cassette": counts["replayed"], "scripted": counts["scripted"]}
    kinds["live"] = trials - sum(kinds.values())
    return next((kind for kind, count in kinds.items() if count == trials), "mixed")


def _state(state: TrialState) -> dict[str, str]:
    return {"label": state.label, "version": state.version, "digest": state.digest}


def _model(outcome: SuiteOutcome) -> dict[str, Any]:
    samples = passed = 0
    served: set[str] = set()
    for one in outcome.suite.of_model(outcome.model):
        samples += 1
        passed += one.outcome is SampleOutcome.PASSED
        served.update(trial.served_model for trial in one.trials if trial.served_model)
    verdict = outcome.verdict
    overall = None if verdict is None else verdict.overall
    interval = None if overall is None else overall.interval
    return {
        "model": outcome.model,
        "served": sorted(served),
        "samples": samples,
        "passed": passed,
        "verdict": None if overall is None else overall.finding.value,
        "difference": None if overall is None else _number(overall.difference),
        "low": None if interval is None else _number(interval.low),
        "high": None if interval is None else _number(interval.high),
    }


def _number(value: float) -> float | None:
    return round(value, _DIGITS) if math.isfinite(value) else None
