"""The OpenAPI description, to which service and client are held."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from werkzeug.datastructures import Headers, ImmutableMultiDict

from promptops.server.description import describe_service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.server.conftest import Team
    from tests.server.serving import Reply, Served

INPUTS = """
  question: {type: string, maxLength: 20, untrusted: true}
  tags: {type: array, items: {$ref: '#/$defs/tag'}, $defs: {tag: {enum: [a, b]}}, default: []}
"""
OUTPUT = """
  type: object
  required: [topic]
  properties: {topic: {$ref: '#/$defs/topic'}}
  $defs: {topic: {enum: [billing, other]}}
"""
TYPED = "/v1/run/support/typed@production"
GOOD = {"inputs": {"question": "Why?"}}


class Asked:
    """A request, as openapi-core wants to see it."""

    host_url = ""
    method = "post"
    content_type = "application/json"

    def __init__(self, path: str, body: object, key: str) -> None:
        self.path = path
        self.body = json.dumps(body).encode()
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(),
            header=Headers([("Authorization", f"Bearer {key}")]),
            cookie=ImmutableMultiDict(),
            path={},
        )


class Said:
    """An answer, likewise."""

    def __init__(self, reply: Reply) -> None:
        self.status_code = reply.status
        self.data = reply.body
        self.content_type = reply.headers["content-type"].partition(";")[0]
        self.headers = Headers(list(reply.headers.items()))


@pytest.fixture(scope="module")
def typed(team: Team) -> Iterator[Served]:
    keys: dict[str, Any] = {
        "model": "near/small",
        "max_tokens": "50",
        "inputs": INPUTS,
        "output": OUTPUT,
    }
    body = "{{ question }} {{ tags }}"
    team.press.release("support/typed", "1.0.0", body, **keys)
    team.press.release("support/plain", "1.0.0", "Hello.", model="echo/echo", inputs="{}")
    live = {"support/typed": "1.0.0", "support/plain": "1.0.0", "billing/dunning": "1.0.0"}
    team.press.deploy("production", live)
    with team.host() as hosted:
        yield hosted


@pytest.fixture(scope="module")
def key(team: Team) -> str:
    return team.make_key()


@pytest.fixture(scope="module")
def document(typed: Served, key: str) -> Any:
    return typed.ask("GET", "/v1/openapi.json", key=key).json


@pytest.fixture(scope="module")
def spec(document: Any) -> OpenAPI:
    return OpenAPI.from_dict(document)


@pytest.mark.slow
def test_each_live_prompt_is_an_operation(document: Any, typed: Served, team: Team) -> None:
    operations = {
        path: item["post"]["operationId"]
        for path, item in document["paths"].items()
        if path.startswith("/v1/run/")
    }
    assert operations == {
        "/v1/run/billing/dunning@production": "run_billing_dunning",
        "/v1/run/support/plain@production": "run_support_plain",
        TYPED: "run_support_typed",
    }
    narrow = team.make_key("--prompt", "billing/*", "--verb", "run")
    seen = typed.ask("GET", "/v1/openapi.json", key=narrow)
    assert "support" not in seen.body.decode()
    assert typed.ask("GET", "/v1/openapi.json").status == 401


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "is_good"),
    [
        (GOOD, True),
        ({"inputs": {"question": "Why?", "tags": ["a", "b"]}, "user": "u", "key": None}, True),
        ({"inputs": {"question": "Why?", "tags": ["c"]}}, False),
        ({"inputs": {"question": 21 * "x"}}, False),
        ({"inputs": {"question": 7}}, False),
        ({"inputs": {"question": "Why?", "other": 1}}, False),
        ({"inputs": {}}, False),
        ({}, False),
        ({**GOOD, "user": 7}, False),
        ({**GOOD, "user": ""}, False),
        ({**GOOD, "model": "x/y"}, False),
    ],
)
def test_service_and_description_agree_on_requests(
    typed: Served, team: Team, spec: OpenAPI, key: str, body: Any, is_good: bool
) -> None:
    team.provider.always(text='{"topic": "billing"}')
    asked = Asked(TYPED, body, key)
    reply = typed.ask("POST", TYPED, body, key=key)
    assert (reply.status == 200) == is_good, reply.body
    if is_good:
        spec.validate_request(asked)
    else:
        with pytest.raises(OpenAPIError):
            spec.validate_request(asked)
    spec.validate_response(asked, Said(reply))


def test_the_answer_is_typed_too(typed: Served, team: Team, spec: OpenAPI, key: str) -> None:
    team.provider.always(text='{"topic": "billing"}')
    reply = typed.ask("POST", TYPED, GOOD, key=key)
    document = {**reply.json, "data": {"topic": "neither"}}
    changed = reply._replace(body=json.dumps(document).encode())
    with pytest.raises(OpenAPIError):
        spec.validate_response(Asked(TYPED, GOOD, key), Said(changed))


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/run/support/plain@production", {}, 200),
        ("/v1/feedback", {"run": "0" * 32, "score": 1}, 404),
        ("/v1/chat/completions", {"model": "prompt:support/plain", "messages": []}, 200),
        ("/v1/chat/completions", {"model": "prompt:none", "messages": []}, 404),
    ],
)
def test_other_operations_are_described(
    typed: Served, spec: OpenAPI, key: str, path: str, body: Any, status: int
) -> None:
    asked = Asked(path, body, key)
    reply = typed.ask("POST", path, body, key=key)
    assert reply.status == status
    spec.validate_request(asked)
    spec.validate_response(asked, Said(reply))


@pytest.mark.slow
def test_names_that_look_alike_have_operations_of_their_own(team: Team) -> None:
    from promptops.runtime.registry import open_registry

    with open_registry(team.repo.path) as registry:
        one = registry.get("support/echo@1.0.0")
        other = registry.get("billing/dunning@1.0.0")
    document = describe_service([one, other, one], environment="production", version="1")
    assert [item["post"]["operationId"] for item in document["paths"].values() if "post" in item][
        -2:
    ] == ["run_support_echo_2", "run_billing_dunning"]
