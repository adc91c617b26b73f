"""Read YAML and the frontmatter of other tools, which is less strict than ours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.repository.adoption.draft import Note, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEADER = re.compile(r"\ufeff?---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
# Our keys, by the names in other tools.
_SETTINGS = {
    "temperature": "temperature",
    "topP": "top_p",
    "top_p": "top_p",
    "maxTokens": "max_tokens",
    "max_tokens": "max_tokens",
    "maxOutputTokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "seed": "seed",
    "stop": "stop",
    "stopSequences": "stop",
    "stop_sequences": "stop",
}
_SCALARS = (str, int, float, bool)
_EMPTY = {"string": "", "array": [], "object": {}, "boolean": False}
_WITHOUT_EMPTY = frozenset({"integer", "number", "null"})


class Header(NamedTuple):
    """A file's frontmatter as a mapping, and the text after it."""

    data: Mapping[str, Any]
    body: str
    body_line: int


def split(text: str) -> Header:
    """Split a file; without frontmatter, all of it is body. Raises UnreadableError for invalid
    YAML.
    """
    match = _HEADER.match(text)
    if match is None:
        return Header({}, text.removeprefix("\ufeff"), 1)
    data = read_yaml(match[1]) if match[1].strip() else {}
    return Header(data, text[match.end() :], text.count("\n", 0, match.end()) + 1)


def split_lax(text: str) -> tuple[Header, list[Note]]:
    """Split a file of a tool that accepts `key: value` lines that are not YAML, such as `a: b:
    c`.
    """
    try:
        return split(text), []
    except UnreadableError:
        match = _HEADER.match(text)
        if match is None:
            raise
        pairs = [line.partition(":") for line in match[1].split("\n") if line.strip()]
        if not all(colon and re.fullmatch(r"[\w-]+", key) for key, colon, _ in pairs):
            raise
        data = {key: value.strip().strip("\"'") for key, _, value in pairs}
        body_line = text.count("\n", 0, match.end()) + 1
        note = Note("its frontmatter is not YAML; each line was read as `key: value`", 1)
        return Header(data, text[match.end() :], body_line), [note]


def read_yaml(source: str) -> Mapping[str, Any]:
    """Return the mapping in a YAML document."""
    import yaml

    from promptops.prompt.untrusted_yaml import load_untrusted

    try:
        data = load_untrusted(source)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark is not None else ""
        message = f"it is not YAML: {where}{getattr(error, 'problem', None) or error}"
        raise UnreadableError(message) from error
    if not isinstance(data, dict):
        message = "it is not a YAML mapping"
        raise UnreadableError(message)
    return {str(key): value for key, value in data.items()}


def take_settings(options: Mapping[str, Any]) -> tuple[dict[str, Any], list[Note]]:
    """Rename model parameters to our keys; unknown ones go to `parameters`."""
    settings: dict[str, Any] = {}
    parameters: dict[str, Any] = {}
    notes = []
    for key, value in options.items():
        if key in _SETTINGS and isinstance(value, (*_SCALARS, list)):
            settings[_SETTINGS[key]] = value
        elif isinstance(value, _SCALARS):
            parameters[key] = value
            notes.append(Note(f"the parameter '{key}' is passed on to the model as it is"))
        else:
            notes.append(Note(f"the parameter '{key}' is not carried over", is_lost=True))
    if parameters:
        settings["parameters"] = parameters
    return settings, notes


def add_metadata(settings: dict[str, Any], data: Mapping[str, Any], known: set[str]) -> list[Note]:
    """Put other keys below `metadata`; return notes on values that are not possible there."""
    notes = []
    for key, value in data.items():
        if key in known:
            continue
        if isinstance(value, _SCALARS):
            settings.setdefault("metadata", {})[key] = value
            notes.append(Note(f"'{key}' is kept below metadata, where nothing acts on it"))
        else:
            notes.append(Note(f"'{key}' is not carried over"))
    return notes


def make_optional(schema: dict[str, Any]) -> None:
    """Give the schema of an input an empty default, and let it allow that value.

    In other tools a missing number renders as nothing.
    """
    kind = schema.get("type")
    empty: Any = _EMPTY.get(kind, "") if isinstance(kind, str) else ""
    if "enum" in schema:
        schema["enum"] = list(dict.fromkeys([*schema["enum"], empty]))
    elif kind in _WITHOUT_EMPTY:
        schema["type"] = [kind, "string"]
    schema["default"] = empty


def provider(name: str, model: str) -> str:
    """Return a model's name in LiteLLM's form."""
    prefix = {
        "googleai": "gemini",
        "google": "gemini",
        "vertexai": "vertex_ai",
        "azure_openai": "azure",
        "foundry": "azure",
    }.get(name, name)
    return f"{prefix}/{model}" if prefix else model
