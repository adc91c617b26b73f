"""JSON with messages: our own export, and bodies of chat completions requests."""

from __future__ import annotations

import json
import re
from typing import Any

from promptops.repository.adoption.draft import Draft, DraftMessage, Note, UnreadableError
from promptops.repository.adoption.formats.header import take_settings
from promptops.repository.adoption.placeholders import replace

_OURS = "promptops.prompt/v1"
_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}", re.ASCII)
_ROLES = frozenset({"system", "user", "assistant"})
_KEPT = ("description", "model", "temperature", "top_p", "max_tokens", "stop", "seed")


def read(path: str, text: str) -> list[Draft]:
    """Return the file's prompt."""
    try:
        data = json.loads(text)
    except ValueError as error:
        message = f"it is not JSON: {error}"
        raise UnreadableError(message) from error
    if isinstance(data, dict) and data.get("schema") == _OURS:
        return [_read_ours(path, data)]
    rows = data.get("messages") if isinstance(data, dict) and "model" in data else None
    if not rows or not isinstance(rows, list):
        message = "it is not a request: no model and messages"
        raise UnreadableError(message)
    return [_read_request(path, data, rows)]


def _read_ours(path: str, data: dict[str, Any]) -> Draft:
    messages = tuple(DraftMessage(one["role"], one["template"]) for one in data["messages"])
    more = ("tags", "parameters", "metadata", "output")
    settings = {key: data[key] for key in (*_KEPT, *more) if data.get(key) not in (None, {}, [])}
    notes = (Note(f"it was version {data['version']} of {data['name']}, by {data['author']}"),)
    return Draft("promptops", path, str(data["name"]), messages, data["inputs"], settings, notes)


def _read_request(path: str, data: dict[str, Any], rows: list[Any]) -> Draft:
    messages: list[DraftMessage] = []
    inputs: dict[str, Any] = {}
    notes: list[Note] = []
    for row in rows:
        content = row.get("content") if isinstance(row, dict) else None
        role = row.get("role") if isinstance(row, dict) else None
        if not isinstance(content, str):
            message = "a message contains more than text"
            raise UnreadableError(message)
        if role not in _ROLES:
            notes.append(Note(f"the role '{role}' becomes system", is_lost=True))
            role = "system"
        names = _VARIABLE.findall(content)
        notes += [
            Note(f"{{{{{name}}}}} was taken for the input '{name}'")
            for name in names
            if name not in inputs
        ]
        inputs |= dict.fromkeys(names, "string")
        messages.append(
            DraftMessage(role, replace(content.strip(), _VARIABLE, lambda match: match[1]))
        )
    settings, more = take_settings(
        {
            key: value
            for key, value in data.items()
            if key not in {"model", "messages", "response_format", "tools"}
        }
    )
    model = data.get("model")
    if isinstance(model, str):
        settings["model"] = model if "/" in model else f"openai/{model}"
    schema = (data.get("response_format") or {}).get("json_schema") or {}
    if isinstance(schema.get("schema"), dict):
        settings["output"] = schema["schema"]
    if data.get("tools"):
        notes.append(Note("'tools' is not carried over", is_lost=True))
    return Draft("request", path, "", tuple(messages), inputs, settings, (*notes, *more))
