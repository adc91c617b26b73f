"""An eval run as JSON, and back: what `--format json` prints and `eval merge` reads."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from promptops.errors import UsageError
from promptops.evals.result import (
    CheckOutcome,
    EvalResult,
    Outcome,
    SampleResult,
    State,
    SuiteResult,
    Trial,
)
from promptops.evals.verdict import describe, explain
from promptops.prompt.suite.suite import Thresholds

if TYPE_CHECKING:
    from promptops.evals.judgement import Judgement
    from promptops.evals.verdict import Comparison, Verdict

SCHEMA = "promptops.eval/v1"


def result_to_json(result: EvalResult) -> dict[str, Any]:
    """Return a run as JSON values, without the verdict that follows from them."""
    return {
        "schema": SCHEMA,
        "cost_micros": result.cost_micros,
        "unpriced": result.unpriced,
        "calls": result.calls,
        "replayed": result.replayed,
        "seconds": round(result.seconds, 3),
        "stopped": result.stopped,
        "shard": list(result.shard),
        "suites": [_suite_to_json(one) for one in result.suites],
    }


def judgement_to_json(judgement: Judgement) -> dict[str, Any]:
    """Return what one suite comes to under one model."""
    return {
        "path": judgement.suite.path,
        "model": judgement.model,
        "exit": int(judgement.exit),
        "grounds": [{"gravity": one.gravity.value, "text": one.text} for one in judgement.grounds],
        "verdict": None if judgement.verdict is None else _verdict_to_json(judgement.verdict),
    }


def _verdict_to_json(verdict: Verdict) -> dict[str, Any]:
    return {
        "finding": verdict.finding.value,
        "says": describe(verdict),
        "promises": explain(verdict),
        "overall": _comparison_to_json(verdict.overall),
        "slices": {tag: _comparison_to_json(one) for tag, one in verdict.slices},
        "moved": [
            {
                "name": one.name,
                "movement": one.movement.value,
                "before": one.before,
                "after": one.after,
            }
            for one in verdict.moved
        ],
        "unjudged": list(verdict.unjudged),
        "detectable": verdict.detectable,
        "margin": verdict.margin,
    }


def _comparison_to_json(one: Comparison) -> dict[str, Any]:
    interval = one.interval
    return {
        "finding": one.finding.value,
        "samples": one.samples,
        "differing": one.differing,
        # JSON has no NaN: what was not compared has no numbers.
        "before": _number(one.before),
        "after": _number(one.after),
        "difference": _number(one.difference),
        "interval": None if interval is None else [interval.low, interval.high],
        "confidence": None if interval is None else interval.confidence,
        "p": one.p,
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _suite_to_json(suite: SuiteResult) -> dict[str, Any]:
    thresholds = suite.thresholds
    return {
        "path": suite.path,
        "digest": suite.digest,
        "prompt": suite.prompt,
        "change": _state_to_json(suite.change),
        "baseline": None if suite.baseline is None else _state_to_json(suite.baseline),
        "no_baseline": suite.no_baseline,
        "thresholds": {
            "overall": thresholds.overall,
            "tags": dict(thresholds.tags),
            "errors": thresholds.errors,
        },
        "samples": [
            {
                "name": one.name,
                "model": one.model,
                "tags": list(one.tags),
                "needed": one.needed,
                "outcome": one.outcome.value,
                "trials": [_trial_to_json(trial) for trial in one.trials],
                "baseline": [_trial_to_json(trial) for trial in one.baseline],
            }
            for one in suite.samples
        ],
    }


def _state_to_json(state: State) -> dict[str, Any]:
    return {"label": state.label, "version": state.version, "digest": state.digest}


def _trial_to_json(trial: Trial) -> dict[str, Any]:
    return {
        "number": trial.number,
        "outcome": trial.outcome.value,
        "score": trial.score,
        "answer": trial.answer,
        "checks": [
            {"label": one.label, "score": one.score, "is_met": one.is_met, "reason": one.reason}
            for one in trial.checks
        ],
        "error": trial.error,
        "stage": trial.stage,
        "cost_micros": trial.cost_micros,
        "seconds": trial.latency_seconds,
        "is_replayed": trial.is_replayed,
        "response_id": trial.response_id,
        "served_model": trial.served_model,
    }


def result_from_json(data: Any, path: str) -> EvalResult:  # noqa: ANN401 - any JSON value
    """Return the run that the file `path` holds. Raises UsageError."""
    try:
        _check_schema(data)
        number, count = data["shard"]
        return EvalResult(
            tuple(_read_suite(one) for one in data["suites"]),
            int(data["cost_micros"]),
            int(data["unpriced"]),
            int(data["calls"]),
            int(data["replayed"]),
            float(data["seconds"]),
            str(data["stopped"]),
            (int(number), int(count)),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            f"{path} is no result of an eval run ({error})",
            hint="write one: promptops eval run --format json > FILE",
        ) from None


def _check_schema(data: dict[str, Any]) -> None:
    if data["schema"] != SCHEMA:
        raise ValueError(f"its schema is not {SCHEMA}")


def _read_suite(data: dict[str, Any]) -> SuiteResult:
    thresholds = data["thresholds"]
    return SuiteResult(
        str(data["path"]),
        str(data["digest"]),
        str(data["prompt"]),
        State(**data["change"]),
        tuple(
            SampleResult(
                str(one["name"]),
                str(one["model"]),
                tuple(one["tags"]),
                int(one["needed"]),
                tuple(_read_trial(trial) for trial in one["trials"]),
                tuple(_read_trial(trial) for trial in one["baseline"]),
            )
            for one in data["samples"]
        ),
        None if data["baseline"] is None else State(**data["baseline"]),
        str(data["no_baseline"]),
        Thresholds(thresholds["overall"], thresholds["tags"], thresholds["errors"]),
    )


def _read_trial(data: dict[str, Any]) -> Trial:
    return Trial(
        int(data["number"]),
        Outcome(data["outcome"]),
        data["score"],
        str(data["answer"]),
        tuple(CheckOutcome(**one) for one in data["checks"]),
        data["error"],
        data["stage"],
        data["cost_micros"],
        data["seconds"],
        bool(data["is_replayed"]),
        data["response_id"],
        data.get("served_model"),
    )
