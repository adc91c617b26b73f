"""Runs that wait for results, continued by their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import promptops
from promptops.errors import IntegrityError, NotFoundError, RefusedError
from promptops.runtime.log.record import LogEntry
from promptops.runtime.run.course import RunLimits
from promptops.runtime.run.reopening import name_version, reopen
from tests.runtime.log.pieces import end, make_attempt, make_run
from tests.runtime.run.pieces import PROMPT, ask_for, logged, make_prompt

if TYPE_CHECKING:
    from promptops.runtime.log.record import RunRecord
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


def waiting(**values: Any) -> RunRecord:
    prompt = make_prompt()
    call = {"id": "call-1", "name": "look", "arguments": "{}"}
    run = make_run(prompt="a", version="1.0.0", digest=prompt.digest, model="far/large", **values)
    return end(run, status="waiting", answer=None, tool_calls=(call,))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"status": "succeeded"}, "is not waiting for results: it succeeded"),
        ({"prompt": None}, "is not waiting for results"),
        ({"messages": None}, "were not kept"),
        ({"model": None}, "were not kept"),
        ({"is_redacted": True}, "were redacted"),
    ],
)
def test_only_a_run_that_waits_and_was_kept_whole_can_go_on(
    changes: dict[str, Any], why: str
) -> None:
    with pytest.raises(RefusedError, match=why):
        name_version(waiting()._replace(**changes))


def test_a_run_goes_on_with_the_text_that_it_began_with() -> None:
    assert name_version(waiting()) == "a@1.0.0"
    assert name_version(waiting(commit=None)) == "a@working"
    with pytest.raises(IntegrityError, match="the text of a has changed"):
        reopen(LogEntry(waiting()), make_prompt("Say {{ question }}"), RunLimits())


def test_a_reopened_run_has_its_attempts_and_asks_the_model_that_called_first() -> None:
    run = waiting(environment="eval")
    prompt = make_prompt(model="near/small", fallbacks="[far/large, far/other]")
    run = run._replace(digest=prompt.digest)
    entry = LogEntry(run, (make_attempt(run), make_attempt(run, 2)))
    course = reopen(entry, prompt, RunLimits())
    assert course.models == ["far/large", "far/other"]
    assert (len(course.attempts), course.messages, course.counted_in) == (2, run.messages, "eval")
    assert course.answer is not None
    assert [(one.id, one.name) for one in course.answer.tool_calls] == [("call-1", "look")]
    assert course.scope is not None
    assert (course.scope.user, course.scope.tenant) == ("u-1", "acme")
