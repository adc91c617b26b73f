"""The routes: what needs no key, what is not there, and that each has its verb."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.errors import SourceUnavailableError
from promptops.server.application import ROUTES, make_application
from promptops.server.keys import VERBS, KeyScope
from tests.server.pieces import FakeRegistry, ask, make_service

if TYPE_CHECKING:
    from pathlib import Path


def fill(path: str) -> str:
    return path.replace("{ref:path}", "a").replace("{name:path}", "a").replace("{range:path}", "a")


@pytest.mark.parametrize(("method", "path", "verb"), [route[:3] for route in ROUTES])
def test_a_route_needs_a_key_and_its_verb(
    tmp_path: Path, method: str, path: str, verb: str
) -> None:
    others = tuple(one for one in VERBS if one != verb)
    service, key, _ = make_service(tmp_path, scope=KeyScope(verbs=others))
    application = make_application(service)
    assert ask(application, method, fill(path)).code == "key"
    if verb:
        headers = {"Authorization": f"Bearer {key}"}
        reply = ask(application, method, fill(path), headers=headers)
        assert (reply.status, reply.json["error"]["message"]) == (403, f"this key may not {verb}")


def test_health_and_readiness_need_no_key(tmp_path: Path) -> None:
    service, _, _ = make_service(tmp_path)
    application = make_application(service)
    assert ask(application, "GET", "/health").body == b"ok\n"
    assert ask(application, "GET", "/ready").body == b"ready\n"
    service.is_draining = True
    reply = ask(application, "GET", "/ready")
    assert (reply.status, reply.body) == (503, b"not ready\n")
    assert ask(application, "GET", "/health").status == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/v1/nothing", 404, "route not found"),
        ("GET", "/v1/prompts/", 404, "route not found"),
        ("DELETE", "/v1/prompts", 405, "this method is not allowed here"),
    ],
)
def test_what_is_not_there_is_refused_as_anything_else(
    tmp_path: Path, method: str, path: str, status: int, message: str
) -> None:
    service, _, lines = make_service(tmp_path)
    reply = ask(make_application(service), method, path)
    assert (reply.status, reply.code) == (status, "route")
    assert reply.json["error"]["message"] == message
    assert (lines[0]["route"], lines[0]["code"]) == ("", "route")
    assert ("allow" in reply.headers) == (status == 405)


def test_the_service_s_own_counts_do_not_need_the_source(tmp_path: Path) -> None:
    class Unreachable(FakeRegistry):
        def metrics(self) -> str:
            raise SourceUnavailableError("x")

    for registry, runs in ((FakeRegistry(), True), (Unreachable(), False)):
        service, key, _ = make_service(tmp_path, registry, KeyScope(verbs=("metrics",)))
        headers = {"Authorization": f"Bearer {key}"}
        text = ask(make_application(service), "GET", "/metrics", headers=headers).body.decode()
        assert "promptops_requests_in_flight 1\n" in text
        assert ("runs 1\n" in text) == runs
