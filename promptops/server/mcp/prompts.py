"""Prompts: their arguments, messages and completions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import mcp_types as types

from promptops.errors import InputError
from promptops.prompt.inputs import input_schemas
from promptops.prompt.values import list_types, read_value, write_value
from promptops.server.mcp import resources
from promptops.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from promptops.runtime.live import LivePrompt
    from promptops.runtime.resolution import ResolvedPrompt
    from promptops.server.mcp.reader import McpReader

# The protocol's maximum number of values.
_MAX_VALUES = 100


async def list_prompts(reader: McpReader, cursor: str | None) -> types.ListPromptsResult:
    """List the prompts that are live in the environment, each with its arguments."""
    reader.require("render")
    live, following = await reader.page(cursor)
    shown = [_describe(one, await reader.find(one.name)) for one in live]
    return types.ListPromptsResult(prompts=shown, next_cursor=following)


async def get_prompt(
    reader: McpReader, name: str, arguments: Mapping[str, str] | None
) -> types.GetPromptResult:
    """Render a prompt.

    The protocol has only the roles `user` and `assistant`. A message of another role becomes a user
    message with the original role in `_meta`.

    Args:
        reader: the client's reader.
        name: a prompt's name, or a prompt ref.
        arguments: the inputs as strings; JSON for inputs that are not strings.
    """
    reader.require("render")
    found = await reader.find_running(name)
    request = found.request(read_inputs(found, arguments or {}))
    return types.GetPromptResult(
        description=found.description,
        messages=[_say(message) for message in request["messages"]],
        _meta=describe_origin(found),
    )


async def complete(reader: McpReader, params: types.CompleteRequestParams) -> types.CompleteResult:
    """Complete a prompt's argument, or a part of a resource's address."""
    given = params.context.arguments if params.context and params.context.arguments else {}
    if isinstance(params.ref, types.PromptReference):
        reader.require("render")
        found = await reader.find(params.ref.name)
        schema = input_schemas(found.inputs).get(params.argument.name, {})
        values: Iterable[str] = _list_values(schema)
    else:
        reader.require("read")
        values = await resources.list_parts(reader, params.argument.name, given)
    fitting = [one for one in values if one.startswith(params.argument.value)]
    completion = types.Completion(
        values=fitting[:_MAX_VALUES],
        total=len(fitting),
        has_more=len(fitting) > _MAX_VALUES,
    )
    return types.CompleteResult(completion=completion)


def read_inputs(resolved: ResolvedPrompt, arguments: Mapping[str, str]) -> dict[str, Any]:
    """Convert arguments to the declared types of a prompt's inputs.

    Raises:
        InputError: an argument is unknown, or has not the input's type.
    """
    schemas = input_schemas(resolved.inputs)
    values = {}
    for name, text in arguments.items():
        if name not in schemas:
            near = nearest(name, schemas)
            known = ", ".join(schemas) or "none"
            raise InputError(
                f"{resolved.name} has no input '{name}'",
                hint=f"did you mean '{near}'?" if near else f"its inputs: {known}",
            )
        try:
            values[name] = read_value(name, text, schemas[name])
        except InputError as error:
            raise InputError(error.message, hint="write the value as JSON") from None
    return values


def describe_origin(resolved: ResolvedPrompt) -> dict[str, Any]:
    """Return a prompt's origin, for the `_meta` of an answer."""
    return {
        "promptops/name": resolved.name,
        "promptops/version": resolved.version,
        "promptops/digest": resolved.digest,
        "promptops/environment": resolved.environment,
        "promptops/deployment": resolved.deployment,
    }


def _describe(live: LivePrompt, found: ResolvedPrompt) -> types.Prompt:
    arguments = [
        types.PromptArgument(
            name=name,
            description=_explain(schema) or None,
            required="default" not in schema,
        )
        for name, schema in input_schemas(found.inputs).items()
    ]
    paused = f"Paused: {live.paused}. " if live.paused is not None else ""
    return types.Prompt(
        name=live.name,
        description=f"{paused}{found.description}",
        arguments=arguments,
        _meta={**describe_origin(found), "promptops/paused": live.paused},
    )


def _explain(schema: Mapping[str, Any]) -> str:
    """Describe an argument, and its syntax if it is not plain text."""
    kinds = list_types(schema)
    how = "" if not kinds or "string" in kinds else f"JSON: {' or '.join(kinds)}"
    return ". ".join(part for part in (str(schema.get("description", "")).rstrip("."), how) if part)


def _list_values(schema: Mapping[str, Any]) -> list[str]:
    """Return the values listed in an input's schema, as argument strings."""
    named = [*schema.get("enum", ()), *schema.get("examples", ())]
    named += [schema[key] for key in ("const", "default") if key in schema]
    if not named and schema.get("type") == "boolean":
        named = [True, False]
    return list(dict.fromkeys(map(write_value, named)))


def _say(message: Mapping[str, Any]) -> types.PromptMessage:
    role, content = message["role"], message.get("content")
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    is_known = role in {"user", "assistant"}
    return types.PromptMessage(
        role=role if is_known else "user",
        content=types.TextContent(text=text, _meta=None if is_known else {"promptops/role": role}),
    )
