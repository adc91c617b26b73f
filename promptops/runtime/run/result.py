"""The result of a run."""

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
    from promptops.runtime.run.handle import Handle
    from promptops.runtime.run.interface import StreamPart


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of one version of a prompt.

    Attributes:
        id: its id in the run log.
        prompt: the resolved prompt.
        text: the answer's text.
        data: the parsed and validated answer, if the prompt has an output schema; else None.
        model: the model that answered, by the name in the prompt; None for a fixed reply.
        finish: why the answer ended, such as `stop` or `length`.
        usage: the tokens of the attempt that answered.
        cost_micros: the cost of all attempts, in micro-dollars; None if a price or usage is
            unknown.
        attempts: all requests, failed ones included.
        decisions: the rules that applied: share, route, retry, fallback, reply, escalate, review.
        is_degraded: whether a model other than the prompt's first choice answered.
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
        """The cost of all attempts, in US dollars; None if unknown."""
        return None if self.cost_micros is None else self.cost_micros / 1_000_000

    @property
    def messages(self) -> Sequence[Mapping[str, Any]]:
        """The messages as sent to the model."""
        return self._given_handle.messages

    def reply(self, results: Mapping[str, object] | Sequence[object]) -> Run:
        """Pass in the results of the called tools; return the model's next answer.

        It is the same run: one id, one record, one cost. The time limit starts again.

        Args:
            results: a result for each call: by its id, or in the order of `tool_calls`. A string is
                sent as is, everything else as JSON. An error is a result, too.

        Raises:
            UsageError: the run called no tools, was already continued, or results are missing.
            PromptopsError: as `Registry.run`.
        """
        return self._given_handle.reply(results)

    async def areply(self, results: Mapping[str, object] | Sequence[object]) -> Run:
        """As `reply`, on an event loop."""
        return await self._given_handle.areply(results)

    def stream_reply(
        self, results: Mapping[str, object] | Sequence[object]
    ) -> Iterator[StreamPart]:
        """As `reply`, but stream the answer like `Registry.stream`."""
        return self._given_handle.stream_reply(results)

    def astream_reply(
        self, results: Mapping[str, object] | Sequence[object]
    ) -> AsyncIterator[StreamPart]:
        """As `stream_reply`, on an event loop."""
        return self._given_handle.astream_reply(results)

    def within(self) -> AbstractContextManager[None]:
        """Make the runs in a `with` block children of this run.

        The log records this run as their parent, and they count for the limit on nesting.
        """
        return self._given_handle.within()

    def feedback(
        self, score: float | None = None, *, label: str | None = None, comment: str | None = None
    ) -> None:
        """Record feedback on the answer. Never raises errors of the log."""
        self._given_handle.feedback(score, label, comment)

    @property
    def _given_handle(self) -> Handle:
        if self._handle is None:
            raise UsageError("this run was not made by a registry", hint="use registry.run")
        return self._handle
