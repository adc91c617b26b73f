"""Runs that wait for results, continued by their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import promptops
from promptops.errors import IntegrityError, NotFoundError, RefusedError
from tests.runtime.run.pieces import PROMPT, ask_for, logged

if TYPE_CHECKING:
    from promptops.runtime.registry import Registry
    from tests.repositories import Repo
    from tests.runtime.provider import Provider


def test_a_run_goes_on_by_its_id_in_another_process(
    registry: Registry, team: Repo, near: Provider, agent: str
) -> None:
    ask_for(near, 1)
    ask_for(near, 2)
    near.reply(text="Sunny.")
    run_id = registry.run(agent, {"text": "x"}, user="u-1").id

    with promptops.open(team.path) as other:
        run = other.waiting_run(run_id)
        assert ([one.id for one in run.tool_calls], run.cost_micros) == (["call-1"], 25)
        assert run.reply(["warm"]).tool_calls[0].id == "call-2"
        done = other.waiting_run(run_id[:13]).reply({"call-2": "blue"})

    assert (done.id, done.text, done.cost_micros) == (run_id, "Sunny.", 75)
    roles = [one["role"] for one in near.requests[2].json["messages"]]
    assert roles == ["user", "assistant", "tool", "assistant", "tool"]
    entry = logged(team, run_id)
    assert (entry.run.status, len(entry.attempts), entry.run.user) == ("succeeded", 3, "u-1")
    with pytest.raises(RefusedError, match="is not waiting"):
        registry.waiting_run(run_id)


def test_what_was_redacted_or_changed_cannot_go_on(
    registry: Registry, team: Repo, near: Provider, agent: str
) -> None:
    ask_for(near, 1)
    ask_for(near, 1)
    secret = registry.run(agent, {"text": "call +49 30 901820 now"})
    with pytest.raises(RefusedError, match="redacted"):
        registry.waiting_run(secret.id)
    plain = registry.run(agent, {"text": "x"})
    team.write("prompts/t.md", PROMPT.format(more="tools: [look.json]\n").replace("Sum", "Add"))
    with pytest.raises(IntegrityError, match="the text of t has changed"):
        registry.waiting_run(plain.id)
    with pytest.raises(NotFoundError):
        registry.waiting_run("0198f3c2-1abc-7000-8000-000000000001")
