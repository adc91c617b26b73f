"""Convert records to rows and back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from promptops.runtime.log.content import (
    escape,
    from_json,
    pack,
    pack_digest,
    to_column,
    to_json,
    unescape,
    unpack,
    unpack_digest,
)
from promptops.runtime.log.identifiers import pack_id, unpack_id
from promptops.runtime.log.record import (
    AttemptRecord,
    Decision,
    Event,
    Feedback,
    RunRecord,
    RunReview,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.runtime.log.database import Row
    from promptops.runtime.log.encryption import Keyring

_CACHED, _DEGRADED, _REDACTED = 1, 2, 4

RUN_COLUMNS = (
    *("id", "parent", "started", "ref", "prompt", "version", "digest", "commit_id"),
    *("environment", "deployment", "model", "user_name", "tenant", "traffic_key", "status"),
    *("stage", "error", "error_kind", "lease", "duration", "cost", "input_tokens"),
    *("output_tokens", "cached_tokens", "usage_source", "finish", "flags", "decisions", "labels"),
)
ATTEMPT_COLUMNS = (
    *("run", "number", "model", "started", "served_model", "duration", "first", "status", "error"),
    *("error_kind", "cost", "input_tokens", "output_tokens", "cached_tokens", "usage_source"),
    *("finish", "response_id", "fingerprint"),
)
EVENT_COLUMNS = ("id", "at", "kind", "run", "detail")
FEEDBACK_COLUMNS = ("id", "run", "at", "score", "label", "comment", "by_name")
REVIEW_COLUMNS = (
    *("id", "run", "requested", "why", "status", "accepted", "answer", "note", "by_name"),
    "answered",
)


def seal(text: str | None, keyring: Keyring | None) -> bytes | None:
    """Return a text as bytes, encrypted if there are keys."""
    return None if text is None else pack(text.encode("utf-8", "surrogatepass"), keyring)


def unseal(data: bytes | None, keyring: Keyring | None) -> str | None:
    """Decrypt a text."""
    return None if data is None else unpack(data, keyring).decode("utf-8", "surrogatepass")


def milliseconds(seconds: float | None) -> int | None:
    """Return a time in its stored form."""
    return None if seconds is None else round(seconds * 1000)


def _seconds(stored: int | None) -> float | None:
    return None if stored is None else stored / 1000


def _micros(ms: float | None) -> int | None:
    return None if ms is None else round(ms * 1000)


def _ms(stored: int | None) -> float | None:
    return None if stored is None else stored / 1000


def run_row(
    run: RunRecord, error: str | None, keyring: Keyring | None, *, is_redacted: bool
) -> list[Any]:
    """Return the values of RUN_COLUMNS; `error` is the error after redaction."""
    flags = _CACHED * run.is_cached | _DEGRADED * run.is_degraded | _REDACTED * is_redacted
    return [
        pack_id(run.id),
        None if run.parent_id is None else pack_id(run.parent_id),
        milliseconds(run.started_at),
        escape(run.ref),
        escape(run.prompt),
        escape(run.version),
        pack_digest(run.digest),
        pack_digest(run.commit),
        escape(run.environment),
        run.deployment,
        escape(run.model),
        escape(run.user),
        escape(run.tenant),
        escape(run.key),
        run.status,
        escape(run.stage),
        seal(error, keyring),
        escape(run.error_kind),
        milliseconds(run.lease_until),
        _micros(run.ms),
        run.cost_micros,
        run.input_tokens,
        run.output_tokens,
        run.cached_tokens,
        escape(run.usage_source),
        escape(run.finish),
        flags,
        to_column([[one.rule, one.why] for one in run.decisions]) if run.decisions else None,
        to_column(dict(run.labels)) if run.labels else None,
    ]


def read_run(row: Row, keyring: Keyring | None) -> RunRecord:
    """Return the run from the values of RUN_COLUMNS, without contents."""
    one = dict(zip(RUN_COLUMNS, row, strict=False))
    flags = one["flags"]
    return RunRecord(
        id=unpack_id(one["id"]),
        parent_id=None if one["parent"] is None else unpack_id(one["parent"]),
        started_at=one["started"] / 1000,
        ref=unescape(one["ref"]) or "",
        prompt=unescape(one["prompt"]),
        version=unescape(one["version"]),
        digest=unpack_digest(one["digest"]),
        commit=unpack_digest(one["commit_id"]),
        environment=unescape(one["environment"]),
        deployment=one["deployment"],
        model=unescape(one["model"]),
        user=unescape(one["user_name"]),
        tenant=unescape(one["tenant"]),
        key=unescape(one["traffic_key"]),
        status=one["status"],
        stage=unescape(one["stage"]),
        error=unseal(one["error"], keyring),
        error_kind=unescape(one["error_kind"]),
        lease_until=_seconds(one["lease"]),
        ms=_ms(one["duration"]),
        cost_micros=one["cost"],
        input_tokens=one["input_tokens"],
        output_tokens=one["output_tokens"],
        cached_tokens=one["cached_tokens"],
        usage_source=unescape(one["usage_source"]),
        finish=unescape(one["finish"]),
        is_cached=bool(flags & _CACHED),
        is_degraded=bool(flags & _DEGRADED),
        is_redacted=bool(flags & _REDACTED),
        decisions=tuple(Decision(*pair) for pair in json.loads(one["decisions"] or "[]")),
        labels=json.loads(one["labels"]) if one["labels"] else None,
    )


def is_cached(flags: int) -> bool:
    """Return whether the flags of a row say that the answer came from the cache."""
    return bool(flags & _CACHED)


def attempt_row(attempt: AttemptRecord, error: str | None, keyring: Keyring | None) -> list[Any]:
    """Return the values of ATTEMPT_COLUMNS; `error` is the error after redaction."""
    return [
        pack_id(attempt.run_id),
        attempt.number,
        escape(attempt.model),
        milliseconds(attempt.started_at),
        escape(attempt.served_model),
        _micros(attempt.ms),
        _micros(attempt.first_ms),
        attempt.status,
        seal(error, keyring),
        escape(attempt.error_kind),
        attempt.cost_micros,
        attempt.input_tokens,
        attempt.output_tokens,
        attempt.cached_tokens,
        escape(attempt.usage_source),
        escape(attempt.finish),
        escape(attempt.response_id),
        escape(attempt.fingerprint),
    ]


def read_attempt(row: Row, keyring: Keyring | None) -> AttemptRecord:
    """Return the attempt from the values of ATTEMPT_COLUMNS."""
    return AttemptRecord(
        run_id=unpack_id(row[0]),
        number=row[1],
        model=unescape(row[2]) or "",
        started_at=row[3] / 1000,
        served_model=unescape(row[4]),
        ms=_ms(row[5]),
        first_ms=_ms(row[6]),
        status=row[7],
        error=unseal(row[8], keyring),
        error_kind=unescape(row[9]),
        cost_micros=row[10],
        input_tokens=row[11],
        output_tokens=row[12],
        cached_tokens=row[13],
        usage_source=unescape(row[14]),
        finish=unescape(row[15]),
        response_id=unescape(row[16]),
        fingerprint=unescape(row[17]),
    )


def event_row(event: Event, keyring: Keyring | None) -> list[Any]:
    """Return the values of EVENT_COLUMNS."""
    return [
        pack_id(event.id),
        milliseconds(event.at),
        escape(event.kind),
        None if event.run_id is None else pack_id(event.run_id),
        None if event.detail is None else pack(to_json(event.detail), keyring),
    ]


def read_event(row: Row, keyring: Keyring | None) -> Event:
    """Return the event from the values of EVENT_COLUMNS."""
    return Event(
        id=unpack_id(row[0]),
        at=row[1] / 1000,
        kind=unescape(row[2]) or "",
        run_id=None if row[3] is None else unpack_id(row[3]),
        detail=None if row[4] is None else from_json(unpack(row[4], keyring)),
    )


def feedback_row(feedback: Feedback, comment: str | None, keyring: Keyring | None) -> list[Any]:
    """Return the values of FEEDBACK_COLUMNS; `comment` is the comment after redaction."""
    return [
        pack_id(feedback.id),
        pack_id(feedback.run_id),
        milliseconds(feedback.at),
        feedback.score,
        escape(feedback.label),
        seal(comment, keyring),
        escape(feedback.by),
    ]


def read_feedback(row: Row, keyring: Keyring | None) -> Feedback:
    """Return the feedback from the values of FEEDBACK_COLUMNS."""
    return Feedback(
        id=unpack_id(row[0]),
        run_id=unpack_id(row[1]),
        at=row[2] / 1000,
        score=row[3],
        label=unescape(row[4]),
        comment=unseal(row[5], keyring),
        by=unescape(row[6]),
    )


def review_row(review: RunReview, keyring: Keyring | None) -> list[Any]:
    """Return the values of REVIEW_COLUMNS."""
    return [
        pack_id(review.id),
        pack_id(review.run_id),
        milliseconds(review.requested_at),
        escape(review.why),
        review.status,
        None if review.is_accepted is None else int(review.is_accepted),
        seal(review.answer, keyring),
        seal(review.note, keyring),
        escape(review.by),
        milliseconds(review.answered_at),
    ]


def read_review(row: Row, keyring: Keyring | None) -> RunReview:
    """Return the review from the values of REVIEW_COLUMNS."""
    return RunReview(
        id=unpack_id(row[0]),
        run_id=unpack_id(row[1]),
        requested_at=row[2] / 1000,
        why=unescape(row[3]),
        status=row[4],
        is_accepted=None if row[5] is None else bool(row[5]),
        answer=unseal(row[6], keyring),
        note=unseal(row[7], keyring),
        by=unescape(row[8]),
        answered_at=_seconds(row[9]),
    )


def columns(names: Sequence[str], table: str = "") -> str:
    """Return a list of columns for a statement."""
    return ", ".join(f"{table}.{name}" if table else name for name in names)


def upsert(table: str, names: Sequence[str], key: Sequence[str]) -> str:
    """Return the statement that inserts a row, or replaces the one with the same key."""
    rest = ", ".join(f"{name} = excluded.{name}" for name in names if name not in key)
    marks = ", ".join("?" * len(names))
    return (
        f"INSERT INTO {table} ({columns(names)}) VALUES ({marks})"
        f" ON CONFLICT ({columns(key)}) DO UPDATE SET {rest}"
    )
