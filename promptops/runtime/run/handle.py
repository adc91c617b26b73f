"""Continue a run after its answer, nest other runs in it, and give feedback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptops.errors import UsageError
from promptops.runtime.run.nesting import within
from promptops.runtime.run.tools import add_results

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from promptops.runtime.run.course import Course
    from promptops.runtime.run.interface import StreamPart
    from promptops.runtime.run.result import Run
    from promptops.runtime.run.runner import Runner, Steps


class Handle:
    """The operations of a `Run` after its answer: continue, nest, feedback.

    Args:
        runner: its runner.
        course: its state.
    """

    def __init__(self, runner: Runner, course: Course) -> None:
        self._runner = runner
        self._course = course
        self._round = course.round

    @property
    def messages(self) -> Sequence[Mapping[str, Any]]:
        """See `Run.messages`."""
        return self._course.messages

    def reply(self, results: object) -> Run:
        """See `Run.reply`."""
        return self._runner.take(self._course, self._go_on(results))

    async def areply(self, results: object) -> Run:
        """See `Run.areply`."""
        return await self._runner.atake(self._course, self._go_on(results))

    def stream_reply(self, results: object) -> Iterator[StreamPart]:
        """See `Run.stream_reply`."""
        return self._runner.take_parts(self._course, self._go_on(results))

    def astream_reply(self, results: object) -> AsyncIterator[StreamPart]:
        """See `Run.astream_reply`."""
        return self._runner.atake_parts(self._course, self._go_on(results))

    def within(self) -> AbstractContextManager[None]:
        """See `Run.within`."""
        return within(self._course.record.id, self._course.depth)

    def feedback(self, score: float | None, label: str | None, comment: str | None) -> None:
        """See `Run.feedback`."""
        run_id = self._course.record.id
        self._runner.feedback(run_id, score=score, label=label, comment=comment)

    def _go_on(self, results: object) -> Steps:
        course = self._course
        if course.answer is None or course.round != self._round:
            raise UsageError(
                f"run {course.record.id} was already continued from here",
                hint="continue from the run that the continuation returned",
            )
        if not course.answer.tool_calls:
            raise UsageError(f"run {course.record.id} called no tools", hint="start a new run")
        messages = add_results(course.messages, course.answer, results)
        course.round += 1
        return self._runner.go_on(course, messages)
