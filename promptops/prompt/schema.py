"""JSON Schema: one engine (jsonschema-rs, draft 2020-12) validates frontmatter, inputs and outputs.

No schema is ever fetched: a reference to another document is an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from promptops.errors import quote
from promptops.lazy import FORK_LOCK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import jsonschema_rs

    # An input's name, its type if it has no other constraint, and its validator otherwise.
    _Judge = tuple[str, type | None, jsonschema_rs.Draft202012Validator]

TYPE_WORDS = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}


class SchemaFault(ValueError):  # noqa: N818 - it becomes a finding, or an error of our own
    """Something is not a valid JSON Schema.

    Attributes:
        message: what is wrong, to be appended after a colon.
        path: the path into the schema.
    """

    def __init__(self, message: str, path: Iterable[str | int] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.path = tuple(path)


def compile_schema(
    schema: Mapping[str, Any] | bool,  # noqa: FBT001 - JSON Schema allows true and false
) -> jsonschema_rs.Draft202012Validator:
    """Return a validator for `schema`.

    Raises SchemaFault, a ValueError, if the schema is invalid, refers to another document, or is
    too expensive to evaluate. The engine limits backtracking in patterns: a value that exceeds the
    limit is refused.
    """
    with FORK_LOCK:
        import jsonschema_rs

    from promptops.prompt.expansion import expansion_fault

    def refuse(uri: str, /) -> NoReturn:
        raise ValueError(uri)

    whole = schema if isinstance(schema, bool) else dict(schema)
    try:
        validator = jsonschema_rs.Draft202012Validator(whole, retriever=refuse)
    except jsonschema_rs.ValidationError as error:
        raise SchemaFault(_schema_message(error), error.instance_path) from None
    except (jsonschema_rs.ReferencingError, ValueError) as error:
        raise SchemaFault(shorten(str(error))) from None
    fault = expansion_fault(whole)
    if fault is not None:
        raise SchemaFault(fault)
    return validator


def compile_again(schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """Do the same as `compile_schema`, with a cache for schemas that many prompts of a folder
    share.
    """
    text = repr(schema)  # different YAML or JSON values have different texts
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
        return f"'{place}' is not a JSON Schema type"
    return f"'{place}': {shorten(message)}" if place else shorten(message)


def dotted(path: Iterable[object]) -> str:
    """Return a path into a value as text: `inputs.ticket.type`."""
    return quote(".".join(str(step) for step in path))[1:-1]


def explain_refusal(validator: jsonschema_rs.Draft202012Validator, value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    """Return why a schema refuses a value, to be appended to its name; None if it accepts it."""
    fault = next(iter(validator.iter_errors(value)), None)
    if fault is None:
        return None
    where = dotted(fault.instance_path)
    at = f" at '{where}'" if where else ""
    if fault.kind.name == "type":
        expected = " or ".join(TYPE_WORDS.get(name, name) for name in fault.kind.value)
        return f"is not {expected}{at}"
    return f"is refused{at}: {shorten(fault.message)}"


def shorten(message: str) -> str:
    """Shorten an engine message, which may quote a whole document."""
    longest = 200
    return message if len(message) <= longest else f"{message[:80]} … {message[-110:]}"


def quoted(names: Any) -> str:  # noqa: ANN401 - any iterable of texts
    """Return names in quotes, joined by commas."""
    return ", ".join(f"'{name}'" for name in names)
