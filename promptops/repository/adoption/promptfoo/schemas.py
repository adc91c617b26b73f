"""Convert JSON Schemas from promptfoo's draft 7 to draft 2020-12, which our scorer uses."""

from __future__ import annotations

from typing import Any

_PARTS = (
    *("additionalItems", "additionalProperties", "contains", "else", "if", "not"),
    *("propertyNames", "then"),
)
_LISTS = ("allOf", "anyOf", "oneOf")
_MAPPINGS = ("definitions", "patternProperties", "properties")
_PLAIN = frozenset(
    [
        "$comment",
        "$id",
        "$ref",
        "$schema",
        "const",
        "default",
        "description",
        "enum",
        "examples",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "format",
        "items",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "multipleOf",
        "pattern",
        "readOnly",
        "required",
        "title",
        "type",
        "uniqueItems",
        "writeOnly",
        "contentEncoding",
        "contentMediaType",
        "dependencies",
        "nullable",
    ]
)
# promptfoo checks `format`; our scorer does not.
_FOREIGN = ("dependencies", "format", "nullable", "$id")
_KNOWN = _PLAIN.union(_PARTS, _LISTS, _MAPPINGS)
_DRAFT_7 = frozenset(
    {"http://json-schema.org/draft-07/schema#", "http://json-schema.org/draft-07/schema"}
)


class NeverJudgedError(Exception):
    """promptfoo's engine refuses the schema, so that its check ends in an error."""


class ForeignSchemaError(Exception):
    """The schema has no equivalent; the message says why."""


def translate(schema: Any) -> Any:  # noqa: ANN401 - any JSON Schema
    """Return a schema of draft 2020-12 that accepts the same values.

    Raises:
        NeverJudgedError: promptfoo refuses it.
        ForeignSchemaError: it has no equivalent.
    """
    if isinstance(schema, bool):
        return schema
    if not isinstance(schema, dict):
        raise NeverJudgedError("the schema is not a mapping")
    _check_keywords(schema)
    if "$ref" in schema:
        # Draft 7 ignores all keywords next to `$ref`.
        return {"$ref": schema["$ref"], **_definitions(schema)}
    found = {key: _translate_keyword(key, one) for key, one in schema.items() if key != "$schema"}
    others = found.pop("additionalItems", None)
    if isinstance(found.get("items"), list):
        found["prefixItems"] = found.pop("items")
        if others is not None:
            found["items"] = others
    return found


def _check_keywords(schema: dict[str, Any]) -> None:
    if unknown := [key for key in schema if key not in _KNOWN]:
        raise NeverJudgedError(f"the schema has the unknown keyword '{unknown[0]}'")
    if schema.get("$schema") not in {None, *_DRAFT_7}:
        raise NeverJudgedError(f"the schema is of {schema['$schema']}")
    for key in _FOREIGN:
        if key in schema:
            raise ForeignSchemaError(f"'{key}'")


def _translate_keyword(key: str, value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if key in _PARTS:
        return translate(value)
    if key in _LISTS:
        return [translate(one) for one in _sequence(value, key)]
    if key in _MAPPINGS:
        if not isinstance(value, dict):
            raise NeverJudgedError(f"'{key}' of the schema is not a mapping")
        return {name: translate(one) for name, one in value.items()}
    if key == "items":
        return [translate(one) for one in value] if isinstance(value, list) else translate(value)
    return value


def _definitions(schema: dict[str, Any]) -> dict[str, Any]:
    found = schema.get("definitions")
    if not isinstance(found, dict):
        return {}
    return {"definitions": {name: translate(one) for name, one in found.items()}}


def _sequence(value: Any, key: str) -> list[Any]:  # noqa: ANN401 - any JSON value
    if not isinstance(value, list) or not value:
        raise NeverJudgedError(f"'{key}' of the schema is not a list")
    return value
