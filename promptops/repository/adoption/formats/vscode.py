"""Prompt files of VS Code: `.prompt.md`, with `${input:name}`."""

from __future__ import annotations

import re
from typing import Any

from promptops.repository.adoption.draft import Draft, DraftMessage, Note, UnreadableError
from promptops.repository.adoption.formats.header import add_metadata, split
from promptops.repository.adoption.placeholders import replace

_VARIABLE = re.compile(r"\$\{(?:input:)?([A-Za-z_]\w*)(?::([^}]*))?\}", re.ASCII)
_REFERENCE = re.compile(r"#(?:file|tool|selection|codebase)\b:?\S*|\[[^\]]*\]\([^)\s]+\)")
_KNOWN = {"description", "mode", "agent", "model", "tools", "name", "argument-hint"}


def read(path: str, text: str) -> list[Draft]:
    """Return the file's prompt."""
    data, source, first_line = split(text)
    if not source.strip():
        message = "it has no text"
        raise UnreadableError(message)
    lead = len(source) - len(source.lstrip("\n"))
    source, first_line = source[lead:], first_line + lead
    body = replace(source, _VARIABLE, lambda match: match[1])
    inputs: dict[str, Any] = {}
    notes = []
    for match in _VARIABLE.finditer(source):
        if match[1] in inputs:
            continue
        line = first_line + source.count("\n", 0, match.start())
        inputs[match[1]] = "string"
        if not match[0].startswith("${input:"):
            notes.append(Note(f"{match[0]} came from the editor; pass it as an input", line))
        elif match[2]:
            inputs[match[1]] = {"type": "string", "description": match[2]}
    for match in _REFERENCE.finditer(source):
        line = first_line + source.count("\n", 0, match.start())
        notes.append(Note(f"{match[0]} is text here: the file is not read", line, is_lost=True))
    settings: dict[str, Any] = {}
    if isinstance(data.get("description"), str):
        settings["description"] = data["description"]
    notes += [
        Note(f"'{key}' is not carried over: it is for the editor")
        for key in ("mode", "agent", "tools", "model", "argument-hint")
        if key in data
    ]
    notes += add_metadata(settings, data, _KNOWN)
    sent = DraftMessage(None, body)
    return [Draft("VS Code prompt", path, "", (sent,), inputs, settings, tuple(notes))]
