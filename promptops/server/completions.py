"""OpenAI's chat completions: the field `model` names a prompt, which fixes everything else.

`messages` may only fill the prompt's `{% history %}`. A field that contradicts the pinned prompt is
refused, unless it is null or equal.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from promptops.prompt.histories import find_histories
from promptops.server.bodies import read_object, take_object, take_text
from promptops.server.calls import answer_json
from promptops.server.problems import HttpProblem
from promptops.server.service import make_caller
from promptops.server.streams import EventStream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.prompt.prompt import Prompt
    from promptops.runtime.models.model import ToolCall, Usage
    from promptops.runtime.run.interface import StreamPart
    from promptops.runtime.run.result import Run
    from promptops.server.calls import Application, HttpCall

PREFIX = "prompt:"
_TAKEN = {"model", "messages", "inputs", "stream", "stream_options", "user"}
_ROLES = ("user", "assistant")
_FINISHES = {"stop", "length", "tool_calls", "content_filter"}


async def complete(call: HttpCall) -> Application:
    """Answer a chat completion request by running the prompt in its field `model`."""
    body = await read_object(call.request, call.service.bounds)
    model = body.get("model")
    if not isinstance(model, str) or not model.startswith(PREFIX):
        raise HttpProblem(
            404,
            "not_found",
            "the model is not a prompt",
            hint="write it as prompt:NAME@ENVIRONMENT",
            parameter="model",
        )
    ref = await call.name(model.removeprefix(PREFIX))
    is_streamed, has_usage = _read_stream(body)
    inputs = take_object(body, "inputs")
    user = take_text(body, "user")
    caller = make_caller(call.key, call.entry.request_id, user, None, None)
    found = await call.service.find(ref, user)
    _refuse_contradictions(body, found.prompt)
    inputs = _fill_history(found.prompt, inputs, _read_messages(body))
    runner = await call.service.runner()
    created = int(call.service.clock())
    if is_streamed:
        pieces = runner.astream(ref, inputs, caller, None)
        wording = _Chunks(model, created, has_usage=has_usage)
        return EventStream(call, pieces, wording)  # type: ignore[arg-type]  # it is a generator
    done = await call.until_gone(runner.arun(ref, inputs, caller, None))
    call.entry.run_id = done.id
    return answer_json(_describe(done, model, created))


def _read_stream(body: Mapping[str, Any]) -> tuple[bool, bool]:
    """Return whether the answer is streamed, and whether its usage comes at the end."""
    is_streamed = body.get("stream")
    if is_streamed is not None and not isinstance(is_streamed, bool):
        raise HttpProblem(400, "field", "stream is neither true nor false", parameter="stream")
    options = take_object(body, "stream_options")
    has_usage = options.get("include_usage")
    given = {name for name, value in options.items() if value is not None}
    if given - {"include_usage"} or not (has_usage is None or isinstance(has_usage, bool)):
        raise HttpProblem(
            400,
            "field",
            "stream_options supports only include_usage, true or false",
            parameter="stream_options",
        )
    return bool(is_streamed), bool(has_usage)


def _refuse_contradictions(body: Mapping[str, Any], prompt: Prompt) -> None:
    """Refuse fields that contradict the pinned prompt."""
    pinned = prompt.request_parameters
    for field, value in body.items():
        if field in _TAKEN or value is None:
            continue
        if field not in pinned or _canonical(pinned[field]) != _canonical(value):
            raise HttpProblem(
                400,
                "field",
                f"{field[:64]} cannot be set: the prompt defines it",
                hint="remove it, and change it in a new version of the prompt",
                parameter=field[:64],
            )


def _canonical(value: object) -> str:
    """Return canonical JSON, in which 0 and 0.0 are equal and 1 and true are not."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True)


