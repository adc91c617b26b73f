"""Calls that were made elsewhere, and feedback, over real sockets."""

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


@pytest.mark.slow
def test_feedback_needs_content(service: Served, key: str) -> None:
    done = service.ask("POST", "/v1/run/support/echo", BODY, key=key).json
    assert service.ask("POST", "/v1/feedback", {"run": done["id"]}, key=key).status == 400
