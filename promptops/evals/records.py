"""Convert an eval run to JSON and back: the format of `--format json` and `eval merge`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeVar

from promptops.errors import UsageError
from promptops.evals.result import (
    CheckOutcome,
    EvalResult,
    SampleOutcome,
    SampleResult,
    SuiteRunResult,
    Trial,
    TrialState,
)
from promptops.evals.verdict import describe, explain
from promptops.prompt.suite.suite import Thresholds

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.evals.outcome import SuiteOutcome
    from promptops.evals.verdict import EvalVerdict, SuiteComparison

SCHEMA = "promptops.eval/v1"
_MAX_NUMBER = 10**15
T = TypeVar("T")


def result_to_json(result: EvalResult) -> dict[str, Any]:
    """Return a run as JSON values, without verdicts, which are computed from it."""
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


def outcome_to_json(outcome: SuiteOutcome) -> dict[str, Any]:
    """Return the outcome of one suite with one model as JSON values."""
    return {
        "path": outcome.suite.path,
        "model": outcome.model,
        "exit": int(outcome.exit),
        "grounds": [{"gravity": one.gravity.value, "text": one.text} for one in outcome.reasons],
        "verdict": None if outcome.verdict is None else _verdict_to_json(outcome.verdict),
    }


def _verdict_to_json(verdict: EvalVerdict) -> dict[str, Any]:
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


def _comparison_to_json(one: SuiteComparison) -> dict[str, Any]:
    interval = one.interval
    return {
        "finding": one.finding.value,
        "samples": one.samples,
        "differing": one.differing,
        # JSON has no NaN, so values without a comparison are left out.
        "before": _number(one.before),
        "after": _number(one.after),
        "difference": _number(one.difference),
        "interval": None if interval is None else [interval.low, interval.high],
        "confidence": None if interval is None else interval.confidence,
        "p": one.p,
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _suite_to_json(suite: SuiteRunResult) -> dict[str, Any]:
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
                "inputs": dict(one.inputs),
                "needed": one.needed,
                "outcome": one.outcome.value,
                "trials": [_trial_to_json(trial) for trial in one.trials],
                "baseline": [_trial_to_json(trial) for trial in one.baseline],
            }
            for one in suite.samples
        ],
    }


def _state_to_json(state: TrialState) -> dict[str, Any]:
    return {"label": state.label, "version": state.version, "digest": state.digest}


def _trial_to_json(trial: Trial) -> dict[str, Any]:
    return {
        "number": trial.number,
        "outcome": trial.outcome.value,
        "score": trial.score,
        "answer": trial.answer,
        "earlier": list(trial.earlier),
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
        "answered_by": trial.answered_by,
        "is_degraded": trial.is_degraded,
        "fingerprint": trial.fingerprint,
    }


def result_from_json(data: Any, path: str) -> EvalResult:  # noqa: ANN401 - any JSON value
    """Parse the run in the file `path`. Raises UsageError if it is malformed."""
    try:
        _check_schema(data)
        number, count = data["shard"]
        return EvalResult(
            tuple(_read_suite(one) for one in _list(data["suites"])),
            _read_count(data["cost_micros"]),
            _read_count(data["unpriced"]),
            _read_count(data["calls"]),
            _read_count(data["replayed"]),
            _real(data["seconds"]),
            _text(data["stopped"]),
            (_read_count(number), _read_count(count)),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            f"{path} is not a result of an eval run ({type(error).__name__}: {error})",
            hint="create one with promptops eval run --output FILE",
        ) from None


def _check_schema(data: dict[str, Any]) -> None:
    if data["schema"] != SCHEMA:
        raise ValueError(f"its schema is not {SCHEMA}")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is not a text")
    return value


def _read_count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_NUMBER:
        raise TypeError(f"{value!r:.40} is not a whole number")
    return value


def _real(value: object) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise TypeError(f"{value!r:.40} is not a number")
    if not 0 <= value <= _MAX_NUMBER:
        raise ValueError(f"{value!r:.40} is not a finite number")
    return float(value)


def _share(value: object) -> float:
    share = _real(value)
    if share > 1:
        raise ValueError(f"{share} is not from 0 to 1")
    return share


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r:.40} is not true or false")
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r:.40} is not a list")
    return value


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r:.40} is not an object")
    return value


def _maybe(read: Callable[[Any], T], value: object) -> T | None:
    return None if value is None else read(value)


def _read_suite(data: dict[str, Any]) -> SuiteRunResult:
    thresholds = data["thresholds"]
    return SuiteRunResult(
        _text(data["path"]),
        _text(data["digest"]),
        _text(data["prompt"]),
        _read_state(data["change"]),
        tuple(_read_sample(one) for one in _list(data["samples"])),
        _maybe(_read_state, data["baseline"]),
        _text(data["no_baseline"]),
        Thresholds(
            _maybe(_share, thresholds["overall"]),
            {_text(tag): _share(one) for tag, one in thresholds["tags"].items()},
            _share(thresholds["errors"]),
        ),
    )


def _read_state(data: dict[str, Any]) -> TrialState:
    return TrialState(_text(data["label"]), _text(data["version"]), _text(data["digest"]))


def _read_sample(data: dict[str, Any]) -> SampleResult:
    return SampleResult(
        _text(data["name"]),
        _text(data["model"]),
        tuple(_text(one) for one in _list(data["tags"])),
        _read_count(data["needed"]),
        tuple(_read_trial(trial) for trial in _list(data["trials"])),
        tuple(_read_trial(trial) for trial in _list(data["baseline"])),
        # Results of earlier releases have none.
        _mapping(data.get("inputs", {})),
    )


def _read_trial(data: dict[str, Any]) -> Trial:
    return Trial(
        _read_count(data["number"]),
        SampleOutcome(data["outcome"]),
        _maybe(_share, data["score"]),
        _text(data["answer"]),
        tuple(_read_check(one) for one in _list(data["checks"])),
        _maybe(_text, data["error"]),
        _maybe(_text, data["stage"]),
        _maybe(_read_count, data["cost_micros"]),
        _maybe(_real, data["seconds"]),
        _flag(data["is_replayed"]),
        _maybe(_text, data["response_id"]),
        _maybe(_text, data["served_model"]),
        # Older results do not have these.
        _maybe(_text, data.get("answered_by")),
        _flag(data.get("is_degraded", False)),
        _maybe(_text, data.get("fingerprint")),
        tuple(_text(one) for one in _list(data.get("earlier", []))),
    )


def _read_check(data: dict[str, Any]) -> CheckOutcome:
    score = _maybe(_share, data["score"])
    return CheckOutcome(_text(data["label"]), score, _flag(data["is_met"]), _text(data["reason"]))
