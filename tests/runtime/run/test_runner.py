"""Runs against a provider on loopback: what callers get, and what the log keeps."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

import promptops
from promptops.errors import InputError, PromptopsError
from promptops.runtime.guards.refusal import GuardError
from promptops.runtime.models.model import ModelError
from promptops.runtime.run.output import OutputError
from tests.runtime.run.pieces import list_runs, logged, opened_log

if TYPE_CHECKING:
    from promptops.runtime.registry import Registry
    from promptops.runtime.run.interface import StreamPart
    from tests.repositories import Repo
    from tests.runtime.provider import Provider


def test_a_run_answers_and_is_recorded(registry: Registry, team: Repo, near: Provider) -> None:
    near.reply(text="Short.")
    run = registry.run("a@working", {"text": "long"}, user="u-1", tenant="acme")
    assert run.text == "Short."
    assert run.model == "near/small"
    assert run.prompt.version == "1.0.0"
    # 11 tokens at 1 and 7 at 2 micro-dollars.
    assert run.cost_micros == 25
    assert not run.is_degraded
    sent = near.requests[0].json
    assert sent["messages"] == [{"role": "user", "content": "Sum up: long"}]
    assert sent["model"] == "small"
    assert sent["max_tokens"] == 100
    entry = logged(team, run.id)
    assert entry.run.status == "succeeded"
    assert (entry.run.prompt, entry.run.version, entry.run.user) == ("a", "1.0.0", "u-1")
    assert entry.run.digest == run.prompt.digest
    assert entry.run.answer == "Short."
    assert entry.run.cost_micros == 25
    assert [one.status for one in entry.attempts] == [200]


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_what_may_pass_is_tried_again(
    registry: Registry, team: Repo, near: Provider, status: int
) -> None:
    near.reply(status=status)
    near.reply(text="Yes.")
    run = registry.run("a@working", {"text": "x"})
    assert run.text == "Yes."
    assert [one.status for one in run.attempts] == [status, 200]
    assert [one.rule for one in run.decisions] == ["retry"]
    assert len(logged(team, run.id).attempts) == 2


@pytest.mark.parametrize("status", [401, 402, 403, 404])
def test_a_model_that_refuses_us_is_replaced_at_once(
    registry: Registry, team: Repo, near: Provider, far: Provider, status: int
) -> None:
    near.reply(status=status)
    far.reply(text="From afar.")
    run = registry.run("a@working", {"text": "x"})
    assert run.text == "From afar."
    assert run.is_degraded
    assert len(near.requests) == 1
    assert [one.kind for one in logged(team, run.id).events] == ["model_refused"]


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_wrong_request_is_asked_of_nobody_else(
    registry: Registry, team: Repo, near: Provider, far: Provider, status: int
) -> None:
    near.always(status=status)
    with pytest.raises(ModelError) as caught:
        registry.run("a@working", {"text": "x"})
    assert caught.value.stage == "call"
    assert caught.value.run_id is not None
    assert (len(near.requests), len(far.requests)) == (1, 0)
    entry = logged(team, caught.value.run_id)
    assert (entry.run.status, entry.run.stage) == ("failed", "call")


def test_each_model_is_tried_three_times_and_the_next_one_after_it(
    registry: Registry, near: Provider, far: Provider
) -> None:
    near.always(status=503)
    far.always(status=503)
    with pytest.raises(ModelError):
        registry.run("a@working", {"text": "x"})
    assert (len(near.requests), len(far.requests)) == (3, 3)


def test_another_model_can_be_asked_for(registry: Registry, far: Provider) -> None:
    far.reply(text="Hi.")
    run = registry.run("a@working", {"text": "x"}, model="far/other")
    assert run.model == "far/other"
    assert far.requests[0].json["model"] == "other"
    assert [one.rule for one in run.decisions] == ["model"]


def test_an_answer_is_parsed_and_validated(registry: Registry, near: Provider) -> None:
    near.reply(text='{"topic": "bug"}')
    assert registry.run("b@working", {"text": "x"}).data == {"topic": "bug"}


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"text": "no JSON"}, "not JSON"),
        ({"text": '{"topic": NaN}'}, "not JSON"),
        ({"text": '{"topic": "other"}'}, "topic"),
        ({"text": "{}"}, "required"),
        ({"text": '{"topic": "bug"}', "finish": "length"}, "length"),
        ({"text": '{"topic": "bug"}', "finish": "content_filter"}, "content_filter"),
    ],
)
def test_an_answer_that_breaks_the_promise_is_an_error(
    registry: Registry, team: Repo, near: Provider, answer: dict[str, Any], message: str
) -> None:
    near.reply(**answer)
    with pytest.raises(OutputError, match=message) as caught:
        registry.run("b@working", {"text": "x"})
    assert caught.value.stage == "parse"
    assert caught.value.text == answer["text"]
    entry = logged(team, caught.value.run_id or "")
    # What was paid for is counted, and what came is kept.
    assert entry.run.answer == answer["text"]
    assert entry.run.cost_micros == 25


def test_errors_before_the_call_name_their_stage_and_are_recorded(
    registry: Registry, team: Repo, near: Provider
) -> None:
    with pytest.raises(InputError) as missing:
        registry.run("a@working", {})
    with pytest.raises(PromptopsError) as unknown:
        registry.run("nope@working", {"text": "x"})
    assert (missing.value.stage, unknown.value.stage) == ("inputs", "resolve")
    assert logged(team, missing.value.run_id or "").run.stage == "inputs"
    assert logged(team, unknown.value.run_id or "").run.ref == "nope@working"
    assert near.requests == []


def test_nothing_falls_back_to_another_place(registry: Registry, near: Provider) -> None:
    with pytest.raises(PromptopsError) as caught:
        registry.run("a", {"text": "x"})
    assert isinstance(caught.value, promptops.NotDeployedError | promptops.EnvironmentNotFoundError)
    assert near.requests == []


@pytest.mark.slow
def test_a_loop_of_identical_requests_is_stopped(
    registry: Registry, team: Repo, near: Provider
) -> None:
    near.always(text="Again.")
    for _ in range(20):
        registry.run("a@working", {"text": "same"}, user="u-1")
    with pytest.raises(GuardError) as caught:
        registry.run("a@working", {"text": "same"}, user="u-1")
    assert caught.value.stage == "guard"
    assert len(near.requests) == 20
    assert logged(team, caught.value.run_id or "").run.status == "refused"


@pytest.mark.slow
def test_an_event_loop_runs_many_at_once(team: Repo, near: Provider) -> None:
    near.always(text="Yes.")

    async def ask() -> list[str]:
        with promptops.open(team.path) as registry:
            runs = await asyncio.gather(
                *(registry.arun("a@working", {"text": str(n)}) for n in range(20))
            )
            await registry.aclose()
        return [run.text for run in runs]

    assert asyncio.run(ask()) == ["Yes."] * 20
    assert len(near.requests) == 20


def test_a_stream_hands_out_parts_and_ends_with_the_run(
    registry: Registry, team: Repo, near: Provider
) -> None:
    near.reply(text="One two three.")
    pieces = list(registry.stream("a@working", {"text": "x"}))
    assert "".join(piece.text for piece in pieces) == "One two three."
    run = pieces[-1].run
    assert run is not None
    assert all(piece.run is None for piece in pieces[:-1])
    assert logged(team, run.id).run.answer == "One two three."


def test_a_stream_falls_back_before_the_first_part(
    registry: Registry, near: Provider, far: Provider
) -> None:
    near.reply(status=404)
    far.reply(text="Far.")
    pieces = list(registry.stream("a@working", {"text": "x"}))
    assert "".join(piece.text for piece in pieces) == "Far."


@pytest.mark.slow
def test_an_abandoned_stream_disconnects_and_is_recorded(
    registry: Registry, team: Repo, near: Provider
) -> None:
    near.reply(text="word " * 500, chunks=500, drip=0.02)
    stream = registry.stream("a@working", {"text": "x"})
    assert next(stream).text
    stream.close()  # type: ignore[attr-defined]  # every stream is a generator
    assert near.requests[0].disconnected.wait(10)
    (run,) = list_runs(team)
    assert (run.status, run.stage) == ("interrupted", "call")
    assert run.error == snapshot("abandoned by the caller")


def test_streams_on_an_event_loop(team: Repo, near: Provider) -> None:
    near.reply(text="One two.")

    async def listen() -> list[StreamPart]:
        with promptops.open(team.path) as registry:
            pieces = [piece async for piece in registry.astream("a@working", {"text": "x"})]
            await registry.aclose()
            return pieces

    pieces = asyncio.run(listen())
    assert "".join(piece.text for piece in pieces) == "One two."
    assert pieces[-1].run is not None


def test_feedback_is_kept_with_the_run(registry: Registry, team: Repo, near: Provider) -> None:
    near.reply(text="Yes.")
    run = registry.run("a@working", {"text": "x"})
    run.feedback(1, label="helpful")
    registry.feedback(run.id, comment="later")
    kept = logged(team, run.id).feedback
    assert {(one.score, one.label, one.comment) for one in kept} == {
        (1, "helpful", None),
        (None, None, "later"),
    }


def test_a_log_that_cannot_be_written_stops_no_run(
    registry: Registry, team: Repo, near: Provider
) -> None:
    (team.path / ".git" / "promptops-log").write_text("a file is in the way")
    near.reply(text="Yes.")
    assert registry.run("a@working", {"text": "x"}).text == "Yes."


def test_a_plan_asks_nobody(registry: Registry, team: Repo, near: Provider) -> None:
    plan = registry.plan("a@working", {"text": "x"})
    assert plan.model == "near/small"
    assert plan.request["messages"] == [{"role": "user", "content": "Sum up: x"}]
    assert plan.cost_micros is not None
    assert plan.cost_micros >= 200
    assert near.requests == []
    assert not (team.path / ".git" / "promptops-log").exists()
    assert json.dumps(plan.request)


HIDDEN = """---
version: 1.0.0
description: d
author: jane@example.com
model: near/small
max_tokens: 100
inputs:
  text: string
  patient: {type: object, redact: true}
