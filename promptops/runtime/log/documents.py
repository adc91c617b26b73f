"""Recorded runs, reviews and statistics as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from promptops.runtime.log.record import (
        AttemptRecord,
        Event,
        Feedback,
        LogEntry,
        RunRecord,
        RunReview,
    )
    from promptops.runtime.log.statistics import Estimate, RunComparison, RunGroup


def format_instant(seconds: float | None) -> str | None:
    """Return a time with milliseconds, as RFC 3339 in UTC."""
    from datetime import UTC, datetime

    if seconds is None:
        return None
    try:
        text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        return f"@{seconds}"
    return text.replace("+00:00", "Z")


def run_to_json(run: RunRecord, *, with_content: bool = True) -> dict[str, Any]:
    """Return a run, by default with its contents."""
    document = {
        "id": run.id,
        "parent": run.parent_id,
        "ref": run.ref,
        "prompt": run.prompt,
        "version": run.version,
        "digest": run.digest,
        "commit": run.commit,
        "environment": run.environment,
        "deployment": run.deployment,
        "model": run.model,
        "user": run.user,
        "tenant": run.tenant,
        "key": run.key,
        "status": run.status,
        "stage": run.stage,
        "error": run.error,
        "error_kind": run.error_kind,
        "started_at": format_instant(run.started_at),
        "ms": run.ms,
        "cost_micros": run.cost_micros,
        "usage": _usage(run),
        "finish": run.finish,
        "cached": run.is_cached,
        "degraded": run.is_degraded,
        "redacted": run.is_redacted,
        "decisions": [{"rule": one.rule, "why": one.why} for one in run.decisions],
        "labels": dict(run.labels or {}),
    }
    if with_content:
        document |= {
            "inputs": None if run.inputs is None else dict(run.inputs),
            "messages": None if run.messages is None else [dict(one) for one in run.messages],
            "answer": run.answer,
            "tool_calls": [dict(one) for one in run.tool_calls],
        }
    return document


def entry_to_json(entry: LogEntry, *, with_content: bool = True) -> dict[str, Any]:
    """Return everything in the log about a run."""
    return {
        **run_to_json(entry.run, with_content=with_content),
        "attempts": [_attempt_to_json(one) for one in entry.attempts],
        "events": [_event_to_json(one) for one in entry.events],
        "feedback": [_feedback_to_json(one) for one in entry.feedback],
        "reviews": [review_to_json(one, with_content=with_content) for one in entry.reviews],
    }


def _usage(one: RunRecord | AttemptRecord) -> dict[str, Any]:
    return {
        "input_tokens": one.input_tokens,
        "output_tokens": one.output_tokens,
        "cached_tokens": one.cached_tokens,
        "source": one.usage_source,
    }


def _attempt_to_json(one: AttemptRecord) -> dict[str, Any]:
    return {
        "number": one.number,
        "model": one.model,
        "served_model": one.served_model,
        "started_at": format_instant(one.started_at),
        "ms": one.ms,
        "first_ms": one.first_ms,
        "status": one.status,
        "error": one.error,
        "error_kind": one.error_kind,
        "cost_micros": one.cost_micros,
        "usage": _usage(one),
        "finish": one.finish,
        "response_id": one.response_id,
        "fingerprint": one.fingerprint,
    }


def _event_to_json(one: Event) -> dict[str, Any]:
    return {
        "id": one.id,
        "at": format_instant(one.at),
        "kind": one.kind,
        "detail": None if one.detail is None else dict(one.detail),
    }


def _feedback_to_json(one: Feedback) -> dict[str, Any]:
    return {
        "id": one.id,
        "at": format_instant(one.at),
        "score": one.score,
        "label": one.label,
        "comment": one.comment,
        "by": one.by,
    }


def review_to_json(review: RunReview, *, with_content: bool = True) -> dict[str, Any]:
    """Return a review, by default with what the reviewer wrote."""
    document = {
        "id": review.id,
        "run": review.run_id,
        "requested_at": format_instant(review.requested_at),
        "why": review.why,
        "status": review.status,
        "accepted": review.is_accepted,
        "by": review.by,
        "answered_at": format_instant(review.answered_at),
    }
    return document | {"answer": review.answer, "note": review.note} if with_content else document


def group_to_json(group: RunGroup) -> dict[str, Any]:
    """Return a group of runs."""
    return {
        "by": dict(group.by),
        "runs": group.runs,
        "statuses": dict(group.statuses),
        "errors": group.errors,
        "stages": dict(group.stages),
        "cost_micros": group.cost_micros,
        "unpriced": group.unpriced,
        "input_tokens": group.input_tokens,
        "output_tokens": group.output_tokens,
        "cached": group.cached,
        "p50_ms": group.p50_ms,
        "p95_ms": group.p95_ms,
        "exact": group.is_exact,
    }


def comparison_to_json(comparison: RunComparison, names: tuple[str, str]) -> dict[str, Any]:
    """Return a comparison as `promptops.stats-comparison/v1`."""

    def side(one: Estimate) -> dict[str, Any]:
        return {"mean": one.mean, "runs": one.runs, "keys": one.clusters}

    return {
        "schema": "promptops.stats-comparison/v1",
        "left": names[0],
        "right": names[1],
        "groups": [group_to_json(comparison.left), group_to_json(comparison.right)],
        "unkeyed": comparison.unkeyed,
        "differences": [
            {
                "measure": one.measure,
                "unit": one.unit,
                "left": side(one.left),
                "right": side(one.right),
                "difference": one.difference,
                "low": one.low,
                "high": one.high,
                "verdict": one.verdict,
            }
            for one in comparison.differences
        ],
    }
