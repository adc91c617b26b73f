"""What a run gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from promptops.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from promptops.runtime.log.record import AttemptRecord, Decision
    from promptops.runtime.models.model import ToolCall, Usage
    from promptops.runtime.resolution import ResolvedPrompt
    from promptops.runtime.run.runner import Handle, Spoken


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
    _handle: Handle | None = field(default=None, repr=False, compare=False)

    @property
    def cost(self) -> float | None:
        """What all attempts cost, in US dollars; None where that is unknown."""
        return None if self.cost_micros is None else self.cost_micros / 1_000_000

    @property
    def messages(self) -> Sequence[Mapping[str, Any]]:
        """What the model was asked: the messages as they were sent."""
        return self._given_handle.messages

    def reply(self, results: Mapping[str, object] | Sequence[object]) -> Run:
        """Hand in what the called tools gave, and return what the model says to that.

        It is the same run: one id, one record, one cost. Its time limit begins anew.

        Args:
            results: a result for each call: by its id, or in the order of `tool_calls`. A text is
                sent as it is, everything else as JSON. An error is a result, too.

        Raises:
            UsageError: the run called no tools, was continued already, or results are missing.
            PromptopsError: as `Registry.run`.
        """
        return self._given_handle.reply(results)

    async def areply(self, results: Mapping[str, object] | Sequence[object]) -> Run:
        """As `reply`, on an event loop."""
        return await self._given_handle.areply(results)

    def stream_reply(self, results: Mapping[str, object] | Sequence[object]) -> Iterator[Spoken]:
        """As `reply`, as a stream like that of `Registry.stream`."""
        return self._given_handle.stream_reply(results)

    def astream_reply(
        self, results: Mapping[str, object] | Sequence[object]
    ) -> AsyncIterator[Spoken]:
        """As `stream_reply`, on an event loop."""
        return self._given_handle.astream_reply(results)

    def within(self) -> AbstractContextManager[None]:
        """Make the runs that are started in a `with` block part of this run.

        The log names this run as theirs, and they are nested in it for the limit on depth.
        """
        return self._given_handle.within()

    def feedback(
        self, score: float | None = None, *, label: str | None = None, comment: str | None = None
    ) -> None:
        """Record what somebody thought of the answer; never raises for the log's sake."""
        self._given_handle.feedback(score, label, comment)

    @property
    def _given_handle(self) -> Handle:
        if self._handle is None:
            raise UsageError("this run was not made by a registry", hint="use registry.run")
        return self._handle
