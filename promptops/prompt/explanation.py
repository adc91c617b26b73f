"""Explain schema errors of frontmatter."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any

from promptops.errors import quote
from promptops.prompt.finding import Finding, Position, Severity
from promptops.prompt.metadata import (
    MAX_FAULTS,
    WHOLE_NUMBERS,
    frontmatter_schema,
    property_check,
)
from promptops.prompt.reference import name_from_path
from promptops.prompt.schema import TYPE_WORDS, dotted, quoted
from promptops.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from promptops.prompt.contract import ContractFault
    from promptops.prompt.frontmatter.document import Document


_ALTERNATIVES = {
    "stop": "a text or a list of texts",
    "limitations": "a text or a list of texts",
    "output": "a JSON Schema or the path of one",
    "reply": "a text, an object or a list",
}

_MAX_SUGGESTIONS = 20


def explain_faults(document: Document, data: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield each fault of the frontmatter `data`, in the order of the file."""
    known = frontmatter_schema()["properties"]
    # The YAML parser has reported this value; its type would be a second finding.
    surprising = {fault.position for fault in document.faults}
    unknown = [
        key
        for key in data
        if key not in known and document.locate([key], key=True) not in surprising
    ]
    for number, key in enumerate(unknown):
        near = nearest(key, known) if number < _MAX_SUGGESTIONS else None
        hint = f"did you mean '{near}'?" if near else "put keys of your own below 'metadata'"
        if key == "name":
            hint = f"the name is the path, {name_from_path(document.path)}: remove the line"
        yield SchemaPlace(document, (key,), key=True).finding(
            "unknown-key", f"unknown key {quote(key)}", hint
        )
    for key in frontmatter_schema()["required"]:
        if key not in data:
            yield SchemaPlace(document, ()).finding(
                "missing-key", f"'{key}' is missing", f"add a line '{key}: {_EXAMPLES[key]}'"
            )
    for key, value in data.items():
        if key in known:
            for finding in _value_faults(document, key, value):
                if finding.position not in surprising:
                    yield finding


_EXAMPLES = {
    "version": "0.1.0",
    "description": "what the prompt is for",
    "author": "you@example.com",
    "model": "openai/gpt-4o-mini",
}


class SchemaPlace:
    """One value (or key) of a document; makes findings about it."""

    __slots__ = ("document", "key", "path")

    def __init__(self, document: Document, path: Sequence[str | int], *, key: bool = False) -> None:
        self.document = document
        self.path = path
        self.key = key

    def finding(self, check: str, message: str, hint: str | None = None) -> Finding:
        """Return an error at this place."""
        position = self.document.locate(self.path, key=self.key) or Position(1, 1, 1, 4)
        return Finding(check, Severity.ERROR, message, self.document.path, position, hint)


def _value_faults(document: Document, key: str, value: object) -> Iterator[Finding]:
    """Yield the faults of one known key's value, in file order."""
    if key in WHOLE_NUMBERS and isinstance(value, float):
        hint = f"write {int(value)}" if value.is_integer() else None
        message = f"'{key}' is not a whole number"
        yield SchemaPlace(document, (key,)).finding("mistyped-key", message, hint)
        return
    seen: set[tuple[object, ...]] = set()
    for fault in islice(property_check(key)(value), MAX_FAULTS):
        for finding in _explain(document, (key, *fault.path), fault):
            identity = (finding.position, finding.message)
            if identity not in seen:
                seen.add(identity)
                yield finding
        if key == "version":
            return


def _version_fault(document: Document, value: object) -> Finding:
    from promptops.errors import UsageError
    from promptops.prompt.version import Version

    place = SchemaPlace(document, ("version",))
    if isinstance(value, str):
        try:
            Version.parse(value)
        except UsageError as error:
            return place.finding("invalid-version", error.message, error.hint)
        return place.finding("invalid-version", f"{quote(value)} is not a version")
    written = document.written(["version"])
    parts = written.split(".")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        hint = "write three numbers, such as 1.4.0"
        return place.finding("invalid-version", "the version is not a text", hint)
    hint = "write three numbers, such as 1.4.0"
    if len(parts) < 3 and all(part.isdecimal() for part in parts):
        hint = f"a version has three numbers: {'.'.join([*parts, '0', '0'][:3])}"
    return place.finding(
        "invalid-version", f"YAML reads {quote(written)[1:-1]} as the number {value}", hint
    )


def _explain(document: Document, path: tuple[Any, ...], fault: ContractFault) -> Iterator[Finding]:
    """Yield findings that explain one fault."""
    kind = fault.kind
    if path == ("version",):
        yield _version_fault(document, fault.instance)
    elif kind == "required":
        message, hint = (
            f"'{dotted(path)}' has no '{fault.limit}'",
            f"add '{fault.limit}'",
        )
        yield SchemaPlace(document, path).finding("missing-key", message, hint)
    elif kind == "additionalProperties":
        yield from _explain_unknown(document, path, fault.instance)
    elif kind == "propertyNames":
        yield _explain_name(document, path[0], str(fault.instance))
    elif kind == "anyOf" and path[0] == "inputs":
        yield _explain_input(document, path, fault.instance)
    elif kind == "uniqueItems":
        yield _explain_repetition(document, path, fault.instance)
    else:
        yield SchemaPlace(document, path).finding("mistyped-key", *_explain_value(path, fault))


