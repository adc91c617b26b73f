"""Langfuse: the arguments of its `create_prompt`, with `{{name}}` for values."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from promptops.repository.adoption.exports.parts import (
    Export,
    fill_names,
    input_schema,
    list_settings,
    name_lost,
    split_messages,
)

if TYPE_CHECKING:
    from promptops.prompt.prompt import Prompt

SUFFIX = ".json"
_TOOL = "Langfuse"


def write(prompt: Prompt) -> Export:
    """Return the arguments of `create_prompt` as JSON."""
    notes = [*name_lost(prompt, ["tags"])]
    messages = split_messages(prompt)
    body: Any
    if len(messages) == 1 and messages[0].role is None:
        kind, body = "text", fill_names(messages[0], _TOOL)
    else:
        kind, body = "chat", []
        for one in messages:
            if one.role == "history":
                body.append({"type": "placeholder", "name": one.parts[0].text})
            else:
                body.append({"role": one.role, "content": fill_names(one, _TOOL)})
    notes += [
        f"the input '{name}' is a text there: its schema is not carried over"
        for name, one in prompt.inputs.items()
        if dict(input_schema(one)) not in ({"type": "string"}, {"type": "array", "default": []})
    ]
    if prompt.output is not None:
        notes.append("'output' is not carried over")
    row = {
        "name": prompt.name,
        "type": kind,
        "prompt": body,
        "config": {
            "model": prompt.model,
            **list_settings(prompt),
            **prompt.data.get("parameters", {}),
        },
        "tags": list(prompt.data.get("tags", [])),
        "commitMessage": f"{prompt.name} {prompt.version}: {prompt.description}",
    }
    return Export(f"{json.dumps(row, indent=2, ensure_ascii=False)}\n", tuple(notes))
