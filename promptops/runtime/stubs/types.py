"""Convert JSON Schemas to types, independent of languages. Pure.

A type is less strict than its schema: lengths, patterns and bounds are checked at run time. Schemas
without a type (`not`, `if`, an external reference) become any JSON value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.prompt.inputs import input_schemas

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from promptops.prompt.prompt import Prompt

_SCALARS = ("string", "integer", "number", "boolean", "null")
_WORD = re.compile(r"[A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class ScalarType:
    """`string`, `integer`, `number`, `boolean`, `null`, or `any`."""

    name: str


@dataclass(frozen=True, slots=True)
class LiteralType:
    """One of some values: strings, numbers, true, false or null."""

    values: tuple[str | int | float | bool | None, ...]


@dataclass(frozen=True, slots=True)
class ListType:
    """A list of one type."""

    item: StubType


@dataclass(frozen=True, slots=True)
class MapType:
    """An object with unknown keys."""

    value: StubType


@dataclass(frozen=True, slots=True)
class UnionType:
    """A union of types."""

    options: tuple[StubType, ...]


@dataclass(frozen=True, slots=True)
class NamedType:
    """A type that is declared under a name."""

    name: str


StubType = ScalarType | LiteralType | ListType | MapType | UnionType | NamedType
ANY = ScalarType("any")


class StubField(NamedTuple):
    """One member of an object.

    Attributes:
        name: its name.
        type: its type.
        is_required: whether it is required.
        description: its description, or "".
    """

    name: str
    type: StubType
    is_required: bool
    description: str


class StubObject(NamedTuple):
    """An object with known members, declared under a name."""

    name: str
    fields: tuple[StubField, ...]
    description: str


class StubAlias(NamedTuple):
    """A type other than an object, declared under a name."""

    name: str
    type: StubType


# Names that generated files declare besides those of prompts, in lower case.
_OWN_NAMES = (
    "prompterror",
    "promptinputs",
    "promptname",
    "promptoptions",
    "promptoutputs",
    "promptref",
    "promptrun",
    "promptselectors",
    "promptservice",
)


class PromptStub(NamedTuple):
    """The types of one prompt.

    Attributes:
        name: the prompt's name.
        base: the name as one word, for names of types.
        version: the live version.
        description: the prompt's description.
        declarations: the declared types that `inputs` and `output` use, in the order of writing.
        inputs: the type of the inputs.
        output: the type of the answer; None for text.
    """

    name: str
    base: str
    version: str
    description: str
    declarations: tuple[StubObject | StubAlias, ...]
    inputs: NamedType
    output: StubType | None


def read_stubs(prompts: Iterable[Prompt]) -> list[PromptStub]:
    """Return the types of prompts. Equal names get a number."""
    taken = set(_OWN_NAMES)
    found = []
    for prompt in prompts:
        base = _distinct("".join(part.capitalize() for part in _WORD.findall(prompt.name)), taken)
        inputs = input_schemas(prompt.inputs)
        names = _Declarations(taken)
        schema = {
            "type": "object",
            "properties": inputs,
            "required": [name for name in inputs if "default" not in inputs[name]],
        }
        # Each input is a separate schema: references are relative to it.
        fields = tuple(
            StubField(
                name,
                _SchemaReading(one, f"{base}{_title(name)}", names).read(),
                name in schema["required"],
                str(one.get("description", "")),
            )
            for name, one in inputs.items()
        )
        own = names.declare(f"{base}Inputs")
        names.add(StubObject(own, fields, f"Inputs of {prompt.name}."))
        output = None
        if prompt.output is not None:
            output = _SchemaReading(prompt.output, f"{base}Output", names).read()
        found.append(
            PromptStub(
                prompt.name,
                base,
                str(prompt.version),
                prompt.description,
                tuple(names.found),
                NamedType(own),
                output,
            )
        )
    return found


@dataclass
class _Declarations:
    """The declarations of one prompt, with unique names."""

    taken: set[str]
    found: list[StubObject | StubAlias] = field(default_factory=list)

    def declare(self, name: str) -> str:
        return _distinct(name, self.taken)

    def add(self, one: StubObject | StubAlias) -> None:
        self.found.append(one)


class _SchemaReading:
    """Reads one schema, including references to its own parts."""

    def __init__(self, root: Any, base: str, names: _Declarations) -> None:  # noqa: ANN401 - JSON
        self._root = root
        self._base = base
        self._names = names
        self._references: dict[str, str] = {}

    def read(self) -> StubType:
        """Return the type of the whole schema."""
        return self._read(self._root, self._base)

    def _read(self, schema: Any, name: str) -> StubType:  # noqa: ANN401 - one line a kind
        if not isinstance(schema, dict):
            return ANY
        if isinstance(schema.get("$ref"), str):
            return self._refer(schema["$ref"])
        if "const" in schema:
            return _literal([schema["const"]])
        if isinstance(schema.get("enum"), list):
            return _literal(schema["enum"])
        for word in ("anyOf", "oneOf"):
            if isinstance(schema.get(word), list):
                options = [self._read(one, f"{name}{i}") for i, one in enumerate(schema[word], 1)]
                return _make_union(options)
        kinds = schema.get("type")
        if kinds is None and isinstance(schema.get("properties"), dict):
            kinds = "object"
        kinds = kinds if isinstance(kinds, list) else [kinds]
        return _make_union([self._read_kind(kind, schema, name) for kind in kinds])

    def _read_kind(self, kind: object, schema: Mapping[str, Any], name: str) -> StubType:
        if kind in _SCALARS:
            return ScalarType(str(kind))
        if kind == "array":
            items = schema.get("items")
            return ListType(self._read(items, f"{name}Item"))
        if kind != "object":
            return ANY
        properties = schema.get("properties")
        if not isinstance(properties, dict) or not properties:
            extra = schema.get("additionalProperties")
            return MapType(self._read(extra, f"{name}Value"))
        own = self._names.declare(name)
        required = schema.get("required")
        needed = set(required) if isinstance(required, list) else set()
        fields = tuple(
            StubField(
                key,
                self._read(value, f"{name}{_title(key)}"),
                key in needed,
                str(value.get("description", "")) if isinstance(value, dict) else "",
            )
            for key, value in properties.items()
        )
        self._names.add(StubObject(own, fields, str(schema.get("description", ""))))
        return NamedType(own)

    def _refer(self, reference: str) -> StubType:
        """Return the type of a referenced part, which is declared once and may refer to itself."""
        if reference not in self._references:
            target = _find(self._root, reference)
            if target is None:
                return ANY
            own = self._names.declare(f"{self._base}{_title(reference.rpartition('/')[2])}")
            self._references[reference] = own
            self._names.add(StubAlias(own, self._read(target, f"{own}Value")))
        return NamedType(self._references[reference])


def _find(root: Any, reference: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return the part of a schema that a reference names; None if there is no such part."""
    if not reference.startswith("#"):
        return None
    found = root
    for part in reference[1:].split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(found, dict) or key not in found:
            return None
        found = found[key]
    return found


