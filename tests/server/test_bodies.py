"""Bodies of requests: bounded in size and time, one JSON object, and no field that nobody knows."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.requests import Request

from promptops.server.bodies import (
    check_fields,
    read_object,
    take_number,
    take_object,
    take_text,
)
from promptops.server.problems import HttpProblem
from promptops.server.service import ServiceBounds
from tests.server.pieces import arrive

BOUNDS = ServiceBounds(body_bytes=40)


def read(*parts: bytes, length: str | None = None, bounds: ServiceBounds = BOUNDS) -> Any:
    headers = [] if length is None else [(b"content-length", length.encode())]
    request = Request({"type": "http", "headers": headers}, arrive(*parts))
    return asyncio.run(read_object(request, bounds))


def refuse(*parts: bytes, **options: Any) -> HttpProblem:
    with pytest.raises(HttpProblem) as caught:
        read(*parts, **options)
    return caught.value


def test_a_body_is_one_object_that_may_come_in_parts() -> None:
    assert read(b'{"a": ', b"[1, 2]", b"}") == {"a": [1, 2]}
    assert read(b"") == {}


def test_a_body_may_be_as_long_as_the_bound() -> None:
    whole = b'{"a": "' + 31 * b"x" + b'"}'
    assert len(read(whole)["a"]) == 31
    problem = refuse(whole[:20], whole[20:] + b" ")
    assert (problem.status, problem.headers) == (413, {"Connection": "close"})


@pytest.mark.parametrize(("length", "status"), [("41", 413), ("9" * 30, 413)])
def test_a_length_that_is_too_long_is_refused_before_the_body(length: str, status: int) -> None:
    assert refuse(b"{}", length=length).status == status
    assert read(b"{}", length="40") == {}
    # A length that is no number says nothing.
    assert read(b"{}", length="4x") == {}


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    bounds = ServiceBounds(body_seconds=0)

    async def wait() -> None:
        async def receive() -> Any:
            await asyncio.Event().wait()

        await read_object(Request({"type": "http", "headers": []}, receive), bounds)

    with pytest.raises(HttpProblem) as caught:
        asyncio.run(wait())
    problem = caught.value
    assert (problem.status, problem.kind, problem.headers) == (408, "slow", {"Connection": "close"})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "the body is not JSON"),
        (b"\xff", "the body is not JSON"),
        (b"[" * 40, "the body is not JSON"),
        (b"[]", "the body is not a JSON object"),
        (b'{"a": Infinity}', "the body is not JSON: Infinity is not a value"),
        (b'{"a": {"b": 1, "b": 1}}', "an object in the body has a key twice"),
    ],
)
def test_what_is_no_object_is_refused(body: bytes, message: str) -> None:
    problem = refuse(body)
    assert (problem.status, problem.kind, problem.message) == (400, "body", message)


@pytest.mark.parametrize(
    ("field", "hint"), [("input", "did you mean inputs?"), ("x", "known: inputs, user")]
)
def test_an_unknown_field_is_refused_with_the_nearest(field: str, hint: str) -> None:
    check_fields({"inputs": 1}, ("inputs", "user"))
    with pytest.raises(HttpProblem) as caught:
        check_fields({"inputs": 1, field: 2}, ("inputs", "user"))
    assert (caught.value.hint, caught.value.parameter) == (hint, field)


def test_a_field_s_name_is_told_only_in_part_if_it_is_long() -> None:
    with pytest.raises(HttpProblem) as caught:
        check_fields({"x" * 1000: 1}, ("inputs",))
    assert caught.value.parameter == "x" * 256


@pytest.mark.parametrize(
    ("take", "value"),
    [
        (take_text, ""),
        (take_text, 3),
        (take_text, "a\0b"),
        (take_text, "x" * 257),
        (take_number, True),
        (take_number, "1"),
        (take_number, 10**400),
        (take_object, []),
        (take_object, "{}"),
    ],
)
def test_a_field_of_another_type_is_refused_by_name(take: Any, value: object) -> None:
    with pytest.raises(HttpProblem) as caught:
        take({"a": value}, "a")
    assert (caught.value.status, caught.value.parameter) == (400, "a")


def test_a_field_may_be_missing_or_null() -> None:
    for body in ({}, {"a": None}):
        assert take_text(body, "a") is None
        assert take_number(body, "a") is None
        assert take_object(body, "a") == {}
    given = {"a": "x" * 300, "b": 2, "c": {"d": 1}}
    assert take_text(given, "a", longest=300) == "x" * 300
    assert (take_number(given, "b"), take_object(given, "c")) == (2.0, {"d": 1})
