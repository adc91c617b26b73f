"""What a run gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.runtime.log.record import AttemptRecord, Decision
    from promptops.runtime.models.model import ToolCall, Usage
    from promptops.runtime.resolution import ResolvedPrompt


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of one version of a prompt.

    Attributes:
        id: its id in the run log.
        prompt: the prompt that ran, and where it was found.
        text: the answer's words.
        data: the answer parsed and validated, where the prompt has an output schema; else None.
        model: the model that answered, as the prompt names it; None: a fixed reply.
        finish: why the answer ended, such as `stop` or `length`.
        usage: the tokens of the attempt that answered.
        cost_micros: what all attempts cost, in micro-dollars; None where a price or usage is
            unknown.
        attempts: the requests that were made, failed ones included.
        decisions: the rules that applied: share, route, retry, fallback, reply, escalate, review.
        is_degraded: whether something else than the prompt's first choice answered.
        tool_calls: the functions that the model wants called.
    """

    id: str
    prompt: ResolvedPrompt
    text: str
    data: Any
    model: str | None
    finish: str
    usage: Usage
    cost_micros: int | None
    attempts: tuple[AttemptRecord, ...]
    decisions: tuple[Decision, ...]
    is_degraded: bool = False
    tool_calls: tuple[ToolCall, ...] = ()
    _tell: Callable[..., None] | None = field(default=None, repr=False, compare=False)

    @property
    def cost(self) -> float | None:
        """What all attempts cost, in US dollars; None where that is unknown."""
        return None if self.cost_micros is None else self.cost_micros / 1_000_000

    def feedback(
        self, score: float | None = None, *, label: str | None = None, comment: str | None = None
    ) -> None:
        """Record what somebody thought of the answer; never raises for the log's sake."""
        if self._tell is not None:
            self._tell(self.id, score=score, label=label, comment=comment)
