"""What every transport promises, on real sockets."""

from __future__ import annotations

import asyncio
import gc
import time
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from promptops.runtime.models.model import ModelError, Usage
from tests.runtime.models.transports import KEY, Caller, ask, fails

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.runtime.provider import Provider

TOOL = {"id": "call_9", "type": "function", "function": {"name": "find", "arguments": '{"id": 7}'}}
# Enough on a busy machine to send something, and to read the first part of a stream.
SHORT = 0.6
LONGER = 1.2


# --- answers -----------------------------------------------------------------------------------


def test_an_answer_with_all_that_it_says(caller: Caller, provider: Provider) -> None:
    usage = {
        "prompt_tokens": 20,
        "completion_tokens": 5,
        "total_tokens": 25,
        "prompt_tokens_details": {"cached_tokens": 16},
    }
    provider.reply(text="Grüße 👋", usage=usage, model="served-1", finish="length")
    answer = caller.call(ask())
    assert answer.text == "Grüße 👋"
    assert answer.finish == "length"
    assert answer.usage == Usage(20, 5, 16, "measured")
    assert answer.served_model == "served-1"
    assert answer.response_id == "chatcmpl-1"
    assert answer.fingerprint == "fp_1"
    assert answer.tool_calls == ()


def test_what_is_sent(caller: Caller, provider: Provider) -> None:
    caller.call(ask("a\n\x00b", temperature=0.5, stop=["x"], max_tokens=3))
    (received,) = provider.requests
    assert received.path == "/v1/chat/completions"
    assert received.json == {
        "model": "wire-model",
        "messages": [{"role": "user", "content": "a\n\x00b"}],
        "temperature": 0.5,
        "stop": ["x"],
        "max_tokens": 3,
    }
    assert received.headers["authorization"] == f"Bearer {KEY}"
    assert received.headers["x-team"] == "support"


def test_tool_calls(caller: Caller, provider: Provider) -> None:
    provider.always(tool_calls=[TOOL, {**TOOL, "id": "call_10"}], finish="tool_calls")
    for answer in (caller.call(ask()), caller.stream(ask())[-1].answer):
        assert answer is not None
        assert answer.text == ""
        assert answer.finish == "tool_calls"
        assert [(one.id, one.name, one.arguments) for one in answer.tool_calls] == [
            ("call_9", "find", '{"id": 7}'),
            ("call_10", "find", '{"id": 7}'),
        ]


def test_a_stream(caller: Caller, provider: Provider) -> None:
    provider.reply(text="One two three.", model="served-1")
    *parts, last = caller.stream(ask())
    assert len(parts) > 1
    assert "".join(part.text for part in parts) == "One two three."
    assert all(part.answer is None for part in parts)
    assert last.text == ""
    assert last.answer is not None
    assert last.answer.text == "One two three."
    assert (last.answer.usage.input_tokens, last.answer.usage.output_tokens) == (11, 7)
    assert last.answer.finish == "stop"
    sent = provider.requests[0].json
    assert sent["stream"] is True
    assert sent["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize("finish", ["length", "content_filter"])
def test_no_text_for_a_reason_is_an_answer(caller: Caller, provider: Provider, finish: str) -> None:
    provider.reply(text="", finish=finish)
    assert caller.call(ask()).finish == finish


@pytest.mark.parametrize("usage", [None, {"prompt_tokens": 0, "completion_tokens": 0}])
def test_usage_that_is_missing_is_unknown(caller: Caller, provider: Provider, usage: Any) -> None:
    provider.reply(text="Yes.", usage=usage)
    assert caller.call(ask()).usage.source == "unknown"


@pytest.mark.slow
def test_an_answer_of_two_megabytes(caller: Caller, provider: Provider) -> None:
    text = "0123456789" * 200_000
    provider.always(text=text)
    assert caller.call(ask()).text == text
    assert "".join(part.text for part in caller.stream(ask())) == text


# --- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status", [400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529]
)
@pytest.mark.parametrize("stream", [False, True])
def test_an_error_has_the_status_of_the_wire(
    caller: Caller, provider: Provider, status: int, stream: bool
) -> None:
    message = "the rate limit was reached, or the request timed out"
    provider.always(
        status=status,
        error={"error": {"message": message, "type": "t", "code": "context_length_exceeded"}},
    )
    error = fails(caller, stream=stream)
    assert (error.kind, error.status, error.is_sent) == ("status", status, True)
    assert error.code == "context_length_exceeded"
    assert message in error.message
    assert len(provider.requests) == 1  # one call is one request


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After-Ms": "1500", "Retry-After": "2"}, 1.5),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-1"}, None),
        (
            {
                "Date": "Sun, 06 Nov 1994 08:49:37 GMT",
                "Retry-After": "Sun, 06 Nov 1994 08:50:37 GMT",
            },
            60.0,
        ),
        ({"Date": "nonsense", "Retry-After": "Sun, 06 Nov 1994 08:50:37 GMT"}, None),
    ],
)
def test_how_long_the_provider_asks_to_wait(
    caller: Caller, provider: Provider, headers: dict[str, str], seconds: float | None
) -> None:
    provider.reply(status=429, headers=headers)
    assert fails(caller).retry_after_seconds == seconds


