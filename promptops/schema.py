"""JSON Schema: the frontmatter's contract, and the schemas that prompts declare themselves.

One engine (jsonschema-rs, draft 2020-12) judges frontmatter, inputs and outputs. No schema is ever
fetched: a reference out of the schema itself is an error.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptops.errors import InputError
from promptops.finding import Finding, Severity
from promptops.frontmatter import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import jsonschema_rs

    from promptops.frontmatter import Document

_JINJA_WORDS = frozenset(
    "and as call caller else endfor false False if import in include is kwargs loop none None not or "
    "recursive self true True varargs with without".split()
)
_TYPE_WORDS = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}


@cache
def frontmatter_schema() -> dict[str, Any]:
    """The JSON Schema of the frontmatter, as `promptops schema` prints it."""
    loaded: dict[str, Any] = json.loads(Path(__file__).with_name("prompt.schema.json").read_bytes())
    return loaded


def compile_schema(schema: Mapping[str, Any] | bool) -> jsonschema_rs.Draft202012Validator:  # noqa: FBT001 - JSON Schema allows true and false
    """A validator for `schema`; ValueError when it is no valid schema or refers to another file."""
    import jsonschema_rs

    def refuse(uri: str) -> object:
        message = f"refers to {uri}, which is outside this schema"
        raise ValueError(message)

    try:
        return jsonschema_rs.Draft202012Validator(
            dict(schema) if not isinstance(schema, bool) else schema, retriever=refuse
        )
    except jsonschema_rs.ReferencingError as error:
        message = f"has a reference that leads nowhere: {error}"
        raise ValueError(message) from error
    except jsonschema_rs.ValidationError as error:
        place = "/".join(str(part) for part in error.instance_path)
        message = f"{error.message}{f' at {place}' if place else ''}"
        raise ValueError(message) from error


@cache
def _frontmatter_validator() -> jsonschema_rs.Draft202012Validator:
    return compile_schema(frontmatter_schema())


def check_metadata(document: Document) -> Iterator[Finding]:
    """Judge a document's frontmatter by the schema: unknown, missing and mistyped keys."""
    data = dict(document.data)
    if _frontmatter_validator().is_valid(data):
        return
    known = frontmatter_schema()["properties"]
    for key in data:
        if key not in known:
            near = nearest(key, known)
            yield _finding(
                document,
                "unknown-key",
                f"unknown key '{key}'",
                [key],
                f"did you mean '{near}'?" if near else "put keys of your own below 'metadata'",
                key=True,
            )
    for key in frontmatter_schema()["required"]:
        if key not in data:
            hint = f"add a line '{key}: {_EXAMPLES[key]}'"
            yield _finding(document, "missing-key", f"'{key}' is missing", [], hint)
    for key, value in data.items():
        if key in known:
            yield from _mistyped(document, key, value)


_EXAMPLES = {
    "version": "0.1.0",
    "description": "what the prompt is for",
    "author": "you@example.com",
    "model": "openai/gpt-4o-mini",
}


def _mistyped(document: Document, key: str, value: object) -> Iterator[Finding]:
    faults = sorted(
        _property_validator(key).iter_errors(value), key=lambda fault: list(map(str, fault.instance_path))
    )
    seen: set[tuple[object, ...]] = set()
    for fault in faults:
        path = (key, *fault.instance_path)
        if path in seen:
            continue
        seen.add(path)
        if key == "version":
            yield _version_fault(document, value)
            return
        message, hint = _explain(key, path, fault)
        yield _finding(document, "mistyped-key", message, list(path), hint)


@cache
def _property_validator(key: str) -> jsonschema_rs.Draft202012Validator:
    schema = frontmatter_schema()
    return compile_schema({"$defs": schema["$defs"], **schema["properties"][key]})


def _version_fault(document: Document, value: object) -> Finding:
    from promptops.errors import UsageError
    from promptops.version import Version

    written = _written(document, ["version"])
    if not isinstance(value, str):
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        parts = written.split(".") if number else []
        hint = (
            f"a version has three numbers: {'.'.join([*parts, '0', '0'][:3])}"
            if number and all(part.isdigit() for part in parts)
            else "write three numbers, such as 1.4.0"
        )
        what = f"YAML reads {written} as the number {value}" if number else "the version is not a text"
        return _finding(document, "invalid-version", what, ["version"], hint)
    try:
        Version.parse(value)
    except UsageError as error:
        return _finding(document, "invalid-version", error.message, ["version"], error.hint)
    return _finding(document, "invalid-version", f"'{value}' is not a version", ["version"], None)


