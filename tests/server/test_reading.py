"""Prompts, versions, differences, deployments, records, feedback and metrics over real sockets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.running import accept

if TYPE_CHECKING:
    from tests.server.conftest import Team
    from tests.server.serving import Served

ALL = ("resolve", "render", "run", "record", "feedback", "read", "metrics")
BODY = {"inputs": {"question": "?"}}


@pytest.fixture(scope="module")
def key(team: Team) -> str:
    return team.make_key(*(word for verb in ALL for word in ("--verb", verb)))


@pytest.fixture(scope="module")
def narrow(team: Team) -> str:
    options = ("--verb", "read", "--verb", "feedback", "--prompt", "billing/*")
    return team.make_key(*options, "--tenant", "acme")


def shown(team: Team, run_id: str) -> Any:
    return json.loads(accept(team.repo, "runs", "show", run_id, "--format", "json"))


def test_prompts_are_those_that_the_key_shows(service: Served, key: str, narrow: str) -> None:
    listed = service.ask("GET", "/v1/prompts", key=key).json
    names = [one["name"] for one in listed["prompts"]]
    assert listed["environment"] == "production"
    assert names == ["billing/dunning", "support/chat", "support/echo", "support/triage"]
    listed = service.ask("GET", "/v1/prompts?environment=production", key=narrow).json
    assert [one["name"] for one in listed["prompts"]] == ["billing/dunning"]
    models = service.ask("GET", "/v1/models", key=narrow).json["data"]
    assert [one["id"] for one in models] == ["prompt:billing/dunning@production"]


def test_versions_are_the_releases(service: Served, key: str, narrow: str) -> None:
    found = service.ask("GET", "/v1/versions/support/triage", key=key).json["versions"]
    assert [one["version"] for one in found] == ["1.1.0", "1.0.0"]
    assert found[0]["released_by"] == "Jane Doe"
    assert service.ask("GET", "/v1/versions/support/triage", key=narrow).status == 404
    assert service.ask("GET", "/v1/versions/none", key=key).status == 404
    assert service.ask("GET", "/v1/versions/NONE", key=key).status == 400


def test_a_difference_has_classes(service: Served, key: str, narrow: str) -> None:
    path = "/v1/diff/support/triage@1.0.0..1.1.0"
    found = service.ask("GET", path, key=key).json
    assert (found["schema"], len(found["prompts"])) == ("promptops.diff/v1", 1)
    assert service.ask("GET", path, key=narrow).status == 404
    assert service.ask("GET", "/v1/diff/support/triage@1.0.0", key=key).status == 400


def test_deployments_say_who_and_why(service: Served, key: str, narrow: str) -> None:
    found = service.ask("GET", "/v1/deployments", key=key).json["deployments"]
    assert (found[0]["number"], found[0]["by"]) == (1, "Jane Doe")
    for path in ("/v1/deployments", "/v1/deployments?prompt=billing/dunning"):
        rows = service.ask("GET", path, key=narrow).json["deployments"]
        assert {one["prompt"] for row in rows for one in row["changes"]} <= {"billing/dunning"}
    refused = [
        service.ask("GET", f"/v1/deployments?{query}", key=narrow).status
        for query in ("prompt=support/echo", "limit=0", "limit=x", "environment=none")
    ]
    assert refused == [404, 400, 400, 404]


def test_a_call_that_was_made_elsewhere_is_recorded(service: Served, team: Team, key: str) -> None:
    completion = {
        "choices": [{"message": {"content": "Billing."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7},
    }
    body = {**BODY, "answer": completion, "user": "u-1", "seconds": 1.5}
    reply = service.ask("POST", "/v1/record/support/triage@production", body, key=key)
    assert reply.status == 201
    document = shown(team, reply.json["id"])
    assert (document["version"], document["user"]) == ("1.1.0", "u-1")


@pytest.mark.parametrize(
    "body", [{}, {"answer": 7}, {"answer": {}}, {"answer": "x", "seconds": -1}, {"answer": []}]
)
def test_what_is_no_answer_is_not_recorded(service: Served, key: str, body: object) -> None:
    path = "/v1/record/support/triage@production"
    assert service.ask("POST", path, body, key=key).status == 400


def test_feedback_reaches_the_run(service: Served, team: Team, key: str, narrow: str) -> None:
    done = service.ask("POST", "/v1/run/support/echo", BODY, key=key).json
    body = {"run": done["id"], "score": 1, "label": "helpful", "by": "u-1"}
    assert service.ask("POST", "/v1/feedback", body, key=key).status == 201
    assert shown(team, done["id"])["feedback"][0]["label"] == "helpful"
    assert service.ask("POST", "/v1/feedback", body, key=narrow).status == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"run": "none", "score": 1}, 404),
        ({"run": "0", "score": 1}, 404),
        ({"run": "0" * 32, "score": "high"}, 400),
        ({"run": "0" * 32, "score": 1, "comment": 10_001 * "x"}, 400),
    ],
)
def test_feedback_on_nothing_is_refused(
    service: Served, key: str, body: object, status: int
) -> None:
    assert service.ask("POST", "/v1/feedback", body, key=key).status == status


def test_feedback_needs_content(service: Served, key: str) -> None:
    done = service.ask("POST", "/v1/run/support/echo", BODY, key=key).json
    assert service.ask("POST", "/v1/feedback", {"run": done["id"]}, key=key).status == 400


def test_metrics_count_requests(service: Served, key: str, narrow: str) -> None:
    service.ask("GET", "/v1/resolve/support/echo", key=key)
    reply = service.ask("GET", "/metrics", key=key)
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    text = reply.body.decode()
    assert 'promptops_requests_total{route="/v1/resolve/{ref:path}",method="GET"' in text
    assert "promptops_requests_in_flight 1\n" in text
    assert service.ask("GET", "/metrics", key=narrow).status == 403