def test_an_error_repeats_no_key(caller: Caller, provider: Provider) -> None:
    provider.reply(status=401, error={"error": {"message": f"key {KEY} is not valid", "code": KEY}})
    assert fails(caller).message == snapshot(
        "team/model: the provider refused the key (401): key [key] is not valid"
    )


def test_no_server(caller: Caller, provider: Provider) -> None:
    provider.close()
    error = fails(caller)
    assert (error.kind, error.is_sent) == ("connection", False)


@pytest.mark.parametrize("drop", ["at once", "headers", "body"])
@pytest.mark.parametrize("reset", [False, True])
def test_a_connection_that_breaks(
    caller: Caller, provider: Provider, drop: str, reset: bool
) -> None:
    provider.always(text="One two three.", drop=drop, reset=reset)
    for stream in (False, True):
        error = fails(caller, stream=stream)
        assert (error.kind, error.is_sent) == ("connection", True)
    assert len(provider.requests) == 2


def test_an_empty_success(caller: Caller, provider: Provider) -> None:
    provider.reply(text="")
    assert fails(caller).kind == "empty"


# --- deadlines ---------------------------------------------------------------------------------


@pytest.mark.story
@pytest.mark.parametrize(
    "reply",
    [
        {"hang": "headers"},
        {"hang": "body"},
        {"drip": 0.02, "text": "x" * 500},
        {"hang": "body", "has_length": False},
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_deadline_holds_for_the_whole_call(
    caller: Caller, provider: Provider, reply: dict[str, Any], stream: bool
) -> None:
    caller.call(ask())  # LiteLLM takes seconds to be imported
    provider.always(**{"chunks": 500, **reply})
    error = fails(caller, stream=stream, seconds=SHORT)
    assert (error.kind, error.is_sent) == ("timeout", True)
    assert provider.requests[-1].disconnected.wait(10)


# --- streams that nobody reads any more --------------------------------------------------------


def start(caller: Caller, seconds: float = 30.0) -> Iterator[Any]:
    return iter(caller.model.stream(ask(), deadline=time.monotonic() + seconds))


@pytest.mark.parametrize("way", ["close", "drop"])
def test_an_abandoned_stream_is_closed(caller: Caller, provider: Provider, way: str) -> None:
    provider.always(text="One two three.", hang="body")

    async def abandon() -> None:
        parts = caller.model.astream(ask(), deadline=time.monotonic() + 30)
        assert (await anext(aiter(parts))).text
        if way == "close":
            await parts.aclose()  # type: ignore[attr-defined]
        del parts
        gc.collect(1)
        await asyncio.to_thread(provider.requests[0].disconnected.wait, 10)

    if caller.is_async:
        asyncio.run(abandon())
    else:
        parts: Any = start(caller)
        assert next(parts).text
        if way == "close":
            parts.close()
        del parts
        gc.collect(1)
    assert provider.requests[0].disconnected.wait(10)


@pytest.mark.story
def test_a_stream_that_nobody_reads_ends_at_its_deadline(
    caller: Caller, provider: Provider
) -> None:
    caller.call(ask())
    provider.always(text="One two three.", hang="body")

    async def leave() -> Any:
        parts = caller.model.astream(ask(), deadline=time.monotonic() + LONGER)
        assert (await anext(aiter(parts))).text
        assert await asyncio.to_thread(provider.requests[1].disconnected.wait, 10)
        with pytest.raises(ModelError) as caught:
            await anext(aiter(parts))
        return caught.value

    if caller.is_async:
        error = asyncio.run(leave())
    else:
        parts = start(caller, LONGER)
        assert next(parts).text
        assert provider.requests[1].disconnected.wait(10)
        with pytest.raises(ModelError) as caught:
            next(parts)
        error = caught.value
    assert error.kind == "timeout"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", ["openai async", "litellm async"])
@pytest.mark.filterwarnings("ignore")
def test_cancellation_closes_the_connection(provider: Provider, name: str, stream: bool) -> None:
    if name.startswith("litellm"):
        pytest.importorskip("litellm")
    caller = Caller(name, provider.base_url, {})
    provider.always(hang="body", text="One two three.")

    async def use() -> None:
        deadline = time.monotonic() + 30
        if stream:
            async for _ in caller.model.astream(ask(), deadline=deadline):
                pass
        else:
            await caller.model.acall(ask(), deadline=deadline)

    async def cancel() -> None:
        task = asyncio.create_task(use())
        await asyncio.to_thread(provider.arrived.wait, 60)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(provider.requests[0].disconnected.wait, 10)

    asyncio.run(cancel())
