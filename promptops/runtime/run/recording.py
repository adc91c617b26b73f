"""Build records of calls that an application made with its own client."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptops.errors import PromptopsError, UsageError
from promptops.runtime.log.record import FAILED, SUCCEEDED, AttemptRecord, Decision, RunRecord
from promptops.runtime.models.model import UNKNOWN_USAGE, Answer, ModelError
from promptops.runtime.models.wire import WireReader
from promptops.runtime.redaction import hidden_inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from promptops.repository.prices import Price
    from promptops.runtime.resolution import ResolvedPrompt


@dataclass(frozen=True, slots=True)
class MadeCall:
    """A call that an application made itself.

    Attributes:
        prompt: the rendered prompt.
        answer: the model's answer: a text, or the completion in OpenAI's or Anthropic's format; or
            the exception of a failed call.
        inputs: the inputs; None: do not store them.
        model: the model; None: the prompt's.
        seconds: the duration of the call.
    """

    prompt: ResolvedPrompt
    answer: object
    inputs: Mapping[str, object] | None = None
    model: str | None = None
    seconds: float = 0.0


def make_record(
    call: MadeCall, start: RunRecord, price: Callable[[str], Price | None]
) -> tuple[RunRecord, AttemptRecord]:
    """Return the records of a run and of its one attempt.

    Args:
        call: the call.
        start: the record with id and caller; its time is the end of the call.
        price: returns a model's price.

    Raises:
        UsageError: the answer has an unknown format.
    """
    resolved, model = call.prompt, call.model or call.prompt.model
    failure = call.answer if isinstance(call.answer, BaseException) else None
    answer = _read(model, call.answer)
    usage = answer.usage
    cost = None
    found = price(model)
    if found is not None and usage.input_tokens is not None and usage.output_tokens is not None:
        cost = found.cost(usage.input_tokens, usage.output_tokens, usage.cached_tokens or 0)
    measured: dict[str, Any] = {
        "model": model,
        "ms": call.seconds * 1000,
        "cost_micros": cost,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens,
        "usage_source": usage.source,
        "error": None if failure is None else str(failure) or repr(failure),
        "error_kind": None if failure is None else type(failure).__name__,
    }
    started = start.started_at - call.seconds
    run = start._replace(
        started_at=started,
        prompt=resolved.name,
        version=resolved.version,
        digest=resolved.digest,
        commit=resolved.commit,
        environment=resolved.environment,
        deployment=resolved.deployment,
        status=SUCCEEDED if failure is None else FAILED,
        stage=None if failure is None else "call",
        finish=answer.finish if failure is None else None,
        inputs=None if call.inputs is None else dict(call.inputs),
        hidden=tuple(hidden_inputs(resolved)),
        messages=_render(call),
        answer=answer.text if failure is None else None,
        tool_calls=tuple(
            {"id": one.id, "name": one.name, "arguments": one.arguments}
            for one in answer.tool_calls
        ),
        decisions=(Decision("record", "the application called the model itself"),),
        **measured,
    )
    attempt = AttemptRecord(
        run.id,
        1,
        started_at=started,
        served_model=answer.served_model,
        finish=run.finish,
        response_id=answer.response_id,
        fingerprint=answer.fingerprint,
        **measured,
    )
    return run, attempt


def _render(made: MadeCall) -> list[dict[str, Any]] | None:
    if made.inputs is None:
        return None
    try:
        return made.prompt.prompt.render(made.inputs)
    except PromptopsError:
        # Record the call even if the prompt does not render with these inputs.
        return None


def _read(model: str, answer: object) -> Answer:
    if isinstance(answer, BaseException):
        return Answer("", (), "unknown", UNKNOWN_USAGE)
    if isinstance(answer, str):
        return Answer(answer, (), "unknown", UNKNOWN_USAGE)
    dump = getattr(answer, "model_dump", None)
    document = dump(mode="json") if callable(dump) else answer
    if isinstance(document, dict) and document.get("type") == "message":
        document = _translate(document)
    try:
        body = json.dumps(document).encode()
        return WireReader(model).read_answer("application/json", body)
    except (TypeError, ValueError, ModelError) as error:
        why = error.message if isinstance(error, ModelError) else str(error)
        raise UsageError(
            f"the answer has an unknown form: {why}",
            hint="pass its text, or a chat completion in the format of OpenAI or Anthropic",
        ) from error


_FINISHES = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
}


def _translate(message: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a message in Anthropic's format to a completion in OpenAI's."""
    content = message.get("content")
    blocks = [one for one in content or () if isinstance(one, dict)]
    calls = [
        {
            "id": one.get("id"),
            "type": "function",
            "function": {"name": one.get("name"), "arguments": json.dumps(one.get("input"))},
        }
        for one in blocks
        if one.get("type") == "tool_use"
    ]
    said = "".join(str(one.get("text", "")) for one in blocks if one.get("type") == "text")
    why = message.get("stop_reason")
    return {
        "id": message.get("id"),
        "model": message.get("model"),
        "choices": [
            {
                "message": {"role": "assistant", "content": said, "tool_calls": calls},
                "finish_reason": _FINISHES.get(str(why), why),
            }
        ],
        "usage": _translate_usage(message.get("usage")),
    }


def _translate_usage(usage: object) -> dict[str, Any] | None:
    """Convert usage to OpenAI's format, in which input tokens include cached ones."""
    if not isinstance(usage, dict):
        return None
    read, written = usage.get("input_tokens"), usage.get("output_tokens")
    cached = usage.get("cache_read_input_tokens") or 0
    new = usage.get("cache_creation_input_tokens") or 0
    numbers = (read, written, cached, new)
    if not all(type(one) is int for one in numbers):
        return None
    whole = int(read or 0) + cached + new
    return {
        "prompt_tokens": whole,
        "completion_tokens": written,
        "total_tokens": whole + int(written or 0),
        "prompt_tokens_details": {"cached_tokens": cached},
    }
