"""Decide whether one JSON Schema accepts every value that another accepts.

The question cannot be decided for all schemas, so the answer is conservative: `wider` and
`narrower` are proven, everything else is `undecidable`. Values are validated by JSON Schema
2020-12, with `format` as an assertion.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from promptops.prompt.diff.inclusion import TooHardError, is_subset
from promptops.prompt.diff.values import same_json
from promptops.prompt.schema import compile_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.prompt.diff.inclusion import Schema

ANNOTATIONS = frozenset(
    {"title", "description", "default", "examples", "$comment", "deprecated", "readOnly"}
    | {"writeOnly", "untrusted", "redact"}
)
"""Keywords that do not affect which values are valid."""

_ONE = frozenset(
    {"items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"}
    | {"unevaluatedItems", "unevaluatedProperties"}
)
_MANY = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_NAMED = frozenset({"properties", "patternProperties", "dependentSchemas"})
_DEFINING = frozenset({"$defs", "definitions", "$schema", "$ref"})
# Their meaning depends on the schema's location or on other schemas; the proof does not support
# them.
_PLACED = frozenset(
    {"$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$vocabulary"}
)
_MAX_STEPS = 10_000


class Relation(StrEnum):
    """The relation of the values that a new schema accepts to those of the old one."""

    SAME = "same"
    WIDER = "wider"
    NARROWER = "narrower"
    UNDECIDABLE = "undecidable"


def compare_schemas(old: Mapping[str, Any] | bool, new: Mapping[str, Any] | bool) -> Relation:  # noqa: FBT001 - JSON Schema allows true and false
    """Return how `new` relates to `old`.

    SAME: both accept the same values. WIDER: `new` accepts all that `old` accepted, and possibly
    more. NARROWER: `new` accepts nothing that `old` refused, and possibly less. UNDECIDABLE:
    neither is proven. Annotations are ignored. Never raises.
    """
    if same_json(old, new):
        return Relation.SAME
    try:
        compile_schema(old)
        compile_schema(new)
        first, second = _Inlining(old).schema(), _Inlining(new).schema()
    except (ValueError, RecursionError, TooHardError):
        return Relation.UNDECIDABLE
    within, contains = is_subset(first, second), is_subset(second, first)
    if within and contains:
        return Relation.SAME
    if within:
        return Relation.WIDER
    return Relation.NARROWER if contains else Relation.UNDECIDABLE


class _Inlining:
    """Expands local references and removes annotations."""

    def __init__(self, root: Mapping[str, Any] | bool) -> None:  # noqa: FBT001 - as above
        self._root = root if isinstance(root, bool) else dict(root)
        self._steps = 0

    def schema(self) -> Schema:
        """Return the expanded schema. Raises TooHardError for references that cannot be
        expanded.
        """
        return self._visit(self._root, ())

    def _visit(self, schema: Schema, above: tuple[str, ...]) -> Schema:
        self._steps += 1
        if self._steps > _MAX_STEPS:
            raise TooHardError
        if isinstance(schema, bool):
            return schema
        if not _PLACED.isdisjoint(schema) or "draft/2020-12/" not in str(
            schema.get("$schema", "draft/2020-12/")
        ):
            raise TooHardError
        kept = {
            key: self._visit_keyword(key, value, above)
            for key, value in schema.items()
            if key not in ANNOTATIONS and key not in _DEFINING
        }
        if "$ref" not in schema:
            return kept
        reference = schema["$ref"]
        if reference in above:
            raise TooHardError
        target = self._visit(self._find(reference), (*above, reference))
        return {"allOf": [target, kept]} if kept else target

    def _visit_keyword(self, key: str, value: Any, above: tuple[str, ...]) -> Any:  # noqa: ANN401 - any JSON value
        if key in _ONE:
            return self._visit(value, above)
        if key in _MANY:
            return [self._visit(item, above) for item in value]
        if key in _NAMED:
            return {name: self._visit(item, above) for name, item in value.items()}
        return value

    def _find(self, reference: str) -> Schema:
        if (reference != "#" and not reference.startswith("#/")) or "%" in reference:
            raise TooHardError
        found: Any = self._root
        for part in reference.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, dict) or key not in found:
                raise TooHardError
            found = found[key]
        if not isinstance(found, (dict, bool)):
            raise TooHardError
        return found