def _read_messages(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the user and assistant messages of a request."""
    messages = body.get("messages")
    if messages is None:
        return []
    if not isinstance(messages, list):
        raise HttpProblem(400, "field", "messages is not a list", parameter="messages")
    return [_read_message(message, f"messages.{n}") for n, message in enumerate(messages)]


def _read_message(message: object, place: str) -> dict[str, Any]:
    if not isinstance(message, dict):
        raise HttpProblem(400, "field", "a message is not an object", parameter=place)
    given = {field: value for field, value in message.items() if value is not None}
    if given.get("role") not in _ROLES:
        raise HttpProblem(
            400,
            "field",
            "the role of a message is user or assistant",
            hint="the prompt has the system message, and the model's tools",
            parameter=f"{place}.role",
        )
    if set(given) - {"role", "content", "name"}:
        raise HttpProblem(
            400, "field", "a message has only role, content and name", parameter=place
        )
    return given


def _fill_history(
    prompt: Prompt, inputs: dict[str, Any], messages: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return the inputs, with the messages as the input that `{% history %}` inserts.

    Without messages, an input without a default becomes an empty history.
    """
    names = find_histories(prompt)
    if not messages:
        is_open = len(names) == 1 and names[0] not in inputs
        return (
            {names[0]: [], **inputs} if is_open and not _has_default(prompt, names[0]) else inputs
        )
    if len(names) != 1 or names[0] in inputs:
        why = (
            "inputs already has them"
            if len(names) == 1
            else f"it has {len(names) or 'no'} {{% history %}}"
        )
        raise HttpProblem(
            400,
            "field",
            f"the prompt accepts no messages: {why}",
            hint="send its inputs in `inputs` (extra_body), and an empty list of messages",
            parameter="messages",
        )
    return {**inputs, names[0]: messages}


def _has_default(prompt: Prompt, name: str) -> bool:
    declared = prompt.inputs.get(name)
    return isinstance(declared, dict) and "default" in declared


def _describe(done: Run, model: str, created: int) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": done.text or (None if done.tool_calls else ""),
        "refusal": None,
    }
    if done.tool_calls:
        message["tool_calls"] = [_describe_call(one) for one in done.tool_calls]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(done)}
    return {
        "id": done.id,
        "object": "chat.completion",
        "created": created,
        "model": model,
        "choices": [choice],
        "usage": _describe_usage(done.usage),
        "promptops": _describe_run(done),
    }


def _describe_run(done: Run) -> dict[str, Any]:
    return {
        "run": done.id,
        "name": done.prompt.name,
        "version": done.prompt.version,
        "digest": done.prompt.digest,
        "data": done.data,
        "cost": done.cost,
        "is_degraded": done.is_degraded,
    }


def _describe_call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def _describe_usage(usage: Usage) -> dict[str, Any] | None:
    if usage.input_tokens is None or usage.output_tokens is None:
        return None
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }


def _finish(done: Run) -> str:
    return done.finish if done.finish in _FINISHES else "stop"


class _Chunks:
    """Stream events in OpenAI's format."""

    def __init__(self, model: str, created: int, *, has_usage: bool) -> None:
        self._common = {"object": "chat.completion.chunk", "created": created, "model": model}
        self._has_usage = has_usage
        self._before = self._after = ""

    def say(self, piece: StreamPart) -> bytes:
        text = json.dumps(piece.text)
        if not self._before:
            # From now on all chunks differ only in their text.
            mark = "words"
            chunk = self._chunk(piece.run_id, {"content": mark})
            self._before, _, self._after = chunk.partition(json.dumps(mark))
            return self._chunk(piece.run_id, {"role": "assistant", "content": piece.text}).encode()
        return f"{self._before}{text}{self._after}".encode()

    def end(self, run: Run) -> bytes:
        delta: dict[str, Any] = {}
        if not self._before:
            delta = {"role": "assistant", "content": None if run.tool_calls else ""}
        if run.tool_calls:
            delta["tool_calls"] = [
                {"index": number, **_describe_call(one)}
                for number, one in enumerate(run.tool_calls)
            ]
        last = self._chunk(run.id, delta, _finish(run), promptops=_describe_run(run))
        if self._has_usage:
            usage = {"id": run.id, **self._common, "choices": []}
            last += _event({**usage, "usage": _describe_usage(run.usage)})
        return f"{last}data: [DONE]\n\n".encode()

    def fail(self, error: dict[str, Any]) -> bytes:
        return f"{_event(error)}data: [DONE]\n\n".encode()

    def _chunk(
        self, run_id: str, delta: Mapping[str, Any], finish: str | None = None, **more: object
    ) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        usage = {"usage": None} if self._has_usage else {}
        return _event({"id": run_id, **self._common, "choices": [choice], **usage, **more})


def _event(value: object) -> str:
    return f"data: {json.dumps(value)}\n\n"