def _literal(values: list[Any]) -> StubType:
    if not values or any(isinstance(one, (list, dict)) for one in values):
        return ANY
    return LiteralType(tuple(values))


def _make_union(options: list[StubType]) -> StubType:
    # By their texts, since in Python 1 equals True.
    found = tuple({repr(one): one for one in options}.values())
    if ANY in found or not found:
        return ANY
    return found[0] if len(found) == 1 else UnionType(found)


def _title(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in _WORD.findall(name)) or "Part"


def _distinct(name: str, taken: set[str]) -> str:
    """Return a unique name that starts with a letter."""
    base = name if name[:1].isalpha() else f"Prompt{name}"
    found, number = base, 1
    while found.lower() in taken:
        number += 1
        found = f"{base}{number}"
    taken.add(found.lower())
    return found


def sample_inputs(stub: PromptStub) -> dict[str, Any]:
    """Return inputs of the right types, for an example call."""
    known = {one.name: one for one in stub.declarations}
    found = _sample(stub.inputs, known, 0)
    return found if isinstance(found, dict) else {}


def sample_output(stub: PromptStub) -> Any:  # noqa: ANN401 - any JSON value
    """Return an answer of the right type; None if the answer is text."""
    known = {one.name: one for one in stub.declarations}
    return None if stub.output is None else _sample(stub.output, known, 0)


def _sample(one: StubType, known: Mapping[str, StubObject | StubAlias], depth: int) -> Any:  # noqa: ANN401 - JSON
    if isinstance(one, LiteralType):
        return one.values[0]
    if isinstance(one, UnionType):
        return _sample(one.options[0], known, depth)
    if isinstance(one, ListType):
        return []
    if isinstance(one, MapType):
        return {}
    if isinstance(one, NamedType):
        declared = known[one.name]
        if isinstance(declared, StubAlias):
            return _sample(declared.type, known, depth + 1) if depth < _MAX_DEPTH else None
        needed = [field for field in declared.fields if field.is_required]
        return {field.name: _sample(field.type, known, depth + 1) for field in needed}
    return _SAMPLES[one.name]


_MAX_DEPTH = 20
_SAMPLES = {"string": "...", "integer": 1, "number": 1.5, "boolean": True, "null": None, "any": ""}
