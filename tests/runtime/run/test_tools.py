"""Runs whose model calls tools: waiting, replies, and runs within runs."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

import promptops
from promptops.errors import IntegrityError, NotFoundError, RefusedError, UsageError
from tests.runtime.run.pieces import OUTPUT, PROMPT, logged

if TYPE_CHECKING:
    from promptops.runtime.registry import Registry
    from tests.repositories import Repo
    from tests.runtime.provider import Provider

TOOL = {
    "type": "function",
    "function": {"name": "look", "parameters": {"type": "object", "properties": {}}},
}


def call(number: int) -> dict[str, Any]:
    arguments = json.dumps({"n": number})
    return {
        "id": f"call-{number}",
        "type": "function",
        "function": {"name": "look", "arguments": arguments},
    }


@pytest.fixture
def agent(team: Repo) -> str:
    team.write("prompts/look.json", json.dumps(TOOL))
    team.write("prompts/t.md", PROMPT.format(more="tools: [look.json]\n"))
    return "t@working"


def ask_for(near: Provider, *numbers: int) -> None:
    calls = [call(number) for number in numbers]
    near.reply(text="", tool_calls=calls, finish="tool_calls")


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


def test_runs_within_a_run_name_it_and_are_limited(
    registry: Registry, team: Repo, near: Provider
) -> None:
    near.always(text="Yes.")

    def recurse(level: int) -> None:
        run = registry.run("a@working", {"text": str(level)})
        ids.append(run.id)
        with run.within():
            recurse(level + 1)

    ids: list[str] = []
    with pytest.raises(promptops.GuardError, match="nested") as caught:
        recurse(0)
    assert len(ids) == 8
    refused = logged(team, str(caught.value.run_id)).run
    assert (refused.status, refused.prompt, refused.version) == ("refused", "a", None)
    assert [logged(team, one).run.parent_id for one in ids] == [None, *ids[:-1]]


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
