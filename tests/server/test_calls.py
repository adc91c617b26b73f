"""One request: it always has an id, an answer and a line in the log, and an error tells no secret."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from promptops.errors import InputError, PromptopsError, TemplateError
from promptops.server.calls import (
    GONE,
    ClientGoneError,
    HttpEndpoint,
    HttpEntry,
    HttpMiddleware,
    answer_json,
    describe_failure,
    until_gone,
)
from tests.server.pieces import arrive, ask, make_service

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.server.calls import Application, HttpCall
    from tests.server.serving import Reply

SECRET = "secret"


async def leave() -> dict[str, Any]:
    """A client that has gone."""
    return {"type": "http.disconnect"}


def test_work_goes_on_while_the_client_stays() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    assert asyncio.run(until_gone(arrive(), work())) == 7


def test_work_is_cancelled_when_the_client_goes() -> None:
    ended = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    with pytest.raises(ClientGoneError):
        asyncio.run(until_gone(leave, work()))
    assert ended == [True]


def test_what_the_work_raises_is_raised() -> None:
    async def work() -> None:
        raise KeyError(SECRET)

    with pytest.raises(KeyError):
        asyncio.run(until_gone(arrive(), work()))


def test_json_is_ascii_and_has_no_numbers_that_are_none() -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await answer_json({"a": "\udcff"}, 201, {"X-A": "b"})(scope, receive, send)

    reply = ask(application, "GET", "/")
    assert (reply.status, reply.headers["x-a"]) == (201, "b")
    assert reply.body == b'{"a": "\\udcff"}'
    with pytest.raises(ValueError, match="Out of range"):
        answer_json({"a": float("nan")})


def guard(tmp_path: Path, application: Application) -> tuple[Application, Any, list[Any]]:
    service, _, lines = make_service(tmp_path)
    return HttpMiddleware(application, service), service, lines


async def say_ok(scope: Any, receive: Any, send: Any) -> None:
    await answer_json("ok")(scope, receive, send)


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [("r-7:a_B.c", True), ("x" * 128, True), ("x" * 129, False), ("a b", False), ("a\n", False)],
)
def test_a_client_names_its_request_with_what_is_safe_in_a_log(
    tmp_path: Path, given: str, is_kept: bool
) -> None:
    application, _, lines = guard(tmp_path, say_ok)
    reply = ask(application, "GET", "/", headers={"X-Request-ID": given})
    assert (reply.headers["x-request-id"] == given) == is_kept
    assert lines[0]["request"] == reply.headers["x-request-id"] != ""
    assert reply.headers["cache-control"] == "no-store"


def test_each_request_is_one_line_and_counted(tmp_path: Path) -> None:
    application, service, lines = guard(tmp_path, say_ok)
    ask(application, "GET", "/a?secret=b")
    (line,) = lines
    assert (line["event"], line["method"], line["status"]) == ("request", "GET", 200)
    assert SECRET not in json.dumps(line)
    assert service.metrics.in_flight == 0
    # A method of nowhere is not counted by its name: anybody could make up any number of them.
    assert list(service.metrics.requests) == [("", "", 200)]


def test_a_failure_is_an_answer_that_says_nothing(tmp_path: Path) -> None:
    async def fail(*_: Any) -> None:
        raise KeyError(SECRET)

    application, _, lines = guard(tmp_path, fail)
    reply = ask(application, "GET", "/")
    assert (reply.status, reply.code) == (500, "internal")
    assert SECRET not in reply.body.decode()
    assert [line["event"] for line in lines] == ["error", "request"]
    assert SECRET not in json.dumps(lines)


def test_an_answer_that_breaks_off_does_not_look_whole(tmp_path: Path) -> None:
    async def break_off(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise KeyError(SECRET)

    application, _, lines = guard(tmp_path, break_off)
    with pytest.raises(KeyError):
        ask(application, "GET", "/")
    assert lines[-1]["status"] == 200


def test_a_client_that_goes_is_noted(tmp_path: Path) -> None:
    async def go(*_: Any) -> None:
        raise ClientGoneError

    application, _, lines = guard(tmp_path, go)

    async def run() -> None:
        scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
        await application(scope, arrive(), _send_nothing)

    asyncio.run(run())
    assert [line["status"] for line in lines] == [GONE]


async def _send_nothing(_: Any) -> None:
    pytest.fail("there is nobody to answer")


def test_connections_are_not_kept_while_the_service_stops(tmp_path: Path) -> None:
    application, service, _ = guard(tmp_path, say_ok)
    assert "connection" not in ask(application, "GET", "/").headers
    service.is_draining = True
    assert ask(application, "GET", "/").headers["connection"] == "close"


def call_route(
    tmp_path: Path, verb: str, error: Exception | None, *, key: bool = True
) -> tuple[Reply, list[dict[str, Any]]]:
    """The answer of a route that needs a verb, and whose handler may fail, and the log."""

    async def handle(call: HttpCall) -> Application:
        if error is not None:
            raise error
        return answer_json(call.key.name)

    service, text, lines = make_service(tmp_path)
    application = HttpMiddleware(HttpEndpoint(service, "/v1/x", verb, handle), service)
    headers = {"Authorization": f"Bearer {text}"} if key else {}
    return ask(application, "POST", "/v1/x", headers=headers), lines


@pytest.mark.parametrize(
    ("verb", "error", "key", "status", "code"),
    [
        ("run", None, False, 401, "key"),
        # What the key may not do is refused before the handler.
        ("metrics", KeyError(), True, 403, "scope"),
        ("run", InputError(SECRET), True, 422, "input"),
        ("run", KeyError(SECRET), True, 500, "internal"),
    ],
)
def test_a_route_refuses_in_one_form(
    tmp_path: Path, verb: str, error: Exception | None, key: bool, status: int, code: str
) -> None:
    reply, lines = call_route(tmp_path, verb, error, key=key)
    assert (reply.status, reply.code) == (status, code)
    assert [line.get("code") for line in lines] == [None] * (status >= 500) + [code]
    assert reply.json["error"]["request_id"] == reply.headers["x-request-id"]


def test_a_route_answers_who_may(tmp_path: Path) -> None:
    reply, (line,) = call_route(tmp_path, "run", None)
    assert (reply.json, line["route"]) == ("tests", "/v1/x")
    # Without a verb any key will do.
    assert call_route(tmp_path, "", None)[0].status == 200


@pytest.mark.parametrize("error", [InputError(SECRET), TemplateError(SECRET)])
def test_the_log_of_a_failure_quotes_no_input(error: Exception) -> None:
    line = describe_failure(HttpEntry("r-7"), error)
    assert (line["request"], line["kind"]) == ("r-7", type(error).__name__)
    assert SECRET not in json.dumps(line)


def test_the_log_of_a_failure_says_what_and_where() -> None:
    assert describe_failure(HttpEntry("r"), PromptopsError("no log"))["message"] == "no log"
    with pytest.raises(ValueError, match="Expecting") as caught:
        json.loads("{")
    line = describe_failure(HttpEntry("r"), caught.value)
    assert line["at"][0].startswith(__file__)
    assert "message" not in line