def _written(document: Document, path: list[str | int]) -> str:
    """The text of a scalar as the file has it."""
    place = document.locate(path)
    if place is None:
        return ""
    line = document.text.split("\n")[place.line - 1]
    return line[place.column - 1 : place.end_column - 1]


def _explain(key: str, path: tuple[object, ...], fault: Any) -> tuple[str, str | None]:  # noqa: ANN401 - the engine's error object
    """One engine error in words a person understands."""
    where = ".".join(str(part) for part in path)
    expected = _find_type(fault)
    value = fault.instance
    if expected is not None:
        return f"'{where}' is not {expected}", _type_hint(expected, value)
    if key == "inputs" and len(path) == 2:  # noqa: PLR2004 - the input itself
        return f"'{where}' is no input", "give a type name such as string, or a JSON Schema"
    return f"'{where}': {fault.message}", None


def _find_type(fault: Any) -> str | None:  # noqa: ANN401 - the engine's error object
    if not list(fault.schema_path)[-1:] == ["type"]:
        return None
    types = getattr(fault.kind, "types", None)
    if not types:
        return None
    return " or ".join(_TYPE_WORDS.get(str(name), str(name)) for name in types)


def _type_hint(expected: str, value: object) -> str | None:
    if expected == "a text" and isinstance(value, (int, float, bool)):
        return "quote it"
    if expected == "a list" and isinstance(value, str):
        return f"write [{value}]"
    if isinstance(value, str) and expected != "a text":
        return "leave out the quotes" if value.replace(".", "", 1).isdigit() else None
    return None


def _finding(
    document: Document,
    check: str,
    message: str,
    path: list[Any],
    hint: str | None,
    *,
    key: bool = False,
) -> Finding:
    from promptops.finding import Position

    position = document.locate(path, key=key) or Position(1, 1, 1, 4)
    return Finding(check, Severity.ERROR, message, document.path, position, hint)


def input_schemas(inputs: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Each declared input's JSON Schema; a bare type name becomes `{"type": name}`."""
    return {
        name: {"type": schema} if isinstance(schema, str) else dict(schema)
        for name, schema in inputs.items()
    }


def is_reserved_input(name: str) -> bool:
    """Whether Jinja keeps this word for itself, so that no template could use the input."""
    return name in _JINJA_WORDS


class InputValidator:
    """Judges and completes the values given to one prompt. Immutable and thread-safe.

    Building is cheap; the schema is compiled when values are first judged.
    """

    __slots__ = ("_defaults", "_schemas", "_validator")

    def __init__(self, inputs: Mapping[str, Any]) -> None:
        self._schemas = input_schemas(inputs)
        self._defaults = {
            name: schema["default"] for name, schema in self._schemas.items() if "default" in schema
        }
        self._validator: jsonschema_rs.Draft202012Validator | None = None

    def complete(self, values: Mapping[str, object]) -> dict[str, object]:
        """The values with defaults filled in.

        Raises InputError, which names every missing, unknown or mistyped input.
        """
        completed = {**self._defaults, **values}
        if self._validator is None:
            self._validator = compile_schema(
                {
                    "type": "object",
                    "properties": self._schemas,
                    "required": list(self._schemas),
                    "additionalProperties": False,
                }
            )
        try:
            valid = self._validator.is_valid(completed)
        except ValueError as error:  # a value that is no JSON: bytes, a set, an object
            raise InputError(f"a value is no JSON value: {error}") from error
        if not valid:
            raise self._explain(completed)
        return completed

    def _explain(self, values: Mapping[str, object]) -> InputError:
        missing = [name for name in self._schemas if name not in values]
        unknown = [name for name in values if name not in self._schemas]
        if missing:
            return InputError(
                f"input {_quoted(missing)} is missing",
                hint=f"this prompt takes {_quoted(self._schemas)}",
            )
        if unknown:
            near = nearest(unknown[0], self._schemas)
            known = f"this prompt takes {_quoted(self._schemas)}" if self._schemas else "it takes no inputs"
            return InputError(
                f"unknown input {_quoted(unknown)}",
                hint=f"did you mean '{near}'?" if near else known,
            )
        faults = []
        for name, schema in self._schemas.items():
            for fault in compile_schema(schema).iter_errors(values[name]):
                expected = _find_type(fault) if not list(fault.instance_path) else None
                faults.append(f"input '{name}' " + (f"is not {expected}" if expected else f"is refused: {_short(fault.message)}"))
        return InputError("; ".join(faults[:5]))


def _short(message: str) -> str:
    """Keep an engine message from quoting a whole document back."""
    longest = 200
    return message if len(message) <= longest else f"{message[:80]} … {message[-110:]}"


def _quoted(names: Any) -> str:  # noqa: ANN401 - any iterable of texts
    return ", ".join(f"'{name}'" for name in names)
