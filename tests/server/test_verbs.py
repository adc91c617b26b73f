"""Resolve, render, run and stream over real sockets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.server.conftest import Team
    from tests.server.serving import Served

REF = "support/triage@production"


@pytest.fixture(scope="module")
def key(team: Team) -> str:
    return team.make_key()


def test_health_and_readiness_need_no_key(service: Served) -> None:
    assert service.ask("GET", "/health").body == b"ok\n"
    assert service.ask("GET", "/ready").status == 200


def test_resolve_says_what_a_ref_means_and_no_place_on_the_machine(
    service: Served, team: Team, key: str
) -> None:
    reply = service.ask("GET", f"/v1/resolve/{REF}", key=key)
    assert reply.status == 200
    assert (reply.json["schema"], reply.json["version"]) == ("promptops.resolve/v1", "1.1.0")
    assert reply.json["deployment"]["number"] == 1
    assert "source" not in reply.json
    assert str(team.repo.path) not in reply.body.decode()


@pytest.mark.parametrize(
    ("ref", "version"),
    [
        ("support/triage", "1.1.0"),
        ("support/triage@1.0.0", "1.0.0"),
        ("support/triage@%5E1.0", "1.1.0"),
    ],
)
def test_each_selector_works(service: Served, key: str, ref: str, version: str) -> None:
    assert service.ask("GET", f"/v1/resolve/{ref}", key=key).json["version"] == version


def test_render_gives_the_request_for_a_model(service: Served, key: str) -> None:
    reply = service.ask("POST", f"/v1/render/{REF}", {"inputs": {"question": "Why?"}}, key=key)
    assert reply.json["version"] == "1.1.0"
    assert reply.json["request"] == {
        "model": "near/small",
        "messages": [{"role": "user", "content": "Sort this: Why?"}],
        "max_tokens": 50,
        "temperature": 0.2,
    }


def test_run_answers_and_is_recorded(service: Served, team: Team, key: str) -> None:
    team.provider.reply(text="Billing.")
    body = {"inputs": {"question": "Why?"}, "user": "u-1"}
    reply = service.ask("POST", f"/v1/run/{REF}", body, key=key, headers={"X-Request-ID": "r-7"})
    assert reply.status == 200
    assert (reply.json["text"], reply.json["version"]) == ("Billing.", "1.1.0")
    assert reply.json["usage"]["source"] == "measured"
    assert reply.headers["x-request-id"] == "r-7"
    line = service.find_line(request="r-7")
    assert (line["run"], line["route"]) == (reply.json["id"], "/v1/run/{ref:path}")
    assert "Why?" not in json.dumps(line)


def test_a_stream_is_text_and_then_the_run(service: Served, team: Team, key: str) -> None:
    team.provider.reply(text="One two three.", chunks=3)
    reply = service.ask("POST", f"/v1/stream/{REF}", {"inputs": {"question": "?"}}, key=key)
    assert reply.headers["content-type"].startswith("text/event-stream")
    names = [name for name, _ in reply.events]
    assert names[:1] == ["text"]
    assert names[-1] == "run"
    said = "".join(data["text"] for name, data in reply.events if name == "text")
    assert said == reply.events[-1][1]["text"] == "One two three."


def test_what_fails_before_the_first_word_is_no_stream(
    service: Served, team: Team, key: str
) -> None:
    team.provider.reply(status=400)
    reply = service.ask("POST", f"/v1/stream/{REF}", {"inputs": {"question": "?"}}, key=key)
    assert (reply.status, reply.code) == (502, "model")
    assert reply.json["error"]["run_id"]


def test_what_fails_later_is_the_last_event(service: Served, team: Team, key: str) -> None:
    team.provider.reply(text="One two three.", chunks=3, drop="body")
    reply = service.ask("POST", f"/v1/stream/{REF}", {"inputs": {"question": "?"}}, key=key)
    assert reply.status == 200
    name, data = reply.events[-1]
    assert (name, data["error"]["code"]) == ("error", "model")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", f"/v1/run/{REF}", {"inputs": {}}, 422, "input"),
        ("POST", f"/v1/run/{REF}", {"inputs": {"question": 7}}, 422, "input"),
        ("POST", f"/v1/run/{REF}", {"input": {}}, 400, "field"),
        ("POST", f"/v1/run/{REF}", {"inputs": []}, 400, "field"),
        ("POST", f"/v1/run/{REF}", {"model": "x/y"}, 400, "field"),
        ("POST", f"/v1/run/{REF}", b"{", 400, "body"),
        ("POST", f"/v1/run/{REF}", b"\xff", 400, "body"),
        ("POST", f"/v1/run/{REF}", b"[" * 100_000, 400, "body"),
        ("POST", f"/v1/run/{REF}", b"[]", 400, "body"),
        ("POST", f"/v1/run/{REF}", b'{"inputs": {"question": NaN}}', 400, "body"),
        ("POST", f"/v1/run/{REF}", b'{"user": "a", "user": "b"}', 400, "body"),
        ("POST", f"/v1/run/{REF}", {"user": ""}, 400, "field"),
        ("POST", "/v1/run/Support", {}, 400, "usage"),
        ("POST", "/v1/run/none@production", {}, 404, "not_found"),
        ("POST", "/v1/run/support/triage@9.9.9", {}, 404, "not_found"),
        ("GET", "/v1/nothing", None, 404, "route"),
        ("GET", f"/v1/run/{REF}", None, 405, "route"),
    ],
)
def test_a_bad_request_is_refused_in_one_shape(
    service: Served, key: str, method: str, path: str, body: object, status: int, code: str
) -> None:
    reply = service.ask(method, path, body, key=key)
    assert (reply.status, reply.code) == (status, code)
    assert reply.json["error"]["request_id"] == reply.headers["x-request-id"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"inputs": {"question": NaN}}', "the body is not JSON: NaN is not a value"),
        (b'{"user": "a", "user": "b"}', "an object in the body has a key twice"),
        (b"{", "the body is not JSON"),
    ],
)
def test_what_is_wrong_with_a_body_is_said(
    service: Served, key: str, body: bytes, message: str
) -> None:
    assert service.ask("POST", f"/v1/run/{REF}", body, key=key).json["error"]["message"] == message


@pytest.mark.story
def test_a_paused_prompt_is_refused_and_resolved(service: Served, team: Team, key: str) -> None:
    live = {"support/triage": "1.1.0", "support/echo": "1.0.0", "support/chat": "1.0.0"}
    team.press.deploy("staging", live, paused={"support/echo": "It shouts."})
    body = {"inputs": {"question": "?"}}
    for verb in ("render", "run", "stream"):
        reply = service.ask("POST", f"/v1/{verb}/support/echo@staging", body, key=key)
        assert (reply.status, reply.code) == (423, "paused")
    assert service.ask("GET", "/v1/resolve/support/echo@staging", key=key).json["paused"]
