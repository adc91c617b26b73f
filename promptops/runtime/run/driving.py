"""Execute the commands of a run's generator until it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import TracebackType

    from promptops.runtime.run.commands import Command


class AbandonedError(BaseException):
    """The caller abandoned a run: it closed the stream or the coroutine.

    Python closes nested generators instead of throwing GeneratorExit into them, so the run's
    generator gets this exception. It never reaches the caller.
    """

    def __repr__(self) -> str:
        """Describe what happened, for the log."""
        return "abandoned by the caller"


class Commands:
    """The commands of a run's generator, one after the other.

    Drivers differ in how they wait and stream, but all send results to the generator like this:

        for command in commands:
            with commands:
                commands.result = execute(command)

    The generator gets the result, or the exception that left the block. An exception of the
    generator leaves the loop.

    Args:
        steps: the run's generator.

    Attributes:
        result: the result of the current command.
    """

    __slots__ = ("_failure", "_steps", "result")

    def __init__(self, steps: Generator[Command, Any, None]) -> None:
        self._steps = steps
        self._failure: BaseException | None = None
        self.result: Any = None

    def __iter__(self) -> Commands:
        """Return itself: there is one generator."""
        return self

    def __next__(self) -> Command:
        """Send the last result or exception to the generator; return its next command."""
        result, failure = self.result, self._failure
        self.result = self._failure = None
        return self._steps.send(result) if failure is None else self._steps.throw(failure)

    def __enter__(self) -> None:
        """Begin a command."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        """Keep the exception for the generator, which decides what to do."""
        self._failure = AbandonedError() if isinstance(error, GeneratorExit) else error
        return True
