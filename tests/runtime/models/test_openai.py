"""What the transport for OpenAI's format does on its own, on real sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.runtime.models.transports import Caller, ask, fails

if TYPE_CHECKING:
    from tests.runtime.provider import Provider


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


def test_an_input_of_two_megabytes(ours: Caller, provider: Provider) -> None:
    text = "0123456789" * 200_000
    provider.always(text="Yes.")
    assert ours.call(ask(text)).text == "Yes."
    assert provider.requests[0].json["messages"][0]["content"] == text


def test_a_redirect_is_not_followed(ours: Caller, provider: Provider) -> None:
    provider.reply(status=307, headers={"Location": provider.base_url})
    error = fails(ours)
    assert (error.kind, error.status) == ("status", 307)
    assert len(provider.requests) == 1


def test_an_error_inside_a_success(ours: Caller, provider: Provider) -> None:
    provider.reply(body=b'{"error": {"message": "overloaded", "code": 529}}')
    error = fails(ours)
    assert (error.kind, error.status) == ("status", 529)


def test_a_deadline_that_has_passed(ours: Caller, provider: Provider) -> None:
    error = fails(ours, seconds=-1)
    assert (error.kind, error.is_sent) == ("timeout", False)
    assert provider.requests == []


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ({"body": b"<!doctype html><p>Welcome", "content_type": "text/html"}, "invalid"),
        ({"body": b'{"choices": [{"message": {"content": "Y'}, "invalid"),
        ({"body": b""}, "empty"),
        ({"text": ""}, "empty"),
    ],
)
def test_a_success_that_is_none(
    ours: Caller, provider: Provider, reply: dict[str, Any], kind: str
) -> None:
    provider.reply(**reply)
    error = fails(ours)
    assert (error.kind, error.is_sent) == (kind, True)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ({"is_plain": True}, "invalid"),
        ({"body": b"<html>", "content_type": "text/html"}, "invalid"),
        ({"body": b"<html>", "content_type": "text/event-stream"}, "invalid"),
        ({"body": b'{"choices": []}', "content_type": "text/plain"}, "invalid"),
        ({"events": []}, "empty"),
        ({"events": [b'data: {"id": "1", "choices": []}\n\n']}, "connection"),
    ],
)
def test_a_stream_that_is_none(
    ours: Caller, provider: Provider, reply: dict[str, Any], kind: str
) -> None:
    provider.reply(**reply)
    error = fails(ours, stream=True)
    assert (error.kind, error.is_sent) == (kind, True)
