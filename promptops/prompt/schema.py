"""JSON Schema: the frontmatter's contract, and the schemas that prompts declare themselves.

One engine (jsonschema-rs, draft 2020-12) judges frontmatter, inputs and outputs. No schema is ever
fetched: a reference out of the schema itself is an error.
"""

from __future__ import annotations

import json
import math
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from promptops.errors import InputError, quote
from promptops.prompt.expansion import expansion_fault
from promptops.prompt.finding import Finding, Position, Severity
from promptops.prompt.names import name_from_path
from promptops.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import jsonschema_rs

    from promptops.prompt.frontmatter.document import Document

    # An input's name, the type that is all it asks for (if so), and what judges it otherwise.
    _Judge = tuple[str, type | None, jsonschema_rs.Draft202012Validator]

# Jinja's own words, and the names that its templates are born with.
_RESERVED_INPUTS = frozenset(
    [
        *("and", "or", "not", "in", "is", "if", "else"),
        *("true", "false", "none", "True", "False", "None"),
        *("loop", "self", "super", "caller", "varargs", "kwargs"),
        *("range", "dict", "cycler", "joiner", "namespace", "lipsum"),
    ]
)
TYPE_WORDS = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}
_ALTERNATIVES = {
    "stop": "a text or a list of texts",
    "limitations": "a text or a list of texts",
    "output": "a JSON Schema or the path of one",
    "reply": "a text, an object or a list",
}
_WHOLE_NUMBERS = ("max_tokens", "seed")
_MAX_FAULTS = 100
_MAX_SUGGESTIONS = 20
_MAX_VALUE_DEPTH = 64


@cache
def frontmatter_schema() -> dict[str, Any]:
    """Return the JSON Schema of the frontmatter, as `promptops schema` prints it."""
    loaded: dict[str, Any] = json.loads(Path(__file__).with_name("prompt.schema.json").read_bytes())
    return loaded


