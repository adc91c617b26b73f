"""Validate values by promptops' own JSON Schemas, such as that of frontmatter.

`schema.py` supports all of JSON Schema, for the schemas of users; starting its engine takes a sixth
of the time of `promptops resolve`. Our own schemas use few keywords, which this module compiles to
functions. A schema with another keyword is refused. A test compares the results with the engine's.

Values must be JSON values: no other types, no infinite numbers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class ContractFault(NamedTuple):
    """One fault of a value.

    Attributes:
        path: the path to the value that is refused.
        kind: the keyword that refuses it.
        limit: the keyword's value in the schema; for `required`, the missing name.
        instance: the refused value; for `propertyNames`, the name; for `additionalProperties`, the
            unknown names.
    """

    path: tuple[str | int, ...]
    kind: str
    limit: Any
    instance: Any


_Faults: TypeAlias = tuple[ContractFault, ...]
_Check: TypeAlias = "Callable[[Any], _Faults]"


def _identity(value: Any) -> object:  # noqa: ANN401 - any JSON value
    """Return a key that is equal for equal JSON values: 1 equals 1.0, but not true."""
    if type(value) is list:
        return ("list", *map(_identity, value))
    if type(value) is dict:
        return ("dict", frozenset((key, _identity(item)) for key, item in value.items()))
    return ("bool", value) if type(value) is bool else value


def _matches(value: str, pattern: str) -> bool:
    # In Python, $ also matches before a last newline.
    return re.search(pattern.replace("$", r"\Z"), value) is not None


# In Python, a boolean is an int; exact types tell them apart.
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
# Keyword -> the types to which it applies, and a function that tells whether a value fits.
_BOUNDS: dict[str, tuple[tuple[type, ...], Callable[[Any, Any], bool]]] = {
    "minLength": ((str,), lambda value, limit: len(value) >= limit),
    "maxLength": ((str,), lambda value, limit: len(value) <= limit),
    "pattern": ((str,), _matches),
    "minimum": ((int, float), lambda value, limit: value >= limit),
    "maximum": ((int, float), lambda value, limit: value <= limit),
    "exclusiveMinimum": ((int, float), lambda value, limit: value > limit),
    "minItems": ((list,), lambda value, limit: len(value) >= limit),
    "uniqueItems": (
        (list,),
        lambda value, limit: not limit or len(set(map(_identity, value))) == len(value),
    ),
    "minProperties": ((dict,), lambda value, limit: len(value) >= limit),
}
_OTHERS = {
    *("$schema", "title", "description", "$defs", "$ref", "type", "enum", "not", "anyOf", "oneOf"),
    *("items", "required", "properties", "additionalProperties", "propertyNames"),
}


def compile_contract(
    schema: Mapping[str, Any], definitions: Mapping[str, Any] | None = None
) -> Callable[[Any], tuple[ContractFault, ...]]:
    """Return a function that returns all faults of a value.

    Args:
        schema: the schema.
        definitions: the schemas to which it may refer; by default its own `$defs`.

    Raises:
        NotImplementedError: the schema has an unsupported keyword.
    """
    known = schema.get("$defs", {}) if definitions is None else definitions
    unknown = schema.keys() - _OTHERS - _BOUNDS.keys()
    if unknown:
        raise NotImplementedError(", ".join(sorted(unknown)))
    if "$ref" in schema:
        return compile_contract(known[schema["$ref"].removeprefix("#/$defs/")], known)
    expected = schema.get("type")
    types = None if expected is None else _TYPES[expected]
    checks = [
        *_compile_bounds(schema),
        *_compile_items(schema, known),
        *_compile_object(schema, known),
        *_compile_alternatives(schema, known),
    ]

    def check(value: Any) -> _Faults:  # noqa: ANN401 - any JSON value
        kind = type(value)
        if types is not None and kind not in types:
            is_whole = expected == "integer" and kind is float and value.is_integer()
            if not is_whole:
                return (ContractFault((), "type", [expected], value),)
        found: _Faults = ()
        for applies, judge in checks:
            if not applies or kind in applies:
                found += judge(value)
        return found

    return check


_Applied: TypeAlias = tuple[tuple[type, ...], _Check]


def _compile_bounds(schema: Mapping[str, Any]) -> list[_Applied]:
    def bound(kind: str, limit: Any, is_met: Callable[[Any, Any], bool]) -> _Check:  # noqa: ANN401
        fault = kind, limit
        return lambda value: () if is_met(value, limit) else (ContractFault((), *fault, value),)

    return [
        (types, bound(keyword, schema[keyword], is_met))
        for keyword, (types, is_met) in _BOUNDS.items()
        if keyword in schema
    ]


def _compile_alternatives(schema: Mapping[str, Any], known: Mapping[str, Any]) -> list[_Applied]:
    """Compile `enum`, `not`, `anyOf` and `oneOf`."""

    def one_of(kind: str, limit: Any, is_met: Callable[[Any], bool]) -> _Applied:  # noqa: ANN401
        fault = kind, limit
        return (), lambda value: () if is_met(value) else (ContractFault((), *fault, value),)

    made = []
    if "enum" in schema:
        identities = {_identity(one) for one in schema["enum"]}
        made.append(one_of("enum", schema["enum"], lambda value: _identity(value) in identities))
    if "not" in schema:
        refused = compile_contract(schema["not"], known)
        made.append(one_of("not", schema["not"], lambda value: bool(refused(value))))
    if "anyOf" in schema:
        some = [compile_contract(inner, known) for inner in schema["anyOf"]]
        made.append(one_of("anyOf", None, lambda value: any(not inner(value) for inner in some)))
    if "oneOf" in schema:
        each = [compile_contract(inner, known) for inner in schema["oneOf"]]
        made.append(
            one_of("oneOf", None, lambda value: sum(not inner(value) for inner in each) == 1)
        )
    return made


def _compile_items(schema: Mapping[str, Any], known: Mapping[str, Any]) -> list[_Applied]:
    if "items" not in schema:
        return []
    inner = compile_contract(schema["items"], known)

    def judge(values: Sequence[Any]) -> _Faults:
        return tuple(
            fault for index, value in enumerate(values) for fault in _below(index, inner(value))
        )

    return [((list,), judge)]


def _compile_object(schema: Mapping[str, Any], known: Mapping[str, Any]) -> list[_Applied]:
    required = schema.get("required", ())
    properties = {
        name: compile_contract(inner, known) for name, inner in schema.get("properties", {}).items()
    }
    more = schema.get("additionalProperties", True)
    others = compile_contract(more, known) if isinstance(more, dict) else None
    naming = schema.get("propertyNames")
    names = compile_contract(naming, known) if naming is not None else None

    def judge(value: Mapping[str, Any]) -> _Faults:
        found = [
            ContractFault((), "required", name, value) for name in required if name not in value
        ]
        unknown = []
        for name, item in value.items():
            inner = properties.get(name, others)
            if inner is not None:
                found += _below(name, inner(item))
            elif name not in properties:
                unknown.append(name)
            if names is not None and names(name):
                found.append(ContractFault((), "propertyNames", naming, name))
        if unknown and more is False:
            found.append(ContractFault((), "additionalProperties", more, unknown))
        return tuple(found)

    return [((dict,), judge)]


def _below(step: str | int, faults: _Faults) -> _Faults:
    return tuple(fault._replace(path=(step, *fault.path)) for fault in faults)