---
{{ patient.name }} says: {{ text }}
"""


@pytest.mark.parametrize("content", ["redacted", "full"])
def test_what_an_input_hides_is_never_kept(
    team: Repo, near: Provider, far: Provider, content: str
) -> None:
    config = (team.path / "promptops.toml").read_text()
    team.write("promptops.toml", f'{config}[log]\ncontent = "{content}"\n')
    team.write("prompts/h.md", HIDDEN)
    near.reply(text="Ada Lovelace is well, and 36.")
    inputs = {"text": "Call Ada Lovelace.", "patient": {"name": "Ada Lovelace", "id": 81567204}}
    with promptops.open(team.path) as registry:
        run = registry.run("h@working", inputs)
        near.reply(status=400, error={"message": "Ada Lovelace is not allowed"})
        with pytest.raises(ModelError) as caught:
            registry.run("h@working", inputs)
        noted = registry.record("h@working", "Ada Lovelace?", inputs)
    assert run.text == "Ada Lovelace is well, and 36."
    assert near.requests[0].json["messages"][0]["content"].startswith("Ada Lovelace says")
    kept = logged(team, run.id).run
    assert kept.answer == "[redacted patient] is well, and 36."
    assert kept.inputs == {"text": "Call [redacted patient].", "patient": "[redacted patient]"}
    assert kept.messages is not None
    assert kept.messages[0]["content"] == "[redacted patient] says: Call [redacted patient]."
    assert kept.is_redacted
    with opened_log(team) as log:
        assert [one.id for one in log.find_output(run.text)] == [run.id]
    database = (team.path / ".git/promptops-log").iterdir()
    assert not any(b"Lovelace" in file.read_bytes() for file in database if file.is_file())
    for run_id in (caught.value.run_id, noted):
        assert "Lovelace" not in repr(logged(team, run_id or ""))
