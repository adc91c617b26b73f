"""Versions and differences of prompts as resources.

`promptops://prompts/NAME@SELECTOR` is a prompt's files, `promptops://versions/NAME` the list of its
releases, and `promptops://diffs/NAME@FROM..TO` what changed between two of its states.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote as encode
from urllib.parse import unquote

import mcp_types as types

from promptops.errors import NotFoundError, UsageError
from promptops.prompt.reference import check_name
from promptops.runtime.comparison import describe_difference, split_comparison
from promptops.runtime.documents import describe_released

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.server.mcp.reader import McpReader

_SCHEME = "promptops://"
TEMPLATES = (
    types.ResourceTemplate(
        name="prompt",
        title="A prompt at a version",
        uri_template=f"{_SCHEME}prompts/{{+name}}@{{selector}}",
        description="The files of a prompt. The selector is a version, a range, an environment or "
        "latest.",
        mime_type="text/markdown",
    ),
    types.ResourceTemplate(
        name="versions",
        title="The releases of a prompt",
        uri_template=f"{_SCHEME}versions/{{+name}}",
        description="The releases of a prompt, the newest first, with notes and authors.",
        mime_type="application/json",
    ),
    types.ResourceTemplate(
        name="diff",
        title="What changed between two states of a prompt",
        uri_template=f"{_SCHEME}diffs/{{+name}}@{{from}}..{{to}}",
        description="The semantic difference, with the bump that it needs.",
        mime_type="application/json",
    ),
)


async def list_resources(reader: McpReader, cursor: str | None) -> types.ListResourcesResult:
    """List the live prompts in the environment, as resources."""
    reader.require("read")
    live, following = await reader.page(cursor)
    shown = [
        types.Resource(
            name=one.name,
            title=f"{one.name} {one.version}, live in {reader.environment}",
            uri=f"{_SCHEME}prompts/{encode(f'{one.name}@{reader.environment}', safe='/@')}",
            mime_type="text/markdown",
        )
        for one in live
    ]
    return types.ListResourcesResult(resources=shown, next_cursor=following)


async def read_resource(reader: McpReader, uri: str) -> types.ReadResourceResult:
    """Return the document at an address.

    Raises:
        UsageError: it is not the address of a document.
        PromptopsError, HttpProblem: it does not exist, or the client may not see it.
    """
    reader.require("read")
    kind, _, rest = unquote(uri.removeprefix(_SCHEME)).partition("/")
    if not uri.startswith(_SCHEME) or kind not in {"prompts", "versions", "diffs"} or not rest:
        known = ", ".join(one.uri_template for one in TEMPLATES)
        raise UsageError(f"{uri} is not a resource", hint=f"known resources: {known}")
    if kind == "prompts":
        return types.ReadResourceResult(contents=await _read_files(reader, uri, rest))
    document = await (list_versions(reader, rest) if kind == "versions" else diff(reader, rest))
    text = json.dumps(document, ensure_ascii=False, indent=2)
    content = types.TextResourceContents(uri=uri, text=text, mime_type="application/json")
    return types.ReadResourceResult(contents=[content])


async def list_versions(reader: McpReader, name: str) -> dict[str, Any]:
    """Return the releases of a prompt as `promptops.serve-versions/v1`.

    Raises:
        PromptopsError, HttpProblem: it does not exist, or the client may not see it.
    """
    await reader.admit(f"{check_name(name)}@latest")
    found = await asyncio.to_thread(reader.service.registry.versions, name)
    return {
        "schema": "promptops.serve-versions/v1",
        "name": name,
        "versions": [describe_released(one) for one in found],
    }


async def diff(reader: McpReader, text: str) -> dict[str, Any]:
    """Return the difference between two states of a prompt as `promptops.diff/v1`.

    Args:
        reader: the client's reader.
        text: `NAME@FROM..TO`.

    Raises:
        UsageError: it is malformed.
        PromptopsError, HttpProblem: it does not exist, or the client may not see it.
    """
    old, new = [await reader.find(one) for one in split_comparison(text)]
    return await asyncio.to_thread(describe_difference, old.prompt, new.prompt)


async def list_parts(reader: McpReader, part: str, known_parts: Mapping[str, str]) -> list[str]:
    """Return the possible values of a part of a resource's address.

    Args:
        reader: the client's reader.
        part: the part's name in the template.
        known_parts: the known parts.
    """
    if part == "name":
        return [one.name for one in await reader.list_live()]
    try:
        released = await list_versions(reader, known_parts.get("name", ""))
    except (NotFoundError, UsageError):
        return []
    versions = [one["version"] for one in released["versions"]]
    return [*versions, "latest", reader.environment]


async def _read_files(
    reader: McpReader, uri: str, ref: str
) -> list[types.TextResourceContents | types.BlobResourceContents]:
    """Return the files of a prompt, its own one first."""
    prompt = (await reader.find(ref)).prompt
    files = sorted(prompt.closure.files.items(), key=lambda one: one[0] != prompt.closure.path)
    return [
        types.TextResourceContents(
            uri=uri if number == 0 else f"{uri}#{encode(path)}",
            text=data.decode("utf-8", "replace"),
            mime_type="text/markdown" if path.endswith(".md") else "text/plain",
            _meta={"promptops/path": path},
        )
        for number, (path, data) in enumerate(files)
    ]
