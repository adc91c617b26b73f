"""Markdown and text files, with or without frontmatter; among them agents and skills."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from promptops.repository.adoption.draft import Draft, DraftMessage, Note, UnreadableError
from promptops.repository.adoption.formats.header import add_metadata, split_lax, take_settings
from promptops.repository.adoption.placeholders import read_loose, read_verbatim

AGENT_FILES = frozenset({"AGENTS.md", "CLAUDE.md", "GEMINI.md"})
"""Files that agents read only at their fixed path."""
_KNOWN = {"name", "description", "model", "version", "tools", "allowed-tools"}


def read(path: str, text: str) -> list[Draft]:
    """Return the file's prompt."""
    (data, source, first_line), faults = split_lax(text)
    if not source.strip():
        message = "it has no text"
        raise UnreadableError(message)
    lead = len(source) - len(source.lstrip("\n"))
    kind, role = _judge(path)
    # Tools that read such a file do not fill in placeholders, so they are text.
    reader = read_loose if role is None else read_verbatim
    body, inputs, found = reader(source[lead:], first_line + lead)
    notes = [*faults, *found]
    settings: dict[str, Any] = {}
    if isinstance(data.get("description"), str):
        settings["description"] = data["description"]
    model = data.get("model")
    if isinstance(model, str) and "/" in model:
        settings["model"] = model
    elif model is not None:
        notes.append(Note(f"the model '{model}' is not carried over: its provider is not named"))
    notes += [
        Note(f"'{key}' is not carried over: prompts call no tools of an agent")
        for key in ("tools", "allowed-tools")
        if key in data
    ]
    options = {key: value for key, value in data.items() if key in {"temperature", "max_tokens"}}
    settings |= take_settings(options)[0]
    notes += add_metadata(settings, data, _KNOWN | set(options))
    return [Draft(kind, path, "", (DraftMessage(role, body),), inputs, settings, tuple(notes))]


def _judge(path: str) -> tuple[str, str | None]:
    """Return the kind of the file, and the role of its text."""
    where = PurePosixPath(path)
    if where.name == "SKILL.md":
        return "skill", "system"
    if where.name in AGENT_FILES or "agents" in where.parts[:-1]:
        return "agent", "system"
    if where.name.endswith((".chatmode.md", ".agent.md", ".instructions.md", ".mdc")):
        return "instructions", "system"
    return "Markdown" if where.suffix == ".md" else "text", None
