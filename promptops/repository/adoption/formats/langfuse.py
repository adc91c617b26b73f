"""Prompts exported by Langfuse: text or chat, with `{{name}}` as in its Python client."""

from __future__ import annotations

import json
import re
from typing import Any

from promptops.repository.adoption.body import AdoptedBody
from promptops.repository.adoption.draft import Draft, DraftMessage, Note, UnreadableError
from promptops.repository.adoption.formats.header import take_settings

# From two opening braces to the next two closing ones, as the client searches; only then it tests
# for a name.
_TAG = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_NAME = re.compile(r"\s*([A-Za-z_]\w*)\s*", re.ASCII)


def read(path: str, text: str) -> list[Draft]:
    """Return the prompts of an export: one, a list, or `{"data": [...]}`."""
    try:
        data = json.loads(text)
    except ValueError as error:
        message = f"it is not JSON: {error}"
        raise UnreadableError(message) from error
    if isinstance(data, dict) and isinstance(data.get("data"), list):
        data = data["data"]
    rows = data if isinstance(data, list) else [data]
    if not rows or not all(
        isinstance(row, dict) and {"name", "prompt"} <= row.keys() for row in rows
    ):
        message = "it is not an export of Langfuse: no name and prompt"
        raise UnreadableError(message)
    return [_read_one(path, row) for row in rows]


def _read_one(path: str, row: dict[str, Any]) -> Draft:
    notes = [Note("filled in as the Python client does; the JavaScript client reads Mustache")]
    inputs: dict[str, Any] = {}
    messages = []
    prompt = row["prompt"]
    parts = [{"content": prompt}] if isinstance(prompt, str) else prompt
    for part in parts if isinstance(parts, list) else ():
        if not isinstance(part, dict):
            message = "it is not an export of Langfuse: a message is not an object"
            raise UnreadableError(message)
        if part.get("type") == "placeholder":
            messages.append(DraftMessage("history", str(part.get("name"))))
            continue
        content = str(part.get("content") or "")
        tags = _TAG.findall(content)
        notes += [
            Note(f"{{{{{tag}}}}} is more than a name and was left as text", is_lost=True)
            for tag in tags
            if _NAME.fullmatch(tag) is None
        ]
        inputs |= {match[1]: "string" for match in map(_NAME.fullmatch, tags) if match}
        role = part.get("role")
        if role not in {None, "system", "user", "assistant"}:
            notes.append(Note(f"the role '{role}' becomes system", is_lost=True))
            role = "system"
        messages.append(DraftMessage(role, _fill_in(content.strip())))
    config = row["config"] if isinstance(row.get("config"), dict) else {}
    model = config.get("model")
    settings, more = take_settings({key: config[key] for key in config if key != "model"})
    if isinstance(model, str):
        settings["model"] = model if "/" in model else f"openai/{model}"
        if "/" not in model:
            more.append(Note(f"the provider of '{model}' was taken to be openai"))
    if row.get("tags"):
        settings["tags"] = [str(tag) for tag in row["tags"]]
    if row.get("labels"):
        more.append(Note(f"the labels {row['labels']} are not carried over: promote it"))
    if inputs:
        notes.append(Note("a missing value stayed as {{name}}; here it is an error"))
    title = str(row["name"])
    return Draft("Langfuse", path, title, tuple(messages), inputs, settings, (*notes, *more))


def _fill_in(content: str) -> str:
    body, place = AdoptedBody(), 0
    for match in _TAG.finditer(content):
        name = _NAME.fullmatch(match[1])
        if name is not None:
            body.text(content[place : match.start()])
            body.value(name[1])
            place = match.end()
    body.text(content[place:])
    return str(body)
