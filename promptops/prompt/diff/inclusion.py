"""Prove that one JSON Schema accepts every value that another accepts.

The proof is sound and incomplete. It works on types, alternatives and keywords. An unknown keyword
proves nothing unless both schemas contain the same one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from promptops.prompt.diff.values import same_json
from promptops.prompt.schema import compile_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Schema = bool | dict[str, Any]

_TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
# Keywords whose meaning depends on other keywords of the same schema.
_GROUPS = {
    keyword: group
    for group in (("if", "then", "else"), ("contains", "minContains", "maxContains"))
    for keyword in group
}
_WHOLE = frozenset({"unevaluatedItems", "unevaluatedProperties"})
_NUMBER_KEYWORDS = frozenset(
    {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
)
_STRING_KEYWORDS = frozenset({"minLength", "maxLength", "pattern"})
_ARRAY_KEYWORDS = frozenset({"items", "prefixItems", "minItems", "maxItems", "uniqueItems"}) | set(
    _GROUPS
) - {"if", "then", "else"}
_OBJECT_KEYWORDS = frozenset(
    {"properties", "patternProperties", "additionalProperties", "required", "propertyNames"}
    | {"minProperties", "maxProperties", "dependentRequired", "dependentSchemas"}
)
_OWNERS = {
    **dict.fromkeys(_NUMBER_KEYWORDS, frozenset({"integer", "number"})),
    **dict.fromkeys(_STRING_KEYWORDS, frozenset({"string"})),
    **dict.fromkeys(_ARRAY_KEYWORDS, frozenset({"array"})),
    **dict.fromkeys(_OBJECT_KEYWORDS, frozenset({"object"})),
}
_MAX_STEPS = 10_000
_MAX_DEPTH = 64


class TooHardError(Exception):
    """The proof would take too long, or depends on an unsupported keyword."""


def is_subset(inner: Schema, outer: Schema) -> bool:
    """Return whether `outer` provably accepts every value that `inner` accepts.

    Both must be valid and contain no references. False means that no proof was found.
    """
    try:
        return _Proof().is_subset((inner,), outer)
    except (TooHardError, ValueError, RecursionError, OverflowError):
        return False


class _Alternative:
    """Schemas that a value must all satisfy, without `allOf`, `anyOf` or `oneOf`.

    A keyword that a proof ignores can make the proof fail, never make it wrong.
    """

    def __init__(
        self, parts: tuple[dict[str, Any], ...], facts: tuple[dict[str, Any], ...]
    ) -> None:
        self.parts = parts
        self.facts = facts
        self.types = self._find_types()

    def _find_types(self) -> frozenset[str]:
        types = frozenset(_TYPES)
        for part in self.facts:
            if "type" in part:
                types &= _expand_types(part["type"])
        return types - {"integer"} if "number" in types else types

    def get_all(self, keyword: str) -> Iterator[Any]:
        """Yield the value of `keyword` in each schema that has it."""
        return (part[keyword] for part in self.parts if keyword in part)

    def find_values(self) -> list[Any] | None:
        """Return every accepted value if they can be listed; None if not."""
        for part in self.parts:
            if "const" in part:
                return self._keep_valid([part["const"]])
            if "enum" in part:
                return self._keep_valid(part["enum"])
        return None

    def list_values(self, kind: str) -> list[Any] | None:
        """Return all values of a type that has only a few: null and boolean."""
        if kind == "null":
            return self._keep_valid([None])
        return self._keep_valid([True, False]) if kind == "boolean" else None

    def _keep_valid(self, values: list[Any]) -> list[Any]:
        validator = compile_schema({"allOf": list(self.facts)})
        return [value for value in values if validator.is_valid(value)]


def _expand_types(declared: str | list[str]) -> frozenset[str]:
    types = {declared} if isinstance(declared, str) else set(declared)
    # Every integer is a number.
    return frozenset(types | {"integer"} if "number" in types else types)


class _Proof:
    def __init__(self) -> None:
        self._steps = 0
        self._depth = 0

    def _step(self) -> None:
        self._steps += 1
        if self._steps > _MAX_STEPS:
            raise TooHardError

    def is_subset(self, inner: tuple[Schema, ...], outer: Schema) -> bool:
        """Return whether `outer` provably accepts every value that all of `inner` accept."""
        self._step()
        if outer is True or outer == {}:
            return True
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise TooHardError
        try:
            return all(self._covers(one, outer) for one in self._expand(inner, ()))
        finally:
            self._depth -= 1

    def _expand(
        self, schemas: tuple[Schema, ...], facts: tuple[dict[str, Any], ...]
    ) -> Iterator[_Alternative]:
        """Return alternatives that together accept every value that all of `schemas` accept."""
        self._step()
        parts: list[dict[str, Any]] = []
        pending = list(schemas)
        while pending:
            schema = pending.pop(0)
            if isinstance(schema, bool):
                if schema:
                    continue
                return
            facts = (*facts, schema)
            for keyword in ("allOf", "anyOf", "oneOf"):
                if keyword not in schema:
                    continue
                # `unevaluated...` depends on the keywords that expanding removes.
                gone = _WHOLE | {keyword}
                rest = {key: value for key, value in schema.items() if key not in gone}
                others = (*parts, *pending, rest)
                if keyword == "allOf":
                    yield from self._expand((*others, *schema[keyword]), facts)
                else:
                    for branch in schema[keyword]:
                        yield from self._expand((*others, branch), facts)
                return
            parts.append(schema)
        yield _Alternative(tuple(parts), facts)

    def _covers(self, one: _Alternative, outer: Schema) -> bool:
        values = one.find_values()
        if values is not None:
            return _all_valid(values, outer)
        return all(self._covers_type(one, kind, outer) for kind in one.types)

    def _covers_type(self, one: _Alternative, kind: str, outer: Schema) -> bool:
        self._step()
        if outer is True:
            return True
        if _is_empty(one, kind) or any(same_json(outer, fact) for fact in one.facts):
            return True
        values = one.list_values(kind)
        if values is not None:
            return _all_valid(values, outer)
        if outer is False:
            return False
        return all(self._covers_keyword(one, kind, keyword, outer) for keyword in outer)

    def _covers_keyword(
        self, one: _Alternative, kind: str, keyword: str, outer: dict[str, Any]
    ) -> bool:
        if kind not in _OWNERS.get(keyword, _TYPES):
            return True
        if _is_stated(one, keyword, outer):
            return True
        value = outer[keyword]
        if keyword == "type":
            return kind in _expand_types(value)
        if keyword == "allOf":
            return all(self._covers_type(one, kind, branch) for branch in value)
        if keyword == "anyOf":
            return any(self._covers_type(one, kind, branch) for branch in value)
        if keyword == "oneOf":
            return self._covers_one_of(one, kind, value)
        if keyword in _BOUNDS:
            return _BOUNDS[keyword](one, kind, value)
        rule = _RULES.get(keyword)
        return rule is not None and rule(self, one, outer)

    def _covers_one_of(self, one: _Alternative, kind: str, branches: list[Schema]) -> bool:
        """Prove `oneOf`: one branch provably accepts, and every other branch provably refuses."""
        return any(
            self._covers_type(one, kind, branch)
            and all(
                self._is_apart(one, kind, other)
                for position, other in enumerate(branches)
                if position != index
            )
            for index, branch in enumerate(branches)
        )

    def _is_apart(self, one: _Alternative, kind: str, schema: Schema) -> bool:
        """Return whether `schema` provably refuses every value of `one`."""
        if isinstance(schema, bool):
            return not schema
        if "type" in schema and not _may_be(kind, schema["type"]):
            return True
        for value in (*schema.get("enum", ()), *([schema["const"]] if "const" in schema else ())):
            if _type_of(value) == kind or (kind == "number" and _type_of(value) == "integer"):
                break
        else:
            if "enum" in schema or "const" in schema:
                return True
        return kind == "object" and any(
            name in _required(one) and self._never_meet(_property(one, name), wanted)
            for name, wanted in schema.get("properties", {}).items()
        )

    def _never_meet(self, schemas: tuple[Schema, ...], other: Schema) -> bool:
        """Return whether each listed value of one side is provably refused by the other."""
        for one in self._expand(schemas, ()):
            values = one.find_values()
            if values is None or any(compile_schema(other).is_valid(value) for value in values):
                return False
        return True

    def covers_items(self, one: _Alternative, outer: dict[str, Any]) -> bool:
        """Prove `items`, when neither side has `prefixItems`."""
        if "prefixItems" in outer:
            return False
        inner = tuple(
            part["items"] for part in one.parts if "items" in part and "prefixItems" not in part
        )
        return self.is_subset(inner, outer["items"])

    def covers_properties(self, one: _Alternative, outer: dict[str, Any]) -> bool:
        """Prove each property that `outer` describes."""
        return all(
            self.is_subset(_property(one, name), schema)
            for name, schema in outer["properties"].items()
        )

    def covers_additional(self, one: _Alternative, outer: dict[str, Any]) -> bool:
        """Prove every property that `outer` does not name: those that `one` names, and all
        others.
        """
        wanted = outer["additionalProperties"]
        described = outer.get("properties", {})
        named = {name for properties in one.get_all("properties") for name in properties}
        others = tuple(
            part["additionalProperties"]
            for part in one.parts
            if "additionalProperties" in part and not part.get("patternProperties")
        )
        return self.is_subset(others, wanted) and all(
            self.is_subset(_property(one, name), wanted) for name in sorted(named - set(described))
        )

    def covers_names(self, one: _Alternative, outer: dict[str, Any]) -> bool:
        """Prove `propertyNames`."""
        return self.is_subset(
            (*one.get_all("propertyNames"), {"type": "string"}), outer["propertyNames"]
        )


def _all_valid(values: Iterable[Any], schema: Schema) -> bool:
    validator = compile_schema(schema)
    return all(validator.is_valid(value) for value in values)


def _may_be(kind: str, declared: str | list[str]) -> bool:
    types = _expand_types(declared)
    return kind in types or (kind == "number" and "integer" in types)


def _type_of(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, float):
        return "integer" if value.is_integer() else "number"
    names = {int: "integer", str: "string", list: "array", dict: "object", type(None): "null"}
    return names.get(type(value), "null")


def _is_stated(one: _Alternative, keyword: str, outer: dict[str, Any]) -> bool:
    """Return whether `one` has the same value for a keyword (or group) that does not depend on
    context.
    """
    if keyword in _WHOLE or keyword in {"items", "additionalProperties"}:
        return False
    group = _GROUPS.get(keyword, (keyword,))
    return any(
        keyword in fact
        and all(
            (key in fact) == (key in outer) and same_json(fact.get(key), outer.get(key))
            for key in group
        )
        for fact in one.facts
    )


def _required(one: _Alternative) -> frozenset[str]:
    return frozenset(name for names in one.get_all("required") for name in names)


def _property(one: _Alternative, name: str) -> tuple[Schema, ...]:
    """Return the schemas that `one` applies to the value of a property."""
    found: list[Schema] = []
    for part in one.parts:
        if name in part.get("properties", {}):
            found.append(part["properties"][name])
        elif "additionalProperties" in part and not part.get("patternProperties"):
            found.append(part["additionalProperties"])
    return tuple(found)


def _is_empty(one: _Alternative, kind: str) -> bool:
    """Return whether bounds and required names leave no valid value of that type."""
    if kind in {"integer", "number"}:
        low, high = _low(one, kind), _high(one, kind)
        return low[0] > high[0] or (low[0] == high[0] and low[1] + high[1] > 0)
    if kind == "object":
        return any(False in _property(one, name) for name in _required(one))
    least, most = {"string": ("minLength", "maxLength"), "array": ("minItems", "maxItems")}.get(
        kind, ("", "")
    )
    return _least(one, least) > _most(one, most)


def _low(one: _Alternative, kind: str) -> tuple[float, int]:
    """Return the greatest lower bound, and 1 if the bound itself is excluded, else 0."""
    bounds: list[tuple[float, int]] = [(value, 0) for value in one.get_all("minimum")]
    bounds += [(value, 1) for value in one.get_all("exclusiveMinimum")]
    if kind == "integer":
        bounds = [
            (math.floor(value) + 1 if excluded else math.ceil(value), 0)
            for value, excluded in bounds
        ]
    return max(bounds, default=(-math.inf, 0))


def _high(one: _Alternative, kind: str) -> tuple[float, int]:
    """Return the least upper bound, and 1 if the bound itself is excluded, else 0."""
    bounds: list[tuple[float, int]] = [(value, 0) for value in one.get_all("maximum")]
    bounds += [(value, -1) for value in one.get_all("exclusiveMaximum")]
    if kind == "integer":
        bounds = [
            (math.ceil(value) - 1 if excluded else math.floor(value), 0)
            for value, excluded in bounds
        ]
    value, excluded = min(bounds, default=(math.inf, 0))
    return value, -excluded


def _least(one: _Alternative, keyword: str) -> float:
    return max(one.get_all(keyword), default=0)


def _most(one: _Alternative, keyword: str) -> float:
    return min(one.get_all(keyword), default=math.inf)


def _divides(one: _Alternative, kind: str, divisor: float) -> bool:
    if divisor == 1 and kind == "integer":
        return True
    return any(
        isinstance(factor, int) and isinstance(divisor, int) and factor % divisor == 0
        for factor in one.get_all("multipleOf")
    )


_BOUNDS: dict[str, Callable[[_Alternative, str, Any], bool]] = {
    "minimum": lambda one, kind, value: _low(one, kind) >= (value, 0),
    "exclusiveMinimum": lambda one, kind, value: _low(one, kind) >= (value, 1),
    "maximum": lambda one, kind, value: _high(one, kind)[0] <= value,
    "exclusiveMaximum": lambda one, kind, value: (
        _high(one, kind)[0] < value or _high(one, kind) == (value, 1)
    ),
    "multipleOf": _divides,
    "minLength": lambda one, _, value: _least(one, "minLength") >= value,
    "maxLength": lambda one, _, value: _most(one, "maxLength") <= value,
    "minItems": lambda one, _, value: _least(one, "minItems") >= value,
    "maxItems": lambda one, _, value: _most(one, "maxItems") <= value,
    "uniqueItems": lambda one, _, value: not value or _most(one, "maxItems") <= 1,
    "minProperties": lambda one, _, value: (
        max(_least(one, "minProperties"), len(_required(one))) >= value
    ),
    "maxProperties": lambda one, _, value: _most(one, "maxProperties") <= value,
    "required": lambda one, _, value: _required(one).issuperset(value),
    "pattern": lambda one, _, value: value in one.get_all("pattern"),
}

_RULES: dict[str, Callable[[_Proof, _Alternative, dict[str, Any]], bool]] = {
    "items": _Proof.covers_items,
    "properties": _Proof.covers_properties,
    "additionalProperties": _Proof.covers_additional,
    "propertyNames": _Proof.covers_names,
}
