"""Answers of OpenAI's format are read strictly; what cannot be true counts as unknown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from promptops.runtime.models.model import Answer, ModelError, ToolCall, Usage
from promptops.runtime.models.wire import (
    MAX_TOKENS,
    WireReader,
    encode,
    read_retry_after,
    read_usage,
)
from tests.runtime.models.transports import ask

READER = WireReader("team/model", ("sk-secret",))


def read(message: Any, **more: Any) -> Answer:
    document = {"choices": [{"message": message, "finish_reason": "stop"}], **more}
    return READER.read_answer("application/json", json.dumps(document).encode())


def test_a_request_holds_what_it_was_given_and_the_name_on_the_wire() -> None:
    request = ask("hi", max_tokens=3)
    assert json.loads(encode(request, "wire", is_stream=False)) == {
        "model": "wire",
        "messages": [{"role": "user", "content": "hi"}],
        "max_tokens": 3,
    }


def test_a_stream_is_asked_for_its_usage_unless_the_prompt_says_otherwise() -> None:
    body = json.loads(encode(ask(), "wire", is_stream=True))
    assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})
    own = ask(stream_options={"include_usage": False})
    assert json.loads(encode(own, "wire", is_stream=True))["stream_options"] == {
        "include_usage": False
    }


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"bytes", {1, 2}], ids=repr)
def test_what_json_cannot_hold_is_not_sent(value: object) -> None:
    with pytest.raises(ModelError) as caught:
        encode(ask(temperature=value), "wire", is_stream=False)
    assert (caught.value.kind, caught.value.is_sent) == ("invalid", False)


@pytest.mark.parametrize(
    ("content_type", "body", "kind"),
    [
        ("text/html", b"<!doctype html><p>Welcome", "invalid"),
        ("", b'{"choices": [{"message": {"content": "Y', "invalid"),
        ("", b"[1, 2]", "invalid"),
        ("", b"nothing", "invalid"),
        ("", b"", "empty"),
        ("", b'{"choices": []}', "empty"),
        ("", b'{"choices": null}', "invalid"),
        ("", b'{"choices": [1]}', "invalid"),
        ("", b'{"choices": [{"message": {"content": 5}}]}', "invalid"),
        ("", b'{"choices": [{"message": {"content": null}}]}', "empty"),
        ("", b'{"choices": [{"message": {"tool_calls": [1]}}]}', "invalid"),
        ("", b'{"choices": [{"message": {"tool_calls": {"id": 1}}}]}', "invalid"),
        ("", b'{"choices": [{"message": {"tool_calls": [{"function": {}}]}}]}', "invalid"),
        ("", b'{"error": {"message": "overloaded"}}', "invalid"),
        ("", b"[" * 100_000, "invalid"),
        ("", b"\xff\xfe", "invalid"),
    ],
    ids=lambda one: one[:40].decode("latin-1") if isinstance(one, bytes) else one,
)
def test_a_success_that_is_none(content_type: str, body: bytes, kind: str) -> None:
    with pytest.raises(ModelError) as caught:
        READER.read_answer(content_type, body)
    assert (caught.value.kind, caught.value.is_sent) == (kind, True)


def test_a_page_of_a_website_is_told_from_broken_json() -> None:
    with pytest.raises(ModelError, match="is an HTML page") as caught:
        READER.read_answer("", b"\n <html>")
    assert "base_url" in str(caught.value.hint)
    with pytest.raises(ModelError, match="incomplete or malformed JSON"):
        READER.read_answer("", b'{"choices": ')


@pytest.mark.parametrize(
    ("message", "text", "finish"),
    [
        ({"content": "Yes."}, "Yes.", "stop"),
        ({"content": [{"type": "reasoning", "x": 1}, {"text": "a"}, {"text": "b"}]}, "ab", "stop"),
        ({"content": None, "refusal": "I will not."}, "I will not.", "refusal"),
        ({"content": "Yes.", "refusal": "no"}, "Yes.", "stop"),
    ],
)
def test_the_text_of_an_answer(message: Any, text: str, finish: str) -> None:
    answer = read(message)
    assert (answer.text, answer.finish) == (text, finish)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ({"name": "f", "arguments": '{"a": 1}'}, '{"a": 1}'),
        ({"name": "f", "arguments": {"a": "é"}}, '{"a": "é"}'),
        ({"name": "f", "arguments": None}, ""),
        ({"name": "f"}, ""),
    ],
)
def test_arguments_of_a_tool_call_are_a_text(function: Any, arguments: str) -> None:
    answer = read({"tool_calls": [{"id": "c", "function": function}]})
    assert answer.tool_calls == (ToolCall("c", "f", arguments),)


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {},
        {"prompt_tokens": 0, "completion_tokens": 0},
        {"prompt_tokens": 5, "completion_tokens": 0},
        {"prompt_tokens": -5, "completion_tokens": 3},
        {"prompt_tokens": 5, "completion_tokens": 3_000_000_000},
        {"prompt_tokens": MAX_TOKENS + 1, "completion_tokens": 3},
        {"prompt_tokens": "5", "completion_tokens": 3},
        {"prompt_tokens": True, "completion_tokens": 3},
        [1],
    ],
    ids=str,
)
def test_usage_that_cannot_be_true_is_unknown(usage: Any) -> None:
    assert read({"content": "Yes."}, usage=usage).usage == Usage(None, None, None, "unknown")


@pytest.mark.parametrize(
    ("more", "cached"),
    [
        ({}, None),
        ({"prompt_tokens_details": {"cached_tokens": 16}}, 16),
        ({"prompt_tokens_details": {"cached_tokens": 21}}, None),
        ({"prompt_tokens_details": {"cached_tokens": -1}}, None),
        ({"prompt_tokens_details": None, "prompt_cache_hit_tokens": 4}, 4),
    ],
    ids=str,
)
def test_cached_tokens_are_a_part_of_the_prompt(more: dict[str, Any], cached: int | None) -> None:
    usage = {"prompt_tokens": 20, "completion_tokens": 5, **more}
    assert read_usage(usage, has_output=True) == Usage(20, 5, cached, "measured")


def test_an_empty_answer_may_have_no_tokens() -> None:
    usage = {"prompt_tokens": 20, "completion_tokens": 0}
    assert read_usage(usage, has_output=False) == Usage(20, 0, None, "measured")


@pytest.mark.parametrize(
    ("body", "said", "code"),
    [
        (b"<html>gateway</html>", "", None),
        (b"", "", None),
        (b"{", "", None),
        (b"\xff", "", None),
        (b'["no"]', "", None),
        (b'"no"', "", None),
        (b'{"detail": "no"}', ": no", None),
        (b'{"error": "no"}', ": no", None),
        (b'{"error": {"message": "no", "type": "t"}}', ": no", "t"),
        (b'{"error": {"message": "", "detail": "no", "code": "c", "type": "t"}}', ": no", "c"),
        (b'{"message": "key sk-secret\\n\\u0000is gone", "code": 7}', ": key [key] is gone", None),
    ],
)
def test_an_error_of_any_form_is_read(body: bytes, said: str, code: str | None) -> None:
    error = READER.read_error(502, {}, body)
    assert error.message == f"team/model: the provider failed (502){said}"
    assert (error.kind, error.status, error.code) == ("status", 502, code)


def test_a_long_message_is_cut() -> None:
    body = json.dumps({"error": "x" * 10_000}).encode()
    assert len(READER.read_error(500, {}, body).message) < 400


@pytest.mark.parametrize(
    ("reported", "kind", "status"),
    [
        ({"message": "overloaded", "code": 529}, "status", 529),
        ({"message": "overloaded", "code": "529"}, "invalid", None),
        ({"message": "overloaded", "code": 200}, "invalid", None),
        ("overloaded", "invalid", None),
    ],
)
def test_an_error_inside_a_success_has_its_status(
    reported: Any, kind: str, status: int | None
) -> None:
    error = READER.read_reported({"error": reported})
    assert (error.kind, error.status) == (kind, status)
    assert error.message.endswith("the provider reported an error: overloaded")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": " 7 "}, 7.0),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "2"}, 2.0),
        ({"retry-after": "99999999999"}, 604_800.0),
        ({"retry-after": "1e3"}, None),
        ({"retry-after": "Sun, 06 Nov 1994 08:50:37 GMT"}, None),
        (
            {
                "date": "Sun, 06 Nov 1994 08:51:37 GMT",
                "retry-after": "Sun, 06 Nov 1994 08:50:37 GMT",
            },
            0.0,
        ),
    ],
    ids=str,
)
def test_a_wait_is_measured_by_the_providers_own_clock(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert read_retry_after(headers) == seconds
