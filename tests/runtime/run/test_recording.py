"""Calls that an application made with its own client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promptops.errors import UsageError
from promptops.repository.prices import Price
from promptops.runtime.run.recording import MadeCall, make_record
from tests.runtime.log.pieces import START, make_run
from tests.runtime.run.pieces import logged, make_prompt

if TYPE_CHECKING:
    from promptops.runtime.log.record import AttemptRecord, RunRecord
    from promptops.runtime.registry import Registry
    from tests.repositories import Repo


COMPLETION = {
    "id": "resp-1",
    "model": "small-2026",
    "choices": [{"message": {"role": "assistant", "content": "Short."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
}


class Completion:
    def model_dump(self, *, mode: str) -> dict[str, Any]:
        assert mode == "json"
        return COMPLETION


@pytest.mark.parametrize("answer", [COMPLETION, Completion()])
def test_a_call_of_another_client_is_recorded(
    registry: Registry, team: Repo, answer: object
) -> None:
    prompt = registry.get("a@working")
    run_id = registry.record(prompt, answer, {"text": "x"}, user="u-1", seconds=2)
    registry.feedback(run_id, score=1)
    entry = logged(team, run_id)
    run, (attempt,) = entry.run, entry.attempts
    assert (run.status, run.prompt, run.version, run.user) == ("succeeded", "a", "1.0.0", "u-1")
    assert (run.answer, run.cost_micros, run.ms, run.finish) == ("Short.", 25, 2000, "stop")
    assert run.digest == prompt.digest
    assert run.messages is not None
    assert run.messages[0]["content"] == "Sum up: x"
    assert (attempt.served_model, attempt.response_id) == ("small-2026", "resp-1")
    assert len(entry.feedback) == 1


MESSAGE = {
    "id": "msg-1",
    "type": "message",
    "model": "claude-x",
    "content": [
        {"type": "text", "text": "Looking."},
        {"type": "tool_use", "id": "call-1", "name": "look", "input": {"a": 1}},
    ],
    "stop_reason": "tool_use",
    "usage": {"input_tokens": 4, "cache_read_input_tokens": 6, "output_tokens": 5},
}


def test_texts_errors_and_other_formats_are_recorded(registry: Registry, team: Repo) -> None:
    said = logged(team, registry.record("a@working", "Hi.", model="far/large")).run
    assert (said.answer, said.cost_micros, said.usage_source) == ("Hi.", None, "unknown")
    failed = logged(team, registry.record("a@working", TimeoutError("gone"))).run
    assert (failed.status, failed.stage, failed.error) == ("failed", "call", "gone")
    assert (failed.error_kind, failed.answer) == ("TimeoutError", None)
    other = logged(team, registry.record("a@working", MESSAGE)).run
    assert (other.answer, other.finish) == ("Looking.", "tool_calls")
    assert other.tool_calls == ({"id": "call-1", "name": "look", "arguments": '{"a": 1}'},)
    assert (other.input_tokens, other.cached_tokens, other.output_tokens) == (10, 6, 5)


@pytest.mark.parametrize("answer", [None, {"choices": []}, 5, object()])
def test_what_is_no_answer_is_not_recorded(registry: Registry, answer: object) -> None:
    with pytest.raises(UsageError):
        registry.record("a@working", answer)


def record(answer: object, **values: Any) -> tuple[RunRecord, AttemptRecord]:
    call = MadeCall(make_prompt(), answer, **values)
    return make_record(
        call, make_run(), lambda _model: Price(1_000_000, 2_000_000, 500_000, "test")
    )


def test_a_call_began_before_it_was_recorded() -> None:
    run, attempt = record(COMPLETION, seconds=2)
    assert run.started_at == attempt.started_at == START - 2
    assert run.ms == 2000


@pytest.mark.parametrize(
    ("usage", "tokens", "cost"),
    [
        ({"input_tokens": 4, "output_tokens": 5}, (4, 0, 5), 14),
        (
            {
                "input_tokens": 4,
                "cache_read_input_tokens": 6,
                "cache_creation_input_tokens": 2,
                "output_tokens": 5,
            },
            (12, 6, 5),
            19,
        ),
        ({"input_tokens": 4, "output_tokens": None}, (None, None, None), None),
        ({"input_tokens": True, "output_tokens": 5}, (None, None, None), None),
        ("many", (None, None, None), None),
    ],
)
def test_cached_tokens_are_among_the_input_in_every_format(
    usage: object, tokens: tuple[int | None, ...], cost: int | None
) -> None:
    run, _ = record({**MESSAGE, "usage": usage})
    assert (run.input_tokens, run.cached_tokens, run.output_tokens) == tokens
    assert run.cost_micros == cost


@pytest.mark.parametrize(
    ("reason", "finish"),
    [("end_turn", "stop"), ("max_tokens", "length"), ("refusal", "refusal")],
)
def test_why_another_format_ended_is_said_in_one_way(reason: str, finish: str) -> None:
    run, attempt = record({**MESSAGE, "stop_reason": reason})
    assert run.finish == attempt.finish == finish


def test_a_call_whose_inputs_do_not_render_is_recorded_without_messages() -> None:
    run, _ = record("Hi.", inputs={"wrong": 1})
    assert (run.inputs, run.messages, run.answer) == ({"wrong": 1}, None, "Hi.")
    run, _ = record("Hi.", inputs={"question": "Why?"})
    assert run.messages == [{"role": "user", "content": "Answer Why?"}]
