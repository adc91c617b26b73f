"""What every transport promises, on real sockets."""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from promptops.runtime.models.model import ModelError, Usage
from tests.runtime.models.transports import KEY, Caller, ask
from tests.runtime.provider import Provider

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = ("openai sync", "openai async")
LITELLM = ("litellm sync", "litellm async")
HAS_LITELLM = importlib.util.find_spec("litellm") is not None
TOOL = {"id": "call_9", "type": "function", "function": {"name": "find", "arguments": '{"id": 7}'}}
SHORT = 0.3


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as one:
        yield one


@pytest.fixture(
    params=[
        *OURS,
        *(
            pytest.param(
                name,
                marks=[
                    pytest.mark.skipif(not HAS_LITELLM, reason="LiteLLM is not installed"),
                    # LiteLLM's own habits.
                    pytest.mark.filterwarnings("ignore"),
                ],
            )
            for name in LITELLM
        ),
    ]
)
def caller(request: pytest.FixtureRequest, provider: Provider) -> Iterator[Caller]:
    one = Caller(request.param, provider.base_url, {})
    yield one
    one.model.close()


@pytest.fixture(params=OURS)
def ours(request: pytest.FixtureRequest, provider: Provider) -> Iterator[Caller]:
    one = Caller(request.param, provider.base_url, {})
    yield one
    one.model.close()


def fails(caller: Caller, *, stream: bool = False, seconds: float = 30.0) -> ModelError:
    with pytest.raises(ModelError) as caught:
        (caller.stream if stream else caller.call)(ask(), seconds)
    error = caught.value
    assert error.model == "team/model"
    assert error.message.startswith("team/model: ")
    assert KEY not in f"{error.message}{error.hint}{error.code}"
    return error


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


def test_everything_goes_over_the_wire_unchanged(ours: Caller, provider: Provider) -> None:
    parameters: dict[str, Any] = {
        "stop": ["1", "2", "3", "4", "5"],
        "user": "u",
        "metadata": {"a": "b"},
        "seed": 1,
        "unheard_of": {"x": [1, None, True]},
    }
    request = ask("\ud800 lone", **parameters)
    ours.call(request)
    assert provider.requests[0].json == {
        "model": "wire-model",
        "messages": list(request.messages),
        **parameters,
    }


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


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {},
        {"prompt_tokens": 0, "completion_tokens": 0},
        {"prompt_tokens": 5, "completion_tokens": 0},
        {"prompt_tokens": -5, "completion_tokens": 3},
        {"prompt_tokens": 5, "completion_tokens": 3_000_000_000},
        {"prompt_tokens": "5", "completion_tokens": 3},
        {"prompt_tokens": True, "completion_tokens": 3},
        [1],
    ],
)
def test_usage_that_cannot_be_true_is_unknown(ours: Caller, provider: Provider, usage: Any) -> None:
    provider.always(text="Yes.", usage=usage)
    unknown = Usage(None, None, None, "unknown")
    assert ours.call(ask()).usage == unknown
    last = ours.stream(ask())[-1].answer
    assert last is not None
    assert last.usage == unknown


@pytest.mark.parametrize("usage", [None, {"prompt_tokens": 0, "completion_tokens": 0}])
def test_usage_that_is_missing_is_unknown(caller: Caller, provider: Provider, usage: Any) -> None:
    provider.reply(text="Yes.", usage=usage)
    assert caller.call(ask()).usage.source == "unknown"


def test_an_answer_of_ten_megabytes(caller: Caller, provider: Provider) -> None:
    text = "0123456789" * 1_000_000
    provider.always(text=text)
    assert caller.call(ask()).text == text
    assert "".join(part.text for part in caller.stream(ask())) == text


def test_an_input_of_ten_megabytes(ours: Caller, provider: Provider) -> None:
    text = "0123456789" * 1_000_000
    provider.always(text="Yes.")
    assert ours.call(ask(text)).text == "Yes."
    assert provider.requests[0].json["messages"][0]["content"] == text


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


@pytest.mark.parametrize(
    "error",
    [b"<html>gateway</html>", b"", b"{", {"detail": "no"}, {"error": "no"}, ["no"], "no", b"\xff"],
)
def test_an_error_of_any_form_is_read(ours: Caller, provider: Provider, error: Any) -> None:
    provider.reply(status=502, error=error)
    assert fails(ours).status == 502


