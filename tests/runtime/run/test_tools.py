"""Runs whose model calls tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promptops.errors import UsageError
from tests.runtime.run.pieces import OUTPUT, PROMPT, TOOL, ask_for, call, logged

if TYPE_CHECKING:
    from promptops.runtime.registry import Registry
    from tests.repositories import Repo
    from tests.runtime.provider import Provider


def test_a_run_goes_on_with_the_results(
    registry: Registry, team: Repo, near: Provider, agent: str
) -> None:
    ask_for(near, 1, 2)
    near.reply(text="Sunny.")
    run = registry.run(agent, {"text": "x"}, user="u-1")
    assert [one.id for one in run.tool_calls] == ["call-1", "call-2"]
    assert near.requests[0].json["tools"] == [TOOL]
    assert logged(team, run.id).run.status == "waiting"

    done = run.reply({"call-2": {"sky": "blue"}, "call-1": "warm"})

    assert (done.text, done.id, done.tool_calls) == ("Sunny.", run.id, ())
    sent = near.requests[1].json["messages"]
    assert [one["role"] for one in sent] == ["user", "assistant", "tool", "tool"]
    assert sent[1]["tool_calls"] == [call(1), call(2)]
    assert [(one["tool_call_id"], one["content"]) for one in sent[2:]] == [
        ("call-1", "warm"),
        ("call-2", '{"sky": "blue"}'),
    ]
    entry = logged(team, run.id)
    assert (entry.run.status, entry.run.answer) == ("succeeded", "Sunny.")
    assert [one.number for one in entry.attempts] == [1, 2]
    assert (entry.run.cost_micros, entry.run.input_tokens) == (50, 22)
    assert done.cost_micros == 50
    assert [one["role"] for one in entry.run.messages or ()] == [one["role"] for one in sent]


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ({}, "no result for 'call-1'"),
        ({"call-1": 1, "other": 2}, "no call 'other'"),
        (["a", "b"], "2 results for 1 calls"),
        ("a", "not a mapping or a list"),
        ([float("nan")], "not a JSON value"),
        ([object()], "not a JSON value"),
    ],
)
def test_results_that_do_not_fit_are_refused(
    registry: Registry, near: Provider, agent: str, results: Any, message: str
) -> None:
    ask_for(near, 1)
    run = registry.run(agent, {"text": "x"})
    with pytest.raises(UsageError, match=message):
        run.reply(results)
    near.reply(text="Fine.")
    assert run.reply(["ok"]).text == "Fine."


def test_the_model_that_asked_goes_on(
    registry: Registry, near: Provider, far: Provider, agent: str
) -> None:
    near.reply(status=404)
    ask_for(far, 1)
    far.reply(text="Far.")
    run = registry.run(agent, {"text": "x"})
    done = run.reply(["a"])
    assert (done.text, done.model, done.is_degraded) == ("Far.", "far/large", True)
    assert len(near.requests) == 1


def test_the_promise_holds_for_the_last_answer(
    registry: Registry, team: Repo, near: Provider, agent: str
) -> None:
    team.write("prompts/t.md", PROMPT.format(more=f"tools: [look.json]\n{OUTPUT}"))
    ask_for(near, 1)
    near.reply(text='{"topic": "bug"}')
    run = registry.run(agent, {"text": "x"})
    assert run.data is None
    assert run.reply(["a"]).data == {"topic": "bug"}
