"""The commands of a run's generator."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from promptops.runtime.run.commands import Sleep
from promptops.runtime.run.driving import AbandonedError, Commands

if TYPE_CHECKING:
    from collections.abc import Generator

    from promptops.runtime.run.commands import Command

    Steps = Generator[Command, Any, None]


def ask(told: list[object], times: int) -> Steps:
    for number in range(times):
        try:
            told.append((yield Sleep(number)))
        except BaseException as error:
            told.append(error)
            raise


def outer(told: list[object], times: int) -> Steps:
    yield from ask(told, times)


def test_the_generator_gets_each_result() -> None:
    told: list[object] = []
    commands = Commands(outer(told, 3))
    for command in commands:
        with commands:
            commands.result = command
    assert told == [Sleep(0), Sleep(1), Sleep(2)]


def test_a_command_without_a_result_does_not_repeat_the_last_one() -> None:
    told: list[object] = []
    commands = Commands(outer(told, 2))
    for command in commands:
        with commands:
            if command == Sleep(0):
                commands.result = "first"
    assert told == ["first", None]


def test_the_generator_gets_an_exception_and_decides() -> None:
    told: list[object] = []
    commands = Commands(outer(told, 3))
    error = KeyError("gone")
    next(commands)
    with commands:
        raise error
    with pytest.raises(KeyError):
        next(commands)
    assert told == [error]


def test_a_closed_stream_abandons_the_run() -> None:
    told: list[object] = []

    def stream() -> Generator[str]:
        commands = Commands(outer(told, 3))
        for _ in commands:
            with commands:
                yield "part"

    parts = stream()
    next(parts)
    with pytest.raises(AbandonedError):
        parts.close()
    assert [type(one) for one in told] == [AbandonedError]


def test_a_closed_coroutine_abandons_the_run() -> None:
    told: list[object] = []

    async def wait() -> None:
        commands = Commands(outer(told, 3))
        for _ in commands:
            with commands:
                await asyncio.sleep(0)

    waiting = wait()
    waiting.send(None)
    with pytest.raises(AbandonedError):
        waiting.close()
    assert [type(one) for one in told] == [AbandonedError]
