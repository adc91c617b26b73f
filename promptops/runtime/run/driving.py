"""Execute the commands of a run's generator until it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    from promptops.runtime.run.commands import Command


def drive(steps: Generator[Command, Any, None], do: Callable[[Command], Any]) -> None:
    """Execute each command; send its result or error back to the generator."""
    value: Any = None
    failure: BaseException | None = None
    while True:
        try:
            command = steps.send(value) if failure is None else steps.throw(failure)
        except StopIteration:
            return
        value = failure = None
        try:
            value = do(command)
        except BaseException as error:  # noqa: BLE001 - the course decides
            failure = error


async def adrive(
    steps: Generator[Command, Any, None], do: Callable[[Command], Awaitable[Any]]
) -> None:
    """As `drive`, on an event loop."""
    value: Any = None
    failure: BaseException | None = None
    while True:
        try:
            command = steps.send(value) if failure is None else steps.throw(failure)
        except StopIteration:
            return
        value = failure = None
        try:
            value = await do(command)
        except BaseException as error:  # noqa: BLE001 - the course decides
            failure = error
