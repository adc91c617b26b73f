"""Read a prompt's inputs from `--var` and `--vars`, typed by the schema."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from promptops.errors import InputError, UsageError, quote
from promptops.files import read_named
from promptops.prompt.values import list_types, read_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def read_values(
    declared: Mapping[str, Any], variables: Iterable[str], files: Iterable[str]
) -> dict[str, Any]:
    """Return the values of `--vars` files and then `--var` options; later ones win.

    `variables` are `name=text`, `name=@file`, `name=@-` (standard input) or, for a text that begins
    with `@`, `name=@@text`. A text is converted to the type of the input's schema in `declared`: a
    number, a boolean, or JSON for other types.
    """
    values: dict[str, Any] = {}
    for file in files:
        values.update(_read_mapping(file))
    for variable in variables:
        name, separator, text = variable.partition("=")
        if not separator or not name:
            raise UsageError(
                f"{quote(variable)} is not of the form name=value", hint="write --var name=value"
            )
        if text.startswith("@@"):
            text = text[1:]  # an escaped text that begins with '@'
        elif text.startswith("@"):
            text = read_text(text[1:])
        values[name] = _convert(name, text, declared.get(name))
    return values


def read_text(path: str) -> str:
    """Return a file's text unchanged; `-` is standard input."""
    if not path:
        raise UsageError("no file is named after '@'", hint="write --var name=@file")
    try:
        data = sys.stdin.buffer.read() if path == "-" else read_named(path)
        return data.decode()
    except UnicodeDecodeError as error:
        where = "standard input" if path == "-" else path
        raise InputError(
            f"{where} is not UTF-8: byte 0x{error.object[error.start]:02x} at {error.start}",
            hint="convert it to UTF-8",
        ) from error


def _read_mapping(path: str) -> dict[str, Any]:
    """Return a JSON or YAML file with a mapping of inputs."""
    text = read_text(path)
    where = "standard input" if path == "-" else path
    try:
        loaded = json.loads(text)
    except (ValueError, RecursionError):
        loaded = _load_yaml(where, text)
    if not isinstance(loaded, dict):
        raise InputError(f"{where} is not a mapping of inputs", hint="write 'name: value' lines")
    return loaded


def _load_yaml(where: str, text: str) -> object:
    """Parse YAML by the rules of frontmatter, so that `no` and `1.10` are not converted
    silently.
    """
    from promptops.prompt.frontmatter.document import read_document

    document = read_document(where, f"---\n{text}\n---\n".encode())
    if document.faults:
        fault = document.faults[0]
        line = f" in line {fault.position.line - 1}" if fault.position else ""
        what = fault.message.replace("the frontmatter", "the file")
        raise InputError(f"{where} is neither JSON nor YAML{line}: {what}", hint=fault.hint)
    return dict(document.data)


def _convert(name: str, text: str, schema: object) -> Any:  # noqa: ANN401 - any JSON value
    """Convert a text to its input's declared type. Raises InputError."""
    try:
        return read_value(name, text, schema)
    except InputError as error:
        raise InputError(error.message, hint=_hint(name, list_types(schema))) from None


def _hint(name: str, types: list[str]) -> str:
    if "boolean" in types:
        return f"write --var {name}=true or --var {name}=false"
    if "array" in types:
        return f'write JSON: --var \'{name}=["a", "b"]\', or --var {name}=@file.json'
    if "object" in types:
        return f"write JSON: --var '{name}={{\"key\": 1}}', or --var {name}=@file.json"
    return f"write a number: --var {name}=3"
