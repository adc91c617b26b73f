"""Prompty 2: Jinja2 with role lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from promptops.repository.adoption.exports.parts import (
    Export,
    ExportMessage,
    UnexportableError,
    input_schema,
    list_settings,
    name_lost,
    split_messages,
)

if TYPE_CHECKING:
    from promptops.prompt.prompt import Prompt

SUFFIX = ".prompty"
_ROLE_LINE = re.compile(
    r"^[ \t]*#?[ \t]*(?:system|user|assistant|developer)[ \t]*(?:\[[^\]\n]*\])?[ \t]*:[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_OPENING = re.compile(r"\{(?=[{%#])")
_OPTIONS = {
    "top_p": "topP",
    "max_tokens": "maxOutputTokens",
    "stop": "stopSequences",
}
_KINDS = {"number": "float"}
_PLAIN = frozenset({"type", "default"})


def write(prompt: Prompt) -> Export:
    """Return the file."""
    from promptops.prompt.frontmatter.writing import dump_yaml

    notes = [*name_lost(prompt, ["tags"])]
    provider, _, model = prompt.model.partition("/")
    options: dict[str, Any] = {
        _OPTIONS.get(key, key): value for key, value in list_settings(prompt).items()
    }
    if prompt.data.get("parameters"):
        options["additionalProperties"] = prompt.data["parameters"]
    header: dict[str, Any] = {
        "name": prompt.name,
        "description": prompt.description,
        "model": {"id": model, "provider": provider, "apiType": "chat"}
        | ({"options": options} if options else {}),
    }
    if prompt.data.get("tags"):
        header["metadata"] = {"tags": list(prompt.data["tags"])}
    inputs = []
    for name, declared in prompt.inputs.items():
        schema = input_schema(declared)
        kind = str(schema.get("type", "string"))
        row: dict[str, Any] = {"name": name, "kind": _KINDS.get(kind, kind)}
        row |= {"default": schema["default"]} if "default" in schema else {"required": True}
        inputs.append(row)
        lost = sorted(schema.keys() - _PLAIN)
        if lost:
            notes.append(f"the input '{name}': {', '.join(lost)} is not carried over")
    if inputs:
        header["inputs"] = inputs
    if prompt.output is not None:
        notes.append("'output' is not carried over")
    header["template"] = {"format": {"kind": "jinja2"}, "parser": {"kind": "prompty"}}
    body = "\n\n".join(_write_message(one) for one in split_messages(prompt))
    head = dump_yaml(header)
    return Export(f"---\n{head}---\n{body}\n", tuple(notes))


def _write_message(message: ExportMessage) -> str:
    if message.role == "history":
        place = message.parts[0].place
        text = f"{place}: passed-in messages have no counterpart in Prompty's Jinja"
        raise UnexportableError(text)
    written = []
    for part in message.parts:
        if part.kind == "text":
            written.append(_OPENING.sub(lambda _: '{{ "{" }}', part.text))
        elif part.kind == "value":
            written.append(f"{{{{ {part.text} }}}}")
        else:
            written.append(f"{{% {part.text} %}}")
    text = "".join(written)
    line = _ROLE_LINE.search(text)
    if line is not None:
        message_of_error = f"{message.parts[0].place}: the line `{line[0].strip()}` opens a message"
        raise UnexportableError(message_of_error)
    return f"{message.role or 'user'}:\n{text}"
