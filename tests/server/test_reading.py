"""Prompts, versions, differences and deployments over real sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

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


@pytest.mark.story
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
