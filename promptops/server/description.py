"""Describe the service as OpenAPI, with one typed operation for each live prompt."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from promptops.prompt.inputs import input_schemas

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from promptops.runtime.resolution import ResolvedPrompt

# Keywords whose values are data, in which `$ref` is no reference.
_VALUES = frozenset({"const", "default", "enum", "examples"})
_TEXT = {"type": "string", "minLength": 1, "maxLength": 256}
_OPTIONAL_TEXT = {"type": ["string", "null"], "minLength": 1, "maxLength": 256}
_NULLABLE_TEXT = {"type": ["string", "null"]}
_COUNT = {"type": ["integer", "null"], "minimum": 0}


def describe_service(
    prompts: Iterable[ResolvedPrompt], *, environment: str, version: str
) -> dict[str, Any]:
    """Return the description as OpenAPI 3.1.

    Args:
        prompts: the live prompts that the reader may see.
        environment: the environment in which operations run prompts.
        version: promptops' version.
    """
    paths: dict[str, Any] = dict(_FIXED_PATHS)
    schemas: dict[str, Any] = dict(_FIXED_SCHEMAS)
    taken: set[str] = set()
    for prompt in prompts:
        name = _name_component(prompt.name)
        schemas[f"{name}.inputs"] = _describe_inputs(prompt.inputs, f"{name}.inputs")
        if prompt.output is not None:
            schemas[f"{name}.output"] = _root_refs(prompt.output, f"{name}.output")
        paths[f"/v1/run/{prompt.name}@{environment}"] = {
            "post": _describe_operation(prompt, name, _name_operation(prompt.name, taken))
        }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Prompts in {environment}",
            "version": version,
            "summary": "Prompts of a team, each pinned to the version that is live.",
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {"Error": _ERROR_RESPONSE},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _describe_operation(prompt: ResolvedPrompt, name: str, operation: str) -> dict[str, Any]:
    data = _refer(f"{name}.output") if prompt.output is not None else {"type": "null"}
    body = {
        "type": "object",
        "properties": {"inputs": _refer(f"{name}.inputs"), **_CALLER},
        "additionalProperties": False,
    }
    if _require(prompt.inputs):
        body["required"] = ["inputs"]
    run = {"allOf": [_refer("Run"), {"type": "object", "properties": {"data": data}}]}
    return {
        "operationId": operation,
        "summary": prompt.description,
        "tags": [prompt.name.split("/")[0]],
        "x-promptops-version": prompt.version,
        "x-promptops-digest": prompt.digest,
        "x-promptops-paused": prompt.paused,
        "requestBody": {"required": True, "content": _json(body)},
        "responses": {"200": {"description": "The run.", "content": _json(run)}, **_ERRORS},
    }


def _describe_inputs(inputs: Mapping[str, Any], component: str) -> dict[str, Any]:
    properties = {
        name: _root_refs(_strip(schema), f"{component}/properties/{_escape(name)}")
        for name, schema in input_schemas(inputs).items()
    }
    return {
        "type": "object",
        "properties": properties,
        "required": _require(inputs),
        "additionalProperties": False,
    }


def _require(inputs: Mapping[str, Any]) -> list[str]:
    return [name for name, schema in input_schemas(inputs).items() if "default" not in schema]


def _strip(schema: Any) -> Any:  # noqa: ANN401 - a JSON value
    """Return an input's schema without promptops' own keywords."""
    if not isinstance(schema, dict):
        return schema
    return {key: value for key, value in schema.items() if key not in {"untrusted", "redact"}}


def _root_refs(schema: Any, component: str) -> Any:  # noqa: ANN401 - a JSON value
    """Return a schema with references to its root rewritten for the description."""
    if isinstance(schema, list):
        return [_root_refs(one, component) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {
        key: value if key in _VALUES else _root_refs(value, component)
        for key, value in schema.items()
        if key not in {"$schema", "$id"}
    }
    target = found.get("$ref")
    if isinstance(target, str) and target.startswith("#"):
        found["$ref"] = f"#/components/schemas/{component}{target[1:]}"
    return found


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _name_component(name: str) -> str:
    # Unique, because no prompt name has two hyphens in a row.
    return name.replace("/", "--")


def _name_operation(name: str, taken: set[str]) -> str:
    """Return an operation id for a prompt: its name, with a number if taken."""
    base = "run_" + re.sub(r"[^a-z0-9]", "_", name)
    found, number = base, 2
    while found in taken:
        found, number = f"{base}_{number}", number + 1
    taken.add(found)
    return found


def _refer(schema: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{schema}"}


def _json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _get(summary: str, *parameters: str, operation: str) -> dict[str, Any]:
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "parameters": [
                {"name": name, "in": "query", "schema": {"type": "string"}} for name in parameters
            ],
            "responses": {
                "200": {"description": "What was asked for.", "content": _json({"type": "object"})},
                **_ERRORS,
            },
        }
    }


_CALLER = dict.fromkeys(("user", "tenant", "key"), _OPTIONAL_TEXT)
_ERRORS = {"default": {"$ref": "#/components/responses/Error"}}
_ERROR_RESPONSE = {"description": "Why not.", "content": _json(_refer("Error"))}
_FIXED_SCHEMAS: dict[str, Any] = {
    "Error": {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["message", "type", "code", "request_id"],
                "properties": {
                    "message": {"type": "string"},
                    "type": {"enum": ["invalid_request_error", "server_error"]},
                    "code": {"type": "string"},
                    "param": _NULLABLE_TEXT,
                    "hint": _NULLABLE_TEXT,
                    "stage": _NULLABLE_TEXT,
                    "run_id": _NULLABLE_TEXT,
                    "documentation": _NULLABLE_TEXT,
                    "request_id": {"type": "string"},
                },
            }
        },
    },
    "Run": {
        "type": "object",
        "required": ["schema", "id", "name", "version", "digest", "text", "data", "finish"],
        "properties": {
            "schema": {"const": "promptops.run/v1"},
            "id": {"type": "string"},
            "name": {"type": "string"},
            "version": {"type": "string"},
            "digest": {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
            "commit": _NULLABLE_TEXT,
            "environment": _NULLABLE_TEXT,
            "deployment": _COUNT,
            "model": _NULLABLE_TEXT,
            "text": {"type": "string"},
            "data": {},
            "finish": {"type": "string"},
            "tool_calls": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["id", "name", "arguments"],
                    "properties": {
                        name: {"type": "string"} for name in ("id", "name", "arguments")
                    },
                },
            },
            "usage": {
                "type": "object",
                "required": ["input_tokens", "output_tokens", "source"],
                "properties": {
                    "input_tokens": _COUNT,
                    "output_tokens": _COUNT,
                    "cached_tokens": _COUNT,
                    "source": {"enum": ["measured", "estimated", "unknown"]},
                },
            },
            "cost": {"type": ["number", "null"], "minimum": 0},
            "is_degraded": {"type": "boolean"},
            "decisions": {"type": "array", "items": {"type": "string"}},
            "attempts": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["model", "status", "ms"],
                    "properties": {
                        "model": {"type": "string"},
                        "status": {"type": ["integer", "null"]},
                        "ms": {"type": ["number", "null"]},
                    },
                },
            },
        },
    },
    "Completion": {
        "type": "object",
        "required": ["model"],
        "properties": {
            "model": {"type": "string", "pattern": "^prompt:"},
            "messages": {
                "type": ["array", "null"],
                "items": {
                    "type": "object",
                    "required": ["role", "content"],
                    "properties": {"role": {"enum": ["user", "assistant"]}},
                },
            },
            "inputs": {"type": ["object", "null"]},
            "stream": {"type": ["boolean", "null"]},
            "stream_options": {
                "type": ["object", "null"],
                "properties": {"include_usage": {"type": ["boolean", "null"]}},
            },
            "user": _OPTIONAL_TEXT,
        },
    },
    "Feedback": {
        "type": "object",
        "required": ["run"],
        "properties": {
            "run": _TEXT,
            "score": {"type": ["number", "null"]},
            "label": _OPTIONAL_TEXT,
            "comment": {"type": ["string", "null"], "maxLength": 10_000},
            "by": _OPTIONAL_TEXT,
        },
        "additionalProperties": False,
    },
}
_FIXED_PATHS: dict[str, Any] = {
    "/v1/chat/completions": {
        "post": {
            "operationId": "complete",
            "summary": "OpenAI's chat completions; the model is prompt:NAME@ENVIRONMENT.",
            "requestBody": {"required": True, "content": _json(_refer("Completion"))},
            "responses": {
                "200": {
                    "description": "A completion, or its chunks as events.",
                    "content": {
                        **_json({"type": "object"}),
                        "text/event-stream": {"schema": {"type": "string"}},
                    },
                },
                **_ERRORS,
            },
        }
    },
    "/v1/feedback": {
        "post": {
            "operationId": "give_feedback",
            "summary": "Record feedback on a run's answer.",
            "requestBody": {"required": True, "content": _json(_refer("Feedback"))},
            "responses": {
                "201": {"description": "Recorded.", "content": _json({"type": "object"})},
                **_ERRORS,
            },
        }
    },
    "/v1/prompts": _get("List the live prompts.", "environment", operation="list_prompts"),
    "/v1/models": _get("List the live prompts as OpenAI lists models.", operation="list_models"),
    "/v1/deployments": _get(
        "List deployments: who, when, what and why.",
        "environment",
        "prompt",
        "limit",
        operation="list_deployments",
    ),
}
