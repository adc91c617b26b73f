"""The tools for models. All except `run` only read, and `run` is off by default."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import mcp_types as types

from promptops.errors import NotFoundError, UsageError
from promptops.prompt.inputs import input_schemas
from promptops.runtime.documents import describe_resolved
from promptops.server.mcp import resources
from promptops.server.service import make_caller
from promptops.server.verbs import describe_served
from promptops.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from promptops.server.mcp.reader import McpReader

    Call = Callable[["McpReader", Mapping[str, Any], "ToolOptions"], Awaitable[dict[str, Any]]]

_REF = {
    "type": "string",
    "description": "A prompt's name, or NAME@SELECTOR: a version, a range, an environment or "
    "latest. A name alone means the live version.",
}
_INPUTS = {
    "type": "object",
    "description": "The prompt's inputs by name; resolve lists them.",
    "additionalProperties": True,
}
_TEXT = {"type": "string"}


@dataclass(frozen=True, slots=True)
class ToolOptions:
    """The enabled tools.

    Attributes:
        folder: the folder of a work tree for `validate`, or None.
        may_run: whether prompts may be run.
    """

    folder: Path | None = None
    may_run: bool = False


@dataclass(frozen=True, slots=True)
class McpTool:
    """One tool.

    Attributes:
        name: its name.
        title: the same, for people.
        description: what it does, for a model.
        verb: the verb that the key needs.
        properties: its arguments: name -> JSON Schema.
        required: the required arguments.
        call: executes it; returns the structured answer.
        is_read_only: whether it changes nothing and costs nothing.
    """

    name: str
    title: str
    description: str
    verb: str
    properties: Mapping[str, Mapping[str, Any]]
    required: tuple[str, ...]
    call: Call
    is_read_only: bool = True

    def describe(self) -> types.Tool:
        """Return the tool as the protocol lists it."""
        return types.Tool(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema={
                "type": "object",
                "properties": dict(self.properties),
                "required": list(self.required),
                "additionalProperties": False,
            },
            annotations=types.ToolAnnotations(
                read_only_hint=self.is_read_only,
                destructive_hint=False,
                idempotent_hint=self.is_read_only,
                open_world_hint=not self.is_read_only,
            ),
        )

    def check(self, arguments: Mapping[str, Any]) -> None:
        """Refuse arguments that are unknown, missing or of another type.

        Raises:
            UsageError: one is.
        """
        for name in arguments:
            if name not in self.properties:
                near = nearest(name, self.properties)
                known = ", ".join(self.properties) or "none"
                raise UsageError(
                    f"{self.name} has no argument '{name}'",
                    hint=f"did you mean '{near}'?" if near else f"its arguments: {known}",
                )
        for name in self.required:
            if name not in arguments:
                raise UsageError(f"{self.name} needs the argument '{name}'")
        types_of = {"string": str, "object": dict, "array": list}
        for name, value in arguments.items():
            wanted = self.properties[name]["type"]
            is_right = isinstance(value, types_of[wanted])
            if wanted == "array" and is_right:
                is_right = all(isinstance(one, str) for one in value)
            if not is_right:
                what = "a list of strings" if wanted == "array" else f"of type {wanted}"
                raise UsageError(f"the argument '{name}' of {self.name} is not {what}")


def list_tools(reader: McpReader, options: ToolOptions) -> list[McpTool]:
    """Return the tools that a client has."""
    return [
        tool
        for tool in TOOLS
        if reader.key.scope.allows(tool.verb)
        and (tool.name != "run" or options.may_run)
        and (tool.name != "validate" or (options.folder is not None and reader.is_local))
    ]


async def call_tool(
    reader: McpReader, name: str, arguments: Mapping[str, Any], options: ToolOptions
) -> types.CallToolResult:
    """Call a tool. Its errors become an answer for the model.

    Raises:
        UsageError: there is no such tool.
    """
    tools = {tool.name: tool for tool in list_tools(reader, options)}
    tool = tools.get(name)
    if tool is None:
        raise UsageError(f"there is no tool '{name}'", hint=f"the tools: {', '.join(tools)}")
    try:
        tool.check(arguments)
        document = await tool.call(reader, arguments, options)
    except Exception as error:  # noqa: BLE001 - the client gets to know of each
        text, _ = reader.explain(error)
        return types.CallToolResult(content=[types.TextContent(text=text)], is_error=True)
    text = json.dumps(document, ensure_ascii=False, indent=2)
    return types.CallToolResult(content=[types.TextContent(text=text)], structured_content=document)


async def _list_prompts(
    reader: McpReader, arguments: Mapping[str, Any], options: ToolOptions
) -> dict[str, Any]:
    del arguments, options
    rows = [
        {"name": one.name, "version": one.version, "paused": one.paused}
        for one in await reader.list_live()
    ]
    return {"environment": reader.environment, "prompts": rows}


async def _resolve(
    reader: McpReader, arguments: Mapping[str, Any], options: ToolOptions
) -> dict[str, Any]:
    del options
    found = await reader.find(arguments["ref"])
    document = describe_resolved(found)
    document["inputs"] = input_schemas(found.inputs)
    return {name: document[name] for name in document if name not in {"source", "warnings"}}


async def _render(
    reader: McpReader, arguments: Mapping[str, Any], options: ToolOptions
) -> dict[str, Any]:
    del options
    found = await reader.find_running(arguments["ref"])
    return {
        "name": found.name,
        "version": found.version,
        "digest": found.digest,
        "environment": found.environment,
        "request": found.request(arguments.get("inputs", {})),
    }


async def _list_versions(
    reader: McpReader, arguments: Mapping[str, Any], options: ToolOptions
) -> dict[str, Any]:
    del options
    return await resources.list_versions(reader, arguments["name"])


async def _diff(
    reader: McpReader, arguments: Mapping[str, Any], options: ToolOptions
) -> dict[str, Any]:
    del options
    sides = f"{arguments['from']}..{arguments.get('to', reader.environment)}"
    return await resources.diff(reader, f"{arguments['name']}@{sides}")


async def _run(
    reader: McpReader, arguments: Mapping[str, Any], options: ToolOptions
) -> dict[str, Any]:
    del options
    from promptops.runtime.log.identifiers import make_id

    ref = await reader.admit(arguments["ref"])
    service = reader.service
    request_id = make_id(service.clock(), service.random_bytes(10))
    caller = make_caller(reader.key, request_id, arguments.get("user"), None, None)
    runner = await service.runner()
    return describe_served(await runner.arun(ref, arguments.get("inputs", {}), caller, None))


async def _validate(
    reader: McpReader, arguments: Mapping[str, Any], options: ToolOptions
) -> dict[str, Any]:
    del reader
    if options.folder is None:
        raise NotFoundError("there is no work tree here")
    return await asyncio.to_thread(validate_folder, options.folder, arguments.get("targets", []))


def validate_folder(folder: Path, targets: list[str]) -> dict[str, Any]:
    """Validate prompts of a folder's work tree; return `promptops.validate/v1`.

    Args:
        folder: the folder to which targets are relative.
        targets: names, files or folders; empty: all prompts.

    Raises:
        PromptopsError: there is no repository or no such prompt.
    """
    from promptops.checks.engine import validate, validate_prompts
    from promptops.checks.report import render
    from promptops.checks.report.outcome import ReportOutcome
    from promptops.checks.selection import refuse_nothing, select_prompts
    from promptops.repository.repository import open_repository

    repository = open_repository(folder)
    files = repository.working
    if targets:
        names = select_prompts(repository, files, folder, targets)
        result = validate_prompts(files, repository.config, names)
    else:
        result = validate(files, repository.config)
        if not result.prompts and not result.findings:
            refuse_nothing(repository, files, folder, targets)
    outcome = ReportOutcome(
        result.findings, len(result.prompts), result.texts, included_from=result.included_from
    )
    document: dict[str, Any] = json.loads(render("json", outcome))
    return document


TOOLS: tuple[McpTool, ...] = (
    McpTool(
        "list_prompts",
        "List prompts",
        "List the prompts that are live, with their versions.",
        "read",
        {},
        (),
        _list_prompts,
    ),
    McpTool(
        "resolve",
        "Resolve a prompt",
        "Resolve a prompt ref: version, digest, deployment, inputs and files.",
        "resolve",
        {"ref": _REF},
        ("ref",),
        _resolve,
    ),
    McpTool(
        "render",
        "Render a prompt",
        "Return the messages and parameters for given inputs. Calls no model.",
        "render",
        {"ref": _REF, "inputs": _INPUTS},
        ("ref",),
        _render,
    ),
    McpTool(
        "versions",
        "List versions",
        "List the releases of a prompt, the newest first.",
        "read",
        {"name": {**_TEXT, "description": "A prompt's name."}},
        ("name",),
        _list_versions,
    ),
    McpTool(
        "diff",
        "Compare versions",
        "Compare two states of a prompt, and return the changes and the needed bump.",
        "read",
        {
            "name": {**_TEXT, "description": "A prompt's name."},
            "from": {**_TEXT, "description": "A version, an environment or latest."},
            "to": {**_TEXT, "description": "The other state; by default what is live."},
        },
        ("name", "from"),
        _diff,
    ),
    McpTool(
        "validate",
        "Check prompts",
        "Check prompts of the work tree and return the findings with lines and hints.",
        "read",
        {
            "targets": {
                "type": "array",
                "items": _TEXT,
                "description": "Names, files or folders; by default all prompts.",
            }
        },
        (),
        _validate,
    ),
    McpTool(
        "run",
        "Run a prompt",
        "Ask the prompt's model, within the limits, and return the answer. Costs money.",
        "run",
        {"ref": _REF, "inputs": _INPUTS, "user": {**_TEXT, "description": "The user of the run."}},
        ("ref",),
        _run,
        is_read_only=False,
    ),
)
