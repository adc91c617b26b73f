"""Routes that only read: prompts, versions, differences and deployments."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from promptops.prompt.reference import check_name
from promptops.runtime.comparison import describe_difference, split_comparison
from promptops.runtime.documents import describe_deployment, describe_released
from promptops.server.calls import answer_json
from promptops.server.problems import HttpProblem, not_found

if TYPE_CHECKING:
    from typing import Any

    from promptops.delivery.environments import Deployment
    from promptops.server.calls import Application, HttpCall

_MAX_LISTED = 1000
_LISTED = 50


async def prompts(call: HttpCall) -> Application:
    """List the live prompts in an environment that the key may see."""
    environment = await _name_environment(call)
    live = await asyncio.to_thread(call.service.registry.list, environment)
    rows = [
        {
            "name": one.name,
            "version": one.version,
            "digest": one.digest,
            "split": [{"version": part.version, "share": part.share} for part in one.split],
            "paused": one.paused,
        }
        for one in live
        if call.key.scope.shows(one.name)
    ]
    return answer_json(
        {"schema": "promptops.serve-prompts/v1", "environment": environment, "prompts": rows}
    )


async def models(call: HttpCall) -> Application:
    """List the live prompts in the default environment, in the form of OpenAI's models."""
    environment = await _name_environment(call)
    live = await asyncio.to_thread(call.service.registry.list, environment)
    rows = [
        {
            "id": f"prompt:{one.name}@{environment}",
            "object": "model",
            "created": 0,
            "owned_by": "promptops",
        }
        for one in live
        if call.key.scope.shows(one.name)
    ]
    return answer_json({"object": "list", "data": rows})


async def versions(call: HttpCall) -> Application:
    """List the released versions of a prompt."""
    name = check_name(call.request.path_params["name"])
    await call.name(f"{name}@latest")
    found = await asyncio.to_thread(call.service.registry.versions, name)
    return answer_json(
        {
            "schema": "promptops.serve-versions/v1",
            "name": name,
            "versions": [describe_released(one) for one in found],
        }
    )


async def diff(call: HttpCall) -> Application:
    """Return the difference between two states of a prompt."""
    sides = split_comparison(call.request.path_params["range"])
    refs = [await call.name(one) for one in sides]
    old, new = [await call.service.find(ref) for ref in refs]
    document = await asyncio.to_thread(describe_difference, old.prompt, new.prompt)
    return answer_json(document)


async def deployments(call: HttpCall) -> Application:
    """List the deployments of an environment that changed prompts that the key may see."""
    environment = await _name_environment(call)
    query = call.request.query_params
    name = query.get("prompt")
    if name is not None:
        await call.name(f"{name}@{environment}")
    limit = _read_limit(query.get("limit"))
    found = await asyncio.to_thread(_list_deployments, call, environment, name)
    rows = [row for row in (_describe(call, one) for one in found) if row["changes"]]
    return answer_json(
        {
            "schema": "promptops.serve-deployments/v1",
            "environment": environment,
            "deployments": rows[:limit],
        }
    )


async def description(call: HttpCall) -> Application:
    """Describe the service as OpenAPI, with one operation for each prompt that the key may see."""
    environment = await _name_environment(call)
    document = await asyncio.to_thread(_describe_service, call, environment)
    return answer_json(document)


def _describe_service(call: HttpCall, environment: str) -> dict[str, Any]:
    from promptops.about import __version__
    from promptops.server.description import describe_service

    registry = call.service.registry
    names = [one.name for one in registry.list(environment) if call.key.scope.shows(one.name)]
    found = [registry.find(f"{name}@{environment}") for name in names]
    return describe_service(found, environment=environment, version=__version__)


def _list_deployments(call: HttpCall, environment: str, name: str | None) -> tuple[Deployment, ...]:
    limit = None if name is not None else _MAX_LISTED
    return call.service.registry.deployments(environment, name=name, limit=limit)


def _describe(call: HttpCall, deployment: Deployment) -> dict[str, Any]:
    document = describe_deployment(deployment)
    changes = document["changes"]
    document["changes"] = [one for one in changes if call.key.scope.shows(one["prompt"])]
    document["by"] = deployment.author.name
    return document


async def _name_environment(call: HttpCall) -> str:
    """Return the environment of a request after checking that the key may read it."""
    given = call.request.query_params.get("environment")
    environment = given or await call.service.default_environment()
    if not call.key.scope.opens(environment):
        raise not_found()
    return environment


def _read_limit(text: str | None) -> int:
    if text is None:
        return _LISTED
    if not text.isdecimal() or not 1 <= int(text[:9]) <= _MAX_LISTED:
        raise HttpProblem(
            400, "field", f"limit is not a number from 1 to {_MAX_LISTED}", parameter="limit"
        )
    return int(text)