def test_a_redirect_is_not_followed(ours: Caller, provider: Provider) -> None:
    provider.reply(status=307, headers={"Location": provider.base_url})
    error = fails(ours)
    assert (error.kind, error.status) == ("status", 307)
    assert len(provider.requests) == 1


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


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ({"body": b"<!doctype html><p>Welcome", "content_type": "text/html"}, "invalid"),
        ({"body": b'{"choices": [{"message": {"content": "Y'}, "invalid"),
        ({"body": b"[1, 2]"}, "invalid"),
        ({"body": b"nothing"}, "invalid"),
        ({"body": b""}, "empty"),
        ({"body": b'{"choices": []}'}, "empty"),
        ({"body": b'{"choices": null}'}, "invalid"),
        ({"body": b'{"choices": [1]}'}, "invalid"),
        ({"body": b'{"choices": [{"message": {"content": 5}}]}'}, "invalid"),
        ({"body": b'{"choices": [{"message": {"content": null}}]}'}, "empty"),
        ({"body": b'{"choices": [{"message": {"tool_calls": [1]}}]}'}, "invalid"),
        ({"body": b'{"error": {"message": "overloaded"}}'}, "invalid"),
        ({"body": b"[" * 100_000}, "invalid"),
        ({"text": ""}, "empty"),
    ],
)
def test_a_success_that_is_none(
    ours: Caller, provider: Provider, reply: dict[str, Any], kind: str
) -> None:
    provider.reply(**reply)
    error = fails(ours)
    assert (error.kind, error.is_sent) == (kind, True)


def test_an_empty_success(caller: Caller, provider: Provider) -> None:
    provider.reply(text="")
    assert fails(caller).kind == "empty"


def test_an_error_inside_a_success(ours: Caller, provider: Provider) -> None:
    provider.reply(body=b'{"error": {"message": "overloaded", "code": 529}}')
    error = fails(ours)
    assert (error.kind, error.status) == ("status", 529)


def event(**delta: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    return b"data: " + json.dumps({"id": "1", "choices": [choice]}).encode() + b"\n\n"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ({"is_plain": True}, "invalid"),
        ({"body": b"<html>", "content_type": "text/html"}, "invalid"),
        ({"body": b"<html>", "content_type": "text/event-stream"}, "invalid"),
        ({"body": b'{"choices": []}', "content_type": "text/plain"}, "invalid"),
        ({"events": []}, "empty"),
        ({"events": [b"data: [DONE]\n\n"]}, "empty"),
        ({"events": [b": ping\n\n"]}, "empty"),
        ({"events": [event(content="One")]}, "connection"),
        ({"events": [event(content="One"), b"data: {\n\n"]}, "invalid"),
        ({"events": [event(content="One"), b'data: {"error": {"message": "x"}}\n\n']}, "invalid"),
        ({"events": [event(role="assistant"), b"data: [DONE]\n\n"]}, "empty"),
    ],
)
def test_a_stream_that_is_none(
    ours: Caller, provider: Provider, reply: dict[str, Any], kind: str
) -> None:
    provider.reply(**reply)
    error = fails(ours, stream=True)
    assert (error.kind, error.is_sent) == (kind, True)


@pytest.mark.parametrize("end", ["\n\n", "\r\n\r\n", "\r\r"])
def test_a_stream_in_pieces_of_any_size(ours: Caller, provider: Provider, end: str) -> None:
    whole = (
        f": comment{end}event: x{end[: len(end) // 2]}"
        + "".join(
            one.decode().replace("\n\n", end) for one in (event(content="é"), event(content="b"))
        )
        + f"data:[DONE]{end}"
    ).encode()
    provider.reply(events=[whole[at : at + 1] for at in range(len(whole))])
    last = ours.stream(ask())[-1].answer
    assert last is not None
    assert last.text == "éb"
    assert last.finish == "unknown"


# --- deadlines ---------------------------------------------------------------------------------


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


def test_a_deadline_that_has_passed(ours: Caller, provider: Provider) -> None:
    error = fails(ours, seconds=-1)
    assert (error.kind, error.is_sent) == ("timeout", False)
    assert provider.requests == []


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
        gc.collect()
        await asyncio.to_thread(provider.requests[0].disconnected.wait, 10)

    if caller.is_async:
        asyncio.run(abandon())
    else:
        parts: Any = start(caller)
        assert next(parts).text
        if way == "close":
            parts.close()
        del parts
        gc.collect()
    assert provider.requests[0].disconnected.wait(10)


def test_a_stream_that_nobody_reads_ends_at_its_deadline(
    caller: Caller, provider: Provider
) -> None:
    caller.call(ask())
    provider.always(text="One two three.", hang="body")

    async def leave() -> Any:
        parts = caller.model.astream(ask(), deadline=time.monotonic() + SHORT)
        assert (await anext(aiter(parts))).text
        assert await asyncio.to_thread(provider.requests[1].disconnected.wait, 10)
        with pytest.raises(ModelError) as caught:
            await anext(aiter(parts))
        return caught.value

    if caller.is_async:
        error = asyncio.run(leave())
    else:
        parts = start(caller, SHORT)
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
    if name.startswith("litellm") and not HAS_LITELLM:
        pytest.skip("LiteLLM is not installed")
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
