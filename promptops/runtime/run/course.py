"""What one run knows, and what has become of it so far."""

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
    """How long a run may take, and how often it may try.

    Attributes:
        call_seconds: for one request; the prompt's own `timeout` comes first.
        run_seconds: for the whole run.
        retries: of one model.
    """

    call_seconds: float = 60.0
    run_seconds: float = 120.0
    retries: int = 2


@dataclass(slots=True)
class Course:
    """One run under way.

    Attributes:
        record: the record of the run, completed step by step.
        given: the inputs as the caller gave them.
        asked_model: the model that the caller asks for instead of the prompt's.
        counted_in: the environment that limits and the log count it in; None: the prompt's own.
        stage: where the run is now; an error names it.
        prompt: the prompt that runs, after shares and routes.
        scope: whose run it is, for the guards.
        inputs: the inputs, complete.
        messages: what is asked.
        models: whom to ask, in this order.
        is_held: whether nothing of an answer may be handed out before it is final.
        is_streamed: whether the answer is handed out while it is written.
        has_spoken: whether a part of an answer was handed out, so that nothing can be retried.
        heard: the parts of the answer that is being streamed.
        first_at: when its first part came, on the monotonic clock.
        attempts: the requests that were made.
        decisions: the rules that applied.
        alarms: the errors that a person must look at.
        reviews: what is asked of people.
        answer: the answer that stands.
        data: what it holds, where the prompt has an output schema.
        model: the model that gave it; None: a fixed reply.
        is_degraded: whether something else than the prompt's first choice answered.
        depth: how many runs enclose it.
        round: how often the results of tools were handed in.
        began: when it began here, on the monotonic clock; None: in another process.
        begun: what telemetry gave when it began, or went on.
        told: how many attempts telemetry knew then.
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

    @property
    def resolved(self) -> ResolvedPrompt:
        """The prompt that runs; only asked for once it was found."""
        assert self.prompt is not None  # noqa: S101 - the stages before this one found it
        return self.prompt
