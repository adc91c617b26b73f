"""The inputs of a prompt: their schemas, and the values that a caller gives them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.errors import InputError, quote
from promptops.prompt.schema import SchemaFault, compile_schema, explain_refusal, quoted, shorten
from promptops.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import jsonschema_rs

    # An input's name, and its validator.
    _Judge = tuple[str, jsonschema_rs.Draft202012Validator]


# Jinja's keywords and global names.
_RESERVED_INPUTS = frozenset(
    [
        *("and", "or", "not", "in", "is", "if", "else"),
        *("true", "false", "none", "True", "False", "None"),
        *("loop", "self", "super", "caller", "varargs", "kwargs"),
        *("range", "dict", "cycler", "joiner", "namespace", "lipsum"),
    ]
)

_MAX_VALUE_DEPTH = 64


def input_schemas(inputs: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return each declared input's JSON Schema; a bare type name becomes `{"type": name}`."""
    return {
        name: {"type": schema} if isinstance(schema, str) else dict(schema)
        for name, schema in inputs.items()
    }


def is_reserved_input(name: str) -> bool:
    """Return whether the name is reserved by Jinja, so that no template could use the input."""
    return name in _RESERVED_INPUTS


class InputFault(NamedTuple):
    """A fault of one input.

    Attributes:
        name: the input.
        message: what is wrong.
        hint: what to do.
        is_unknown: whether the prompt does not declare the input.
    """

    name: str
    message: str
    hint: str | None = None
    is_unknown: bool = False


class InputValidator:
    """Validates input values of one prompt and fills in defaults. Immutable and thread-safe.

    Schemas are compiled on first use. Each input's schema is its own root document, so `#/$defs/x`
    refers to the input's own definitions.
    """

    __slots__ = ("_defaults", "_names", "_schemas", "_validators")

    def __init__(self, inputs: Mapping[str, Any]) -> None:
        self._schemas = input_schemas(inputs)
        self._names = frozenset(self._schemas)
        self._defaults = {
            name: schema["default"] for name, schema in self._schemas.items() if "default" in schema
        }
        self._validators: list[_Judge] | None = None

    def complete(self, values: Mapping[str, object]) -> dict[str, object]:
        """Return the values with defaults filled in, as plain JSON values.

        Raises InputError, which lists every missing, unknown or mistyped input.
        """
        given = {**self._defaults, **values}
        if len(given) != len(self._schemas) or not self._names.issubset(given):
            raise self._misfit(given)
        validators = self._validators or self._compile()
        completed: dict[str, object] = {}
        faults = []
        for name, validator in validators:
            value = given[name]
            # Most values are strings; this saves a function call each, which is measurable in
            # rendering.
            if type(value) is not str or not value.isascii():
                value = _plain(name, value, 0)
            completed[name] = value
            if not validator.is_valid(value):
                reason = explain_refusal(validator, value)
                faults.append(f"input '{name}' {reason}")
        if faults:
            raise InputError("; ".join(faults[:5]))
        return completed

    @property
    def names(self) -> frozenset[str]:
        """The names of all inputs."""
        return self._names

    def find_faults(self, values: Mapping[str, object]) -> Iterator[InputFault]:
        """Yield the faults of the values, input by input. Raises InputError for an invalid
        schema.
        """
        given = {**self._defaults, **values}
        unknown = [name for name in given if name not in self._names]
        missing = [name for name in self._schemas if name not in given]
        for name in unknown:
            near = nearest(name, missing or self._names)
            takes = f"the prompt takes {quoted(sorted(self._names))}" if self._names else None
            hint = f"did you mean '{near}'?" if near else takes or "the prompt takes no inputs"
            yield InputFault(name, f"the prompt has no input {quote(name)}", hint, is_unknown=True)
        for name in missing:
            yield InputFault(name, f"input '{name}' is missing")
        for name, validator in self._validators or self._compile():
            if name not in given:
                continue
            try:
                value = _plain(name, given[name], 0)
            except InputError as error:
                yield InputFault(name, error.message, error.hint)
                continue
            reason = explain_refusal(validator, value)
            if reason is not None:
                yield InputFault(name, f"input '{name}' {reason}")

    def _compile(self) -> list[_Judge]:
        validators: list[_Judge] = []
        for name, schema in self._schemas.items():
            try:
                validators.append((name, compile_schema(schema)))
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
        takes = f"this prompt takes {quoted(self._schemas)}" if self._schemas else None
        near = nearest(str(unknown[0]), missing or self._schemas) if unknown else None
        messages = []
        if missing:
            are = "is" if len(missing) == 1 else "are"
            messages.append(f"input {quoted(missing)} {are} missing")
        if unknown:
            messages.append(f"unknown input {quoted(unknown[:5])}")
        return InputError(
            "; ".join(messages),
            hint=f"did you mean '{near}'?" if near else takes or "this prompt takes no inputs",
        )


_PLAIN_KINDS = frozenset({int, bool, type(None)})


def _plain(name: str, value: object, depth: int) -> object:
    """Convert a value to plain JSON: subclasses and look-alikes of strings, numbers, lists and
    mappings.

    Raises InputError for any other value and for nesting that is too deep.
    """
    if isinstance(value, str):
        return _plain_text(name, value)
    if type(value) in _PLAIN_KINDS:
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InputError(f"input '{name}' contains {value}, which is not a JSON number")
        return float(value)
    if depth == _MAX_VALUE_DEPTH:
        raise InputError(f"input '{name}' is nested deeper than {_MAX_VALUE_DEPTH} levels")
    if isinstance(value, (list, tuple)):
        return _plain_texts(value) or [_plain(name, item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {_plain_key(name, key): _plain(name, item, depth + 1) for key, item in value.items()}
    raise InputError(
        f"input '{name}' contains a value of the type {type(value).__name__}, which is not JSON",
        hint="give texts, numbers, true, false, null, lists and mappings",
    )


def _plain_texts(value: Sequence[object]) -> list[object] | None:
    """Return a list if it is certainly a list of strings, as most are; else None."""
    is_plain = set(map(type, value)) == {str} and all(map(str.isascii, value))  # type: ignore[arg-type]
    return list(value) if is_plain else None


def _plain_key(name: str, key: object) -> str:
    if isinstance(key, str):
        return _plain_text(name, key)
    raise InputError(
        f"input '{name}' contains a mapping with the key {shorten(repr(key))}",
        hint="keys are texts",
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
