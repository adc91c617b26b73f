"""What can be done with a run after its answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

import promptops
from promptops.errors import UsageError
from tests.runtime.run.pieces import ask_for

if TYPE_CHECKING:
    from promptops.runtime.registry import Registry
    from tests.repositories import Repo
    from tests.runtime.provider import Provider


def test_a_run_goes_on_as_a_stream_and_on_an_event_loop(
    team: Repo, near: Provider, agent: str
) -> None:
    ask_for(near, 1)
    ask_for(near, 2)
    near.reply(text="One two.")

    async def converse() -> str:
        with promptops.open(team.path) as registry:
            run = await registry.arun(agent, {"text": "x"})
            run = await run.areply(["a"])
            pieces = [piece async for piece in run.astream_reply(["b"])]
            await registry.aclose()
            assert pieces[-1].run is not None
            return "".join(piece.text for piece in pieces)

    assert asyncio.run(converse()) == "One two."
    assert len(near.requests[2].json["messages"]) == 5


def test_a_streamed_run_can_go_on(registry: Registry, near: Provider, agent: str) -> None:
    ask_for(near, 1)
    near.reply(text="One two.")
    run = list(registry.stream(agent, {"text": "x"}))[-1].run
    assert run is not None
    assert "".join(one.text for one in run.stream_reply(["a"])) == "One two."


def test_a_run_is_continued_once_and_only_where_tools_were_called(
    registry: Registry, near: Provider, agent: str
) -> None:
    ask_for(near, 1)
    near.reply(text="Fine.")
    run = registry.run(agent, {"text": "x"})
    done = run.reply(["a"])
    with pytest.raises(UsageError, match="already continued from here"):
        run.reply(["a"])
    with pytest.raises(UsageError, match="called no tools"):
        done.reply([])
    assert len(near.requests) == 2
