"""The state of one run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptops.runtime.guards.windows import Scope
    from promptops.runtime.log.record import AttemptRecord, Decision, RunRecord, RunReview
    from promptops.runtime.models.model import Answer, ModelError
    from promptops.runtime.resolution import ResolvedPrompt


@dataclass(frozen=True, slots=True)
class RunLimits:
    """The timeouts and the number of retries of a run.

    Attributes:
        call_seconds: the timeout of one request; the prompt's own `timeout` overrides it.
        run_seconds: the timeout of the whole run.
        retries: the number of retries of one model.
    """

    call_seconds: float = 60.0
    run_seconds: float = 120.0
    retries: int = 2


@dataclass(slots=True)
class Course:
    """The state of one run.

    Attributes:
        record: the run's record, completed step by step.
        given: the caller's inputs.
        asked_model: the model that the caller requests instead of the prompt's.
        counted_in: the environment for limits and log; None: the prompt's own.
        stage: the current stage, named in errors.
        prompt: the prompt after shares and routes.
        scope: the user and tenant, for limits.
        inputs: the inputs, including defaults.
        messages: the request's messages.
        models: the models to ask, in order.
        is_held: whether no part of an answer may be streamed before it is final.
        is_streamed: whether the answer is streamed.
        has_spoken: whether a part was streamed, so that retries are not possible.
        heard: the received parts of the streamed answer.
        first_at: when its first part came, on the monotonic clock.
        attempts: the requests so far.
        decisions: the rules that applied.
        alarms: errors for alerts.
        reviews: the requested reviews by people.
        answer: the final answer.
        data: its JSON value, if the prompt has an output schema.
        model: the model that gave it; None: a fixed reply.
        is_degraded: whether a model other than the prompt's first choice answered.
        depth: the number of enclosing runs.
        round: the number of times that tool results were passed in.
        began: when it began, on the monotonic clock; None if in another process.
        begun: telemetry's handle of the run.
        told: the number of attempts that were reported to telemetry.
        stand_ins: hidden value -> the text that the provider gets instead.
        findings: events about safety: kind and detail.
    """

    record: RunRecord
    given: Mapping[str, object]
    asked_model: str | None
    limits: RunLimits
    counted_in: str | None = None
    stage: str = "resolve"
    prompt: ResolvedPrompt | None = None
    scope: Scope | None = None
    inputs: Mapping[str, object] = field(default_factory=dict)
    messages: Sequence[Mapping[str, Any]] = ()
    models: Sequence[str] = ()
    is_held: bool = False
    is_streamed: bool = False
    has_spoken: bool = False
    heard: list[str] = field(default_factory=list)
    first_at: float | None = None
    attempts: list[AttemptRecord] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    alarms: list[ModelError] = field(default_factory=list)
    reviews: list[RunReview] = field(default_factory=list)
    answer: Answer | None = None
    data: Any = None
    model: str | None = None
    is_degraded: bool = False
    depth: int = 0
    round: int = 0
    began: float | None = None
    begun: tuple[object, ...] = ()
    told: int = 0
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    findings: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def resolved(self) -> ResolvedPrompt:
        """The prompt; only valid once it was found."""
        assert self.prompt is not None  # noqa: S101 - the stages before this one found it
        return self.prompt