def _explain_unknown(
    document: Document, path: tuple[Any, ...], unexpected: Iterable[str]
) -> Iterator[Finding]:
    schema = frontmatter_schema()["properties"][path[0]]
    known = schema.get("items", schema)["properties"]
    for key in unexpected:
        near = nearest(key, known)
        yield SchemaPlace(document, (*path, key), key=True).finding(
            "unknown-key",
            f"unknown key {quote(key)} in '{dotted(path)}'",
            f"did you mean '{near}'?" if near else f"it takes {quoted(known)}",
        )


def _explain_value(path: tuple[Any, ...], fault: ContractFault) -> tuple[str, str | None]:
    where = dotted(path)
    kind, value, limit = fault.kind, fault.instance, fault.limit
    if kind == "type":
        expected = " or ".join(TYPE_WORDS.get(name, name) for name in limit)
        return f"'{where}' is not {expected}", _type_hint(expected, value, where)
    if kind == "anyOf" and value in ("", [], [""]):
        return f"'{where}' is empty", "give it a value, or leave the key out"
    if kind == "anyOf":
        expected = _ALTERNATIVES.get(str(path[0]), "a value of a known kind")
        return f"'{where}' is not {expected}", _type_hint(expected, value)
    if kind == "enum":
        near = nearest(str(value), limit)
        hint = f"did you mean '{near}'?" if near else None
        return f"'{where}' is not one of {', '.join(map(str, limit))}", hint
    explained: dict[str, tuple[str, str | None]] = {
        "oneOf": (f"'{where}' does not have exactly one of model, prompt and reply", None),
        "minLength": (f"'{where}' is empty", "give it a value, or leave the key out"),
        "minProperties": (f"'{where}' is empty", "give it a value, or leave the key out"),
        "minItems": (f"'{where}' is an empty list", "give it a value, or leave the key out"),
        "maxLength": (f"'{where}' is longer than {limit} characters", None),
        "minimum": (f"'{where}' is {value}, less than {limit}", None),
        "maximum": (f"'{where}' is {value}, more than {limit}", None),
        "exclusiveMinimum": (f"'{where}' is {value}; it must be more than {limit}", None),
    }
    return explained.get(kind, (f"'{where}' is not what '{kind}' of the schema asks for", None))


def _explain_name(document: Document, parent: str, name: str) -> Finding:
    place = SchemaPlace(document, (parent, name), key=True)
    if parent == "parameters":
        hint = (
            "messages come from the body"
            if name == "messages"
            else f"write '{name}' at the top level of the frontmatter"
        )
        return place.finding("mistyped-key", f"'parameters.{name}' cannot be given here", hint)
    hint = "use letters, digits and '_', and no digit at the beginning"
    return place.finding("mistyped-key", f"{quote(name)} cannot be the name of an input", hint)


def _explain_input(document: Document, path: tuple[Any, ...], value: object) -> Finding:
    """Return why a declaration is invalid: it is neither a type name nor a schema with a known
    type.
    """
    where = dotted(path)
    if isinstance(value, dict):
        for key in ("untrusted", "redact"):
            if not isinstance(value.get(key, False), bool):
                place = SchemaPlace(document, (*path, key))
                return place.finding("mistyped-key", f"'{where}.{key}' is not true or false")
        if not isinstance(value.get("description", ""), str):
            place = SchemaPlace(document, (*path, "description"))
            return place.finding("mistyped-key", f"'{where}.description' is not a text", "quote it")
        path, where, value = (*path, "type"), f"{where}.type", value.get("type")
    near = nearest(value, TYPE_WORDS) if isinstance(value, str) else None
    hint = f"did you mean '{near}'?" if near else f"types are {', '.join(TYPE_WORDS)}"
    what = "a type" if path[-1] == "type" and len(path) > 2 else "a type name or a JSON Schema"
    return SchemaPlace(document, path).finding("mistyped-key", f"'{where}' is not {what}", hint)


def _explain_repetition(document: Document, path: tuple[Any, ...], items: list[object]) -> Finding:
    seen: set[str] = set()
    for index, item in enumerate(items):
        text = json.dumps(item, sort_keys=True)
        if text in seen:
            message = f"'{dotted(path)}' has {quote(str(item))} twice"
            return SchemaPlace(document, (*path, index)).finding(
                "mistyped-key", message, "keep one"
            )
        seen.add(text)
    return SchemaPlace(document, path).finding(
        "mistyped-key", f"'{dotted(path)}' has an item twice"
    )


def _type_hint(expected: str, value: object, where: str = "") -> str | None:
    """Return the spelling that was probably meant, if there is one."""
    if value is None:
        return "give it a value, or leave the key out"
    if where == "ignore":
        return "write the reason to each check: {check-id: reason}"
    if expected.startswith("a text") and isinstance(value, (int, float)):
        return "quote it"
    if expected == "a list" and isinstance(value, str) and value.isprintable():
        return f"write [{value}]" if len(value) < 80 else "write it in brackets"
    if isinstance(value, str) and expected in {"a number", "a whole number"}:
        try:
            number = float(value)
        except ValueError:
            return None
        return f"write {number:g}, without quotes" if abs(number) < 1e6 else "leave out the quotes"
    if isinstance(value, str) and expected == "true or false":
        return "leave out the quotes" if value in {"true", "false"} else "write true or false"
    return None
