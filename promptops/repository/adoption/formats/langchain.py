"""Prompts serialised by LangChain: by `dumps`, or by `prompt.save` of old versions."""

from __future__ import annotations

import json
import re
from typing import Any

from promptops.repository.adoption.body import from_jinja, literal
from promptops.repository.adoption.draft import Draft, DraftMessage, Note, UnreadableError
from promptops.repository.adoption.placeholders import (
    infer_inputs,
    read_format,
    replace,
    tell_types,
)

_NAME = r"\s*([A-Za-z_]\w*)\s*"
_MUSTACHE = re.compile(rf"\{{\{{\{{{_NAME}\}}\}}\}}|\{{\{{&?{_NAME}\}}\}}", re.ASCII)
_ROLES = {
    **dict.fromkeys(("SystemMessage", "SystemMessagePromptTemplate", "system"), "system"),
    **dict.fromkeys(("HumanMessage", "HumanMessagePromptTemplate", "human", "user"), "user"),
    **dict.fromkeys(("AIMessage", "AIMessagePromptTemplate", "ai", "assistant"), "assistant"),
}


def read(path: str, text: str) -> list[Draft]:
    """Return the file's prompt."""
    try:
        data = json.loads(text)
    except ValueError as error:
        message = f"it is not JSON: {error}"
        raise UnreadableError(message) from error
    reader = _LangchainReader()
    messages = reader.read(data)
    inputs: dict[str, Any] = dict(reader.names)
    kwargs = _kwargs(data)
    for name, value in (kwargs.get("partial_variables") or {}).items():
        if name in inputs and isinstance(value, (str, int, float)):
            inputs[name] = {"type": "string", "default": str(value)}
    return [Draft("LangChain", path, "", messages, inputs, {}, tuple(reader.notes))]


def _kwargs(data: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    found = data.get("kwargs", data) if isinstance(data, dict) else {}
    return found if isinstance(found, dict) else {}


def _kind(data: Any) -> str:  # noqa: ANN401 - JSON
    name = data.get("id") or data.get("_type") or "" if isinstance(data, dict) else ""
    return str(name[-1]) if isinstance(name, list) and name else str(name)


class _LangchainReader:
    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.notes: list[Note] = []

    def read(self, data: Any) -> tuple[DraftMessage, ...]:  # noqa: ANN401 - JSON
        kwargs = _kwargs(data)
        if isinstance(kwargs.get("messages"), list):
            return tuple(self._message(one) for one in kwargs["messages"])
        if isinstance(kwargs.get("template"), str):
            return (DraftMessage(None, self._template(kwargs)),)
        message = "it is not a prompt of LangChain: no messages and no template"
        raise UnreadableError(message)

    def _message(self, data: Any) -> DraftMessage:  # noqa: ANN401 - JSON
        kind, kwargs = _kind(data), _kwargs(data)
        if kind == "MessagesPlaceholder":
            return DraftMessage("history", str(kwargs.get("variable_name")))
        role = _ROLES.get(kind) or _ROLES.get(str(kwargs.get("role")))
        if role is None:
            message = f"a message of the kind '{kind}' has no counterpart here"
            raise UnreadableError(message)
        prompt = kwargs.get("prompt")
        if isinstance(prompt, dict):
            return DraftMessage(role, self._template(_kwargs(prompt)).strip())
        content = kwargs.get("content")
        if not isinstance(content, str):
            message = "a message contains more than text"
            raise UnreadableError(message)
        return DraftMessage(role, literal(content.strip()))

    def _template(self, kwargs: dict[str, Any]) -> str:
        source, form = str(kwargs.get("template")), kwargs.get("template_format") or "f-string"
        if form == "jinja2":
            body = from_jinja(source)
            found = infer_inputs(body)
            self.names |= found
            self.notes += tell_types(found)
            self.notes.append(Note("a missing input was empty; here it is an error"))
            return body
        if form == "mustache":
            if re.search(r"\{\{\s*[#^/>!=]|\{\{\{(?!\s*\w+\s*\}\}\})", source):
                message = "it has tags of Mustache that have no counterpart here"
                raise UnreadableError(message)
            names = (match[1] or match[2] for match in _MUSTACHE.finditer(source))
            self.names |= dict.fromkeys(names, "string")
            if re.search(r"\{\{\s*\w", source):
                self.notes.append(
                    Note("{{name}} wrote `<` and `&` as HTML does; here values stay", is_lost=True)
                )
            return replace(source, _MUSTACHE, lambda match: match[1] or match[2])
        formatted = read_format(source)
        if formatted is None:
            message = "its f-string contains more than names"
            raise UnreadableError(message)
        self.names |= dict.fromkeys(formatted[1], "string")
        return formatted[0]