class SchemaFault(ValueError):  # noqa: N818 - it becomes a finding, or an error of our own
    """Something is no valid JSON Schema.

    Attributes:
        message: what is wrong, to stand after a colon.
        path: where in the schema.
    """

    def __init__(self, message: str, path: Iterable[str | int] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.path = tuple(path)


def compile_schema(
    schema: Mapping[str, Any] | bool,  # noqa: FBT001 - JSON Schema allows true and false
) -> jsonschema_rs.Draft202012Validator:
    """Return a validator for `schema`.

    Raises SchemaFault, a ValueError, when it is no valid schema, refers to anything outside itself,
    or expands to more than anybody should evaluate. The engine bounds backtracking in patterns: a
    value on which one runs away is refused.
    """
    import jsonschema_rs

    def refuse(uri: str, /) -> NoReturn:
        raise ValueError(uri)

    whole = schema if isinstance(schema, bool) else dict(schema)
    try:
        validator = jsonschema_rs.Draft202012Validator(whole, retriever=refuse)
    except jsonschema_rs.ValidationError as error:
        raise SchemaFault(_schema_message(error), error.instance_path) from None
    except (jsonschema_rs.ReferencingError, ValueError) as error:
        raise SchemaFault(_short(str(error))) from None
    fault = expansion_fault(whole)
    if fault is not None:
        raise SchemaFault(fault)
    return validator


def _compile_again(schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """`compile_schema` for schemas of which a folder has the same ones over and over."""
    text = repr(schema)  # of values that YAML or JSON can hold, and no others are written alike
    known = _compiled.get(text)
    if known is None:
        known = compile_schema(schema)
        if len(_compiled) >= _MAX_COMPILED:
            _compiled.clear()
        _compiled[text] = known
    return known


_compiled: dict[str, jsonschema_rs.Draft202012Validator] = {}
_MAX_COMPILED = 256


def _schema_message(error: jsonschema_rs.ValidationError) -> str:
    message = error.message
    if message.startswith("Resource '"):
        uri = message.removeprefix("Resource '").split("' is not present", 1)[0]
        return f"it refers to {quote(uri)}, which is outside of it"
    if message.startswith("Pointer '"):
        pointer = message.removeprefix("Pointer '").removesuffix("' does not exist")
        return f"it refers to {quote('#' + pointer)}, which does not exist"
    place = ".".join(str(step) for step in error.instance_path)
    if place.rsplit(".", 1)[-1] == "type":
        return f"'{place}' is no type of JSON Schema"
    return f"'{place}': {_short(message)}" if place else _short(message)


@cache
def _frontmatter_validator() -> jsonschema_rs.Draft202012Validator:
    return compile_schema(frontmatter_schema())


def check_metadata(document: Document) -> Iterator[Finding]:
    """Judge a document's frontmatter by the schema: unknown, missing and mistyped keys."""
    data = dict(document.data)
    if is_plainly_valid(data):
        return
    if _frontmatter_validator().is_valid(data) and not any(
        isinstance(data.get(key), float) for key in _WHOLE_NUMBERS
    ):
        return
    yield from islice(_metadata_faults(document, data), _MAX_FAULTS)


def is_plainly_valid(data: Mapping[str, Any]) -> bool:
    """Return whether frontmatter is valid beyond doubt: what almost all of it looks like.

    Starting the engine takes longer than everything else that `resolve` does. So what is plain is
    recognised without it; False only means that the engine has to judge. A test holds this to the
    schema.
    """
    return data.keys() >= _REQUIRED and all(
        key in _PLAIN and _PLAIN[key](value) for key, value in data.items()
    )


def _is_text(value: object) -> bool:
    # What cannot be shown may be half of a surrogate pair, which is not JSON.
    return type(value) is str and value != "" and (value.isascii() or value.isprintable())


def _is_version(value: object) -> bool:
    numbers = value.split(".") if type(value) is str and value.isascii() else ()
    return len(numbers) == 3 and all(
        number.isdigit()
        and len(number) <= _MAX_PLAIN_DIGITS
        and (number == "0" or number[0] != "0")
        for number in numbers
    )


def _is_texts(value: object) -> bool:
    if type(value) is not list or not all(map(_is_text, value)):
        return False
    return len(set(value)) == len(value)


def _is_within(least: float, greatest: float) -> Callable[[object], bool]:
    # A boolean is a whole number to Python alone.
    return lambda value: type(value) in {int, float} and least <= value <= greatest  # type: ignore[operator]


def _is_count(value: object) -> bool:
    return type(value) is int and 1 <= value <= _LARGEST_PLAIN_NUMBER


def _is_path(value: object) -> bool:
    return _is_text(value) and len(str(value)) <= 1024


def _is_inputs(value: object) -> bool:
    return type(value) is dict and all(
        type(name) is str and name.isascii() and name.isidentifier() and _is_input(declared)
        for name, declared in value.items()
    )


def _is_input(value: object) -> bool:
    if type(value) is not dict:
        return type(value) is str and value in TYPE_WORDS
    kind = value.get("type", "string")
    return (
        (type(kind) is str and kind in TYPE_WORDS)
        and type(value.get("description", "")) is str
        and type(value.get("untrusted", False)) is bool
        and type(value.get("redact", False)) is bool
        and _is_plain_json(value)
    )


def _is_plain_json(value: object, levels: int = 16) -> bool:
    """Return whether a value is surely one that the engine takes for JSON."""
    if type(value) is str:
        return value == "" or _is_text(value)
    if type(value) is dict and levels:
        return all(
            type(key) is str and key.isascii() and _is_plain_json(item, levels - 1)
            for key, item in value.items()
        )
    if type(value) is list and levels:
        return all(_is_plain_json(item, levels - 1) for item in value)
    if type(value) in {int, float}:
        return -_LARGEST_PLAIN_NUMBER <= value <= _LARGEST_PLAIN_NUMBER  # type: ignore[operator]
    return value is None or type(value) is bool


_REQUIRED = frozenset({"version", "description", "author", "model"})
_MAX_PLAIN_DIGITS = 9
_LARGEST_PLAIN_NUMBER = 2**53
_PLAIN: dict[str, Callable[[object], bool]] = {
    "version": _is_version,
    "description": _is_text,
    "author": _is_text,
    "requires_review": lambda value: type(value) is bool,
    "status": lambda value: value in ("draft", "active", "deprecated"),
    "tags": _is_texts,
    "model": _is_text,
    "fallbacks": _is_texts,
    "temperature": _is_within(0, 2),
    "top_p": _is_within(0, 1),
    "max_tokens": _is_count,
    "timeout": _is_within(0.001, _LARGEST_PLAIN_NUMBER),
    "inputs": _is_inputs,
    "output": lambda value: _is_path(value) or (type(value) is dict and _is_plain_json(value)),
    "tools": lambda value: _is_texts(value) and all(map(_is_path, value)),  # type: ignore[call-overload]
    "evals": _is_path,
    "metadata": lambda value: type(value) is dict and _is_plain_json(value),
}


def _metadata_faults(document: Document, data: Mapping[str, Any]) -> Iterator[Finding]:
    known = frontmatter_schema()["properties"]
    # What YAML reads differently has been reported; its type would be a second report.
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
            hint = f"the name is the path, {name_from_path(document.path)}: take the line out"
        yield _SchemaPlace(document, (key,), key=True).finding(
            "unknown-key", f"unknown key {quote(key)}", hint
        )
    for key in frontmatter_schema()["required"]:
        if key not in data:
            yield _SchemaPlace(document, ()).finding(
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


class _SchemaPlace:
    """One value (or key) of a document, and the findings about it."""

    __slots__ = ("document", "key", "path")

    def __init__(self, document: Document, path: Sequence[str | int], *, key: bool = False) -> None:
        self.document = document
        self.path = path
        self.key = key

    def finding(self, check: str, message: str, hint: str | None = None) -> Finding:
        position = self.document.locate(self.path, key=self.key) or Position(1, 1, 1, 4)
        return Finding(check, Severity.ERROR, message, self.document.path, position, hint)


def _value_faults(document: Document, key: str, value: object) -> Iterator[Finding]:
    """Yield what is wrong with the value of one known key, in the order of the file."""
    if key in _WHOLE_NUMBERS and isinstance(value, float):
        hint = f"write {int(value)}" if value.is_integer() else None
        message = f"'{key}' is not a whole number"
        yield _SchemaPlace(document, (key,)).finding("mistyped-key", message, hint)
        return
    seen: set[tuple[object, ...]] = set()
    for fault in islice(_property_validator(key).iter_errors(value), _MAX_FAULTS):
        for finding in _explain(document, (key, *fault.instance_path), fault):
            identity = (finding.position, finding.message)
            if identity not in seen:
                seen.add(identity)
                yield finding
        if key == "version":
            return


@cache
def _property_validator(key: str) -> jsonschema_rs.Draft202012Validator:
    schema = frontmatter_schema()
    return compile_schema({"$defs": schema["$defs"], **schema["properties"][key]})


def _version_fault(document: Document, value: object) -> Finding:
    from promptops.errors import UsageError
    from promptops.prompt.version import Version

    place = _SchemaPlace(document, ("version",))
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


def _explain(document: Document, path: tuple[Any, ...], fault: Any) -> Iterator[Finding]:  # noqa: ANN401 - the engine's error
    """Yield one of the engine's errors in words a person understands."""
    kind = fault.kind.name
    if path == ("version",):
        yield _version_fault(document, fault.instance)
    elif kind == "required":
        message, hint = (
            f"'{_dotted(path)}' has no '{fault.kind.value}'",
            f"add '{fault.kind.value}'",
        )
        yield _SchemaPlace(document, path).finding("missing-key", message, hint)
    elif kind == "additionalProperties":
        yield from _explain_unknown(document, path, fault.kind.unexpected)
    elif kind == "propertyNames":
        yield _explain_name(document, path[0], str(fault.kind.error.instance))
    elif kind == "anyOf" and path[0] == "inputs":
        yield _explain_input(document, path, fault.instance)
    elif kind == "uniqueItems":
        yield _explain_repetition(document, path, fault.instance)
    else:
        yield _SchemaPlace(document, path).finding("mistyped-key", *_explain_value(path, fault))


def _explain_unknown(
    document: Document, path: tuple[Any, ...], unexpected: Iterable[str]
) -> Iterator[Finding]:
    schema = frontmatter_schema()["properties"][path[0]]
    known = schema.get("items", schema)["properties"]
    for key in unexpected:
        near = nearest(key, known)
        yield _SchemaPlace(document, (*path, key), key=True).finding(
            "unknown-key",
            f"unknown key {quote(key)} in '{_dotted(path)}'",
            f"did you mean '{near}'?" if near else f"it takes {_quoted(known)}",
        )


def _explain_value(path: tuple[Any, ...], fault: Any) -> tuple[str, str | None]:  # noqa: ANN401 - as above
    where = _dotted(path)
    kind, value, limit = fault.kind.name, fault.instance, fault.kind.value
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
        "minItems": (f"'{where}' is an empty list", "give it a value, or leave the key out"),
        "maxLength": (f"'{where}' is longer than {limit} characters", None),
        "minimum": (f"'{where}' is {value}, less than {limit}", None),
        "maximum": (f"'{where}' is {value}, more than {limit}", None),
        "exclusiveMinimum": (f"'{where}' is {value}, not more than {limit}", None),
    }
    return explained.get(kind, (f"'{where}': {_short(fault.message)}", None))


def _explain_name(document: Document, parent: str, name: str) -> Finding:
    place = _SchemaPlace(document, (parent, name), key=True)
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
    """Return why something is no input: neither a type name nor a schema with a type that
    exists.
    """
    where = _dotted(path)
    if isinstance(value, dict):
        for key in ("untrusted", "redact"):
            if not isinstance(value.get(key, False), bool):
                place = _SchemaPlace(document, (*path, key))
                return place.finding("mistyped-key", f"'{where}.{key}' is not true or false")
        if not isinstance(value.get("description", ""), str):
            place = _SchemaPlace(document, (*path, "description"))
            return place.finding("mistyped-key", f"'{where}.description' is not a text", "quote it")
        path, where, value = (*path, "type"), f"{where}.type", value.get("type")
    near = nearest(value, TYPE_WORDS) if isinstance(value, str) else None
    hint = f"did you mean '{near}'?" if near else f"types are {', '.join(TYPE_WORDS)}"
    what = "a type" if path[-1] == "type" and len(path) > 2 else "a type name or a JSON Schema"
    return _SchemaPlace(document, path).finding("mistyped-key", f"'{where}' is not {what}", hint)


def _explain_repetition(document: Document, path: tuple[Any, ...], items: list[object]) -> Finding:
    seen: set[str] = set()
    for index, item in enumerate(items):
        text = json.dumps(item, sort_keys=True)
        if text in seen:
            message = f"'{_dotted(path)}' has {quote(str(item))} twice"
            return _SchemaPlace(document, (*path, index)).finding(
                "mistyped-key", message, "keep one"
            )
        seen.add(text)
    return _SchemaPlace(document, path).finding(
        "mistyped-key", f"'{_dotted(path)}' has an item twice"
    )


def _dotted(path: Iterable[object]) -> str:
    return quote(".".join(str(step) for step in path))[1:-1]


def _type_hint(expected: str, value: object, where: str = "") -> str | None:
    """Return how the value would have to be written, where that is likely."""
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


def input_schemas(inputs: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return each declared input's JSON Schema; a bare type name becomes `{"type": name}`."""
    return {
        name: {"type": schema} if isinstance(schema, str) else dict(schema)
        for name, schema in inputs.items()
    }


def is_reserved_input(name: str) -> bool:
    """Return whether Jinja keeps this word for itself, so that no template could use the input."""
    return name in _RESERVED_INPUTS


def check_declarations(document: Document) -> Iterator[Finding]:
    """Judge the schemas that a document whose metadata is valid declares in its own file.

    Finds reserved names of inputs, inputs and an output that are no valid JSON Schemas, and
    defaults that their own input would refuse.
    """
    for name, schema in input_schemas(document.data.get("inputs", {})).items():
        if is_reserved_input(name):
            yield _SchemaPlace(document, ("inputs", name), key=True).finding(
                "reserved-input", f"templates cannot use an input called '{name}'", "rename it"
            )
        try:
            validator = _compile_again(schema)
        except SchemaFault as fault:
            place = _SchemaPlace(document, ("inputs", name, *fault.path))
            yield place.finding(
                "invalid-schema", f"input '{name}' has no valid schema: {fault.message}"
            )
            continue
        if "default" in schema:
            reason = _refusal(validator, schema["default"])
            if reason is not None:
                yield _SchemaPlace(document, ("inputs", name, "default")).finding(
                    "invalid-default", f"the default of input '{name}' {reason}"
                )
    output = document.data.get("output")
    if isinstance(output, dict):
        try:
            _compile_again(output)
        except SchemaFault as fault:
            yield _SchemaPlace(document, ("output", *fault.path)).finding(
                "invalid-schema", f"the output has no valid schema: {fault.message}"
            )


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
    as the API reference for chat completions has it. Whether `parameters` is a valid schema is not
    looked at.
    """
    try:
        fault = next(iter(_tool_validator().iter_errors(dict(tool))), None)
    except ValueError as error:
        return str(error)
    if fault is None:
        return None
    where = _dotted(fault.instance_path)
    if fault.kind.name == "required":
        return f"'{f'{where}.' if where else ''}{fault.kind.value}' is missing"
    if fault.kind.name == "const":
        return f"'{where}' is not \"function\""
    if fault.kind.name == "pattern":
        return f"'{where}' is not 1 to 64 letters, digits, '_' and '-'"
    return f"'{where}' is not " + " or ".join(TYPE_WORDS[name] for name in fault.kind.value)


class InputFault(NamedTuple):
    """What is wrong with one input.

    Attributes:
        name: the input.
        message: what is wrong.
        hint: what to do.
        is_unknown: whether the prompt declares no such input.
    """

    name: str
    message: str
    hint: str | None = None
    is_unknown: bool = False


class InputValidator:
    """Judges and completes the values given to one prompt. Immutable and thread-safe.

    Building is cheap; the schemas are compiled when values are first judged. Each input's schema
    is its own root, so that `#/$defs/x` means what it says.
    """

    __slots__ = ("_defaults", "_kinds", "_names", "_schemas", "_validators")

    def __init__(self, inputs: Mapping[str, Any]) -> None:
        self._schemas = input_schemas(inputs)
        self._names = frozenset(self._schemas)
        self._defaults = {
            name: schema["default"] for name, schema in self._schemas.items() if "default" in schema
        }
        # What asks for a type alone is judged without the engine.
        self._kinds = {
            name: _KINDS[schema["type"]]
            for name, schema in self._schemas.items()
            if schema.keys() <= _ANNOTATIONS and schema.get("type") in ("string", "boolean")
        }
        self._validators: list[_Judge] | None = None

    def complete(self, values: Mapping[str, object]) -> dict[str, object]:
        """Return the values with defaults filled in, as plain JSON values.

        Raises InputError, which names every missing, unknown or mistyped input.
        """
        given = {**self._defaults, **values}
        if len(given) != len(self._schemas) or not self._names.issubset(given):
            raise self._misfit(given)
        validators = self._validators or self._compile()
        completed: dict[str, object] = {}
        faults = []
        for name, kind, validator in validators:
            value = given[name]
            # Most are plain texts, and rendering is short enough for a call to count.
            if type(value) is not str or not value.isascii():
                value = _plain(name, value, 0)
            completed[name] = value
            if type(value) is not kind and not validator.is_valid(value):
                reason = _refusal(validator, value)
                faults.append(f"input '{name}' {reason}")
        if faults:
            raise InputError("; ".join(faults[:5]))
        return completed

    @property
    def names(self) -> frozenset[str]:
        """The names of all inputs."""
        return self._names

    def find_faults(self, values: Mapping[str, object]) -> Iterator[InputFault]:
        """Yield what is wrong with the values, input by input. Raises InputError for a broken
        schema.
        """
        given = {**self._defaults, **values}
        unknown = [name for name in given if name not in self._names]
        missing = [name for name in self._schemas if name not in given]
        for name in unknown:
            near = nearest(name, missing or self._names)
            takes = f"the prompt takes {_quoted(sorted(self._names))}" if self._names else None
            hint = f"did you mean '{near}'?" if near else takes or "the prompt takes no inputs"
            yield InputFault(name, f"the prompt has no input {quote(name)}", hint, is_unknown=True)
        for name in missing:
            yield InputFault(name, f"input '{name}' is missing")
        for name, _, validator in self._validators or self._compile():
            if name not in given:
                continue
            try:
                value = _plain(name, given[name], 0)
            except InputError as error:
                yield InputFault(name, error.message, error.hint)
                continue
            reason = _refusal(validator, value)
            if reason is not None:
                yield InputFault(name, f"input '{name}' {reason}")

    def _compile(self) -> list[_Judge]:
        validators: list[_Judge] = []
        for name, schema in self._schemas.items():
            try:
                validators.append((name, self._kinds.get(name), compile_schema(schema)))
            except SchemaFault as fault:
                raise InputError(
                    f"input '{name}' has no valid schema: {fault.message}",
                    hint="fix it in the prompt's frontmatter",
                ) from None
        self._validators = validators
        return validators

    def _misfit(self, given: Mapping[str, object]) -> InputError:
        missing = [name for name in self._schemas if name not in given]
        unknown = [name for name in given if name not in self._schemas]
        takes = f"this prompt takes {_quoted(self._schemas)}" if self._schemas else None
        near = nearest(str(unknown[0]), missing or self._schemas) if unknown else None
        messages = []
        if missing:
            are = "is" if len(missing) == 1 else "are"
            messages.append(f"input {_quoted(missing)} {are} missing")
        if unknown:
            messages.append(f"unknown input {_quoted(unknown[:5])}")
        return InputError(
            "; ".join(messages),
            hint=f"did you mean '{near}'?" if near else takes or "this prompt takes no inputs",
        )


# What may stand beside a type and judges nothing.
_ANNOTATIONS = frozenset({"type", "default", "description", "untrusted", "redact"})
_KINDS: dict[str, type] = {"string": str, "boolean": bool}
_PLAIN_KINDS = frozenset({int, bool, type(None)})


def _plain(name: str, value: object, depth: int) -> object:
    """Return a value as plain JSON: what is like a text, number, list or mapping becomes one.

    Everything else, and nesting without end, is an InputError.
    """
    if isinstance(value, str):
        return _plain_text(name, value)
    if type(value) in _PLAIN_KINDS:
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InputError(f"input '{name}' holds {value}, which is no number of JSON")
        return float(value)
    if depth == _MAX_VALUE_DEPTH:
        raise InputError(f"input '{name}' is nested deeper than {_MAX_VALUE_DEPTH} levels")
    if isinstance(value, (list, tuple)):
        return _plain_texts(value) or [_plain(name, item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {_plain_key(name, key): _plain(name, item, depth + 1) for key, item in value.items()}
    raise InputError(
        f"input '{name}' holds a value of the type {type(value).__name__}, which is not JSON",
        hint="give texts, numbers, true, false, null, lists and mappings",
    )


def _plain_texts(value: Sequence[object]) -> list[object] | None:
    """Return a list of texts that need no looking into, which most lists are; None for any
    other.
    """
    is_plain = set(map(type, value)) == {str} and all(map(str.isascii, value))  # type: ignore[arg-type]
    return list(value) if is_plain else None


def _plain_key(name: str, key: object) -> str:
    if isinstance(key, str):
        return _plain_text(name, key)
    raise InputError(
        f"input '{name}' holds a mapping with the key {_short(repr(key))}", hint="keys are texts"
    )


def _plain_text(name: str, value: str) -> str:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise InputError(
                f"input '{name}' has half a character at index {error.start}",
                hint="decode the text with errors='replace'",
            ) from None
    return str.__str__(value)


def _refusal(validator: jsonschema_rs.Draft202012Validator, value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    """Return why a schema refuses a value, to stand after its name; None when it does not."""
    fault = next(iter(validator.iter_errors(value)), None)
    if fault is None:
        return None
    where = _dotted(fault.instance_path)
    at = f" at '{where}'" if where else ""
    if fault.kind.name == "type":
        expected = " or ".join(TYPE_WORDS.get(name, name) for name in fault.kind.value)
        return f"is not {expected}{at}"
    return f"is refused{at}: {_short(fault.message)}"


def _short(message: str) -> str:
    """Keep an engine message from quoting a whole document back."""
    longest = 200
    return message if len(message) <= longest else f"{message[:80]} … {message[-110:]}"


def _quoted(names: Any) -> str:  # noqa: ANN401 - any iterable of texts
    return ", ".join(f"'{name}'" for name in names)
