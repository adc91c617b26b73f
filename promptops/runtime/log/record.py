"""The data types of the run log.

A run is written twice: when it begins (status `running`) and when it ends. All times are seconds
since 1970 in UTC, all money is whole micro-dollars, all durations are milliseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RUNNING = "running"
WAITING = "waiting"
SUCCEEDED = "succeeded"
REFUSED = "refused"
FAILED = "failed"
INTERRUPTED = "interrupted"
# `interrupted` is never stored: it is the status of a run whose process has ended.
STATUSES = (RUNNING, WAITING, SUCCEEDED, REFUSED, FAILED, INTERRUPTED)
STAGES = (*("resolve", "inputs", "route", "render", "guard", "call", "parse", "output", "record"),)


class Decision(NamedTuple):
    """A decision during a run.

    Attributes:
        rule: the rule: `share`, `route`, `choose`, `cache`, `retry`, `fallback`, `escalate`,
            `review`, `reply`, `repair`.
        why: the reason in one line.
    """

    rule: str
    why: str


class RunRecord(NamedTuple):
    """One execution of one prompt version for one caller.

    Attributes:
        id: a UUID of version 7, from `identifiers.make_id`.
        ref: the requested prompt ref.
        started_at: when it began.
        parent_id: the run within which this one was started.
        prompt: the prompt's name.
        version: the version that ran; None for the work tree's.
        digest: the digest of its closure, with its `sha256:`.
        commit: the commit of its release.
        environment: where it was live.
        deployment: the number of the deployment that made it live there.
        model: the model, by the name in the prompt.
        user: the user.
        tenant: the tenant.
        key: the key for traffic shares.
        status: one of STATUSES.
        stage: the stage at which it failed, one of STAGES.
        error: the error, one line; None without one.
        error_kind: the name of the error's class.
        lease_until: a run still `running` after this time is interrupted, wherever it runs.
        ms: its duration.
        cost_micros: its cost, in micro-dollars; None if unknown.
        input_tokens: the input tokens of all attempts, as in `Usage`.
        output_tokens: the output tokens of all attempts.
        cached_tokens: the cached input tokens of all attempts.
        usage_source: `measured`, `estimated` or `unknown`.
        finish: why the model stopped.
        is_cached: whether the answer came from the cache, at no cost.
        is_degraded: whether a fallback or a fixed reply answered.
        is_redacted: whether something was masked; set by the log.
        decisions: the rules that decided, in order.
        inputs: the inputs as passed.
        messages: the messages as sent.
        answer: the answer's text.
        tool_calls: the tool calls of the answer, as plain data.
        labels: the application's own labels.
        hidden: the inputs whose values are never stored.
    """

    id: str
    ref: str
    started_at: float
    parent_id: str | None = None
    prompt: str | None = None
    version: str | None = None
    digest: str | None = None
    commit: str | None = None
    environment: str | None = None
    deployment: int | None = None
    model: str | None = None
    user: str | None = None
    tenant: str | None = None
    key: str | None = None
    status: str = RUNNING
    stage: str | None = None
    error: str | None = None
    error_kind: str | None = None
    lease_until: float | None = None
    ms: float | None = None
    cost_micros: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    usage_source: str | None = None
    finish: str | None = None
    is_cached: bool = False
    is_degraded: bool = False
    is_redacted: bool = False
    decisions: Sequence[Decision] = ()
    inputs: Mapping[str, Any] | None = None
    messages: Sequence[Mapping[str, Any]] | None = None
    answer: str | None = None
    tool_calls: Sequence[Mapping[str, Any]] = ()
    labels: Mapping[str, str] | None = None
    hidden: tuple[str, ...] = ()


class AttemptRecord(NamedTuple):
    """One request to one model within a run.

    Attributes:
        run_id: the run.
        number: its number, from 1.
        model: the model that was asked.
        started_at: when it was sent.
        served_model: the model that the server names.
        ms: its duration.
        first_ms: the time until the first part of a stream.
        status: the HTTP status; None without a response.
        error: the error, one line; None for a success.
        error_kind: the kind of the model's error.
        cost_micros: its cost, in micro-dollars; None if unknown.
        input_tokens: the input tokens, reported or estimated.
        output_tokens: the output tokens, reported or estimated.
        cached_tokens: the cached input tokens, reported or estimated.
        usage_source: `measured`, `estimated` or `unknown`.
        finish: why the model stopped.
        response_id: the provider's id of the response.
        fingerprint: the provider's fingerprint of the system that answered.
    """

    run_id: str
    number: int
    model: str
    started_at: float
    served_model: str | None = None
    ms: float | None = None
    first_ms: float | None = None
    status: int | None = None
    error: str | None = None
    error_kind: str | None = None
    cost_micros: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    usage_source: str | None = None
    finish: str | None = None
    response_id: str | None = None
    fingerprint: str | None = None


class Event(NamedTuple):
    """An event, of one run or of the log.

    Attributes:
        id: a UUID of version 7.
        at: the time.
        kind: the kind, such as `guard_refused`, `breaker_opened` or `erased`.
        run_id: the run, or None for an event of the log.
        detail: further data, as JSON values.
    """

    id: str
    at: float
    kind: str
    run_id: str | None = None
    detail: Mapping[str, Any] | None = None


class Feedback(NamedTuple):
    """Feedback on a run's answer.

    Attributes:
        id: a UUID of version 7.
        run_id: the run.
        at: when it was given.
        score: by convention from 0 to 1.
        label: a word chosen by the application.
        comment: the comment.
        by: its author.
    """

    id: str
    run_id: str
    at: float
    score: float | None = None
    label: str | None = None
    comment: str | None = None
    by: str | None = None


class RunReview(NamedTuple):
    """A review of a run by a person, requested or answered.

    Attributes:
        id: a UUID of version 7.
        run_id: the reviewed run.
        requested_at: when it was requested.
        why: the rule that requested it.
        status: `open` or `answered`.
        is_accepted: whether the answer was accepted; None while open.
        answer: the corrected answer; None if it was accepted.
        note: the reviewer's note.
        by: the reviewer.
        answered_at: when it was answered.
    """

    id: str
    run_id: str
    requested_at: float
    why: str | None = None
    status: str = "open"
    is_accepted: bool | None = None
    answer: str | None = None
    note: str | None = None
    by: str | None = None
    answered_at: float | None = None


class LogEntry(NamedTuple):
    """Everything in the log about one run."""

    run: RunRecord
    attempts: tuple[AttemptRecord, ...] = ()
    events: tuple[Event, ...] = ()
    feedback: tuple[Feedback, ...] = ()
    reviews: tuple[RunReview, ...] = ()
