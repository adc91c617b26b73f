"""Parse the JSON files of a closure (output schema, tools), and find their faults."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from promptops.prompt.exact_json import refuse_constant, unique_members
from promptops.prompt.finding import Finding, Position, Severity
from promptops.prompt.frontmatter.document import find_undecodable
from promptops.prompt.schema import TYPE_WORDS, compile_schema, dotted

if TYPE_CHECKING:
    from collections.abc import Mapping

    import jsonschema_rs

    from promptops.prompt.closure import Closure


class DataFiles:
    """The JSON files of a closure: their values and faults."""

    def __init__(self, closure: Closure) -> None:
        self.loaded: dict[str, dict[str, Any]] = {}
        self.faults: list[Finding] = []
        data = closure.document.data
        output, tools = data.get("output"), data.get("tools")
        self.output = output if isinstance(output, str) else None
        self.tools = (
            [tool for tool in tools or () if isinstance(tool, str)]
            if (isinstance(tools, list))
            else []
        )
        for path in dict.fromkeys([*([self.output] if self.output else []), *self.tools]):
            if path in closure.files:
                self._load(path, closure.files[path])
        for path in self.tools:
            fault = tool_fault(self.loaded[path]) if path in self.loaded else None
            if fault is not None:
                hint = 'write {"type": "function", "function": {"name": ..., "parameters": ...}}'
                self._report("invalid-tool", fault, path, TOP, hint)

    def _load(self, path: str, content: bytes) -> None:
        undecodable = find_undecodable(path, content)
        if undecodable is not None:
            self.faults.append(undecodable)
            return
        try:
            loaded = json.loads(
                content.decode(), parse_constant=refuse_constant, object_pairs_hook=unique_members
            )
        except json.JSONDecodeError as error:
            place = Position(error.lineno, error.colno, error.lineno, error.colno + 1)
            message = error.msg[:1].lower() + error.msg[1:]
            self._report("invalid-json", f"not JSON: {message}", path, place)
        except ValueError as error:
            self._report("invalid-json", f"not JSON: {error}", path, TOP)
        except RecursionError:
            self._report("invalid-json", "not JSON that can be read: nested too deep", path, TOP)
        else:
            if isinstance(loaded, dict):
                self.loaded[path] = loaded
            else:
                self._report("invalid-json", "not a JSON object", path, TOP)

    def _report(
        self, check: str, message: str, path: str, place: Position, hint: str | None = None
    ) -> None:
        self.faults.append(Finding(check, Severity.ERROR, message, path, place, hint))


TOP = Position(1, 1, 1, 2)


_TOOL_SCHEMA = {
    "type": "object",
    "required": ["type", "function"],
    "properties": {
        "type": {"const": "function"},
        "function": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string", "pattern": "^[a-zA-Z0-9_-]{1,64}$"},
                "description": {"type": "string"},
                "parameters": {"type": "object"},
                "strict": {"type": ["boolean", "null"]},
            },
        },
    },
}


@cache
def _tool_validator() -> jsonschema_rs.Draft202012Validator:
    return compile_schema(_TOOL_SCHEMA)


def tool_fault(tool: Mapping[str, Any]) -> str | None:
    """Return why `tool` is not in the OpenAI function format, or None when it is.

    The format: `{"type": "function", "function": {"name", "description", "parameters", "strict"}}`,
    as in the API reference for chat completions. `parameters` is not validated as a schema.
    """
    try:
        fault = next(iter(_tool_validator().iter_errors(dict(tool))), None)
    except ValueError as error:
        return str(error)
    if fault is None:
        return None
    where = dotted(fault.instance_path)
    if fault.kind.name == "required":
        return f"'{f'{where}.' if where else ''}{fault.kind.value}' is missing"
    if fault.kind.name == "const":
        return f"'{where}' is not \"function\""
    if fault.kind.name == "pattern":
        return f"'{where}' is not 1 to 64 letters, digits, '_' and '-'"
    return f"'{where}' is not " + " or ".join(TYPE_WORDS[name] for name in fault.kind.value)
