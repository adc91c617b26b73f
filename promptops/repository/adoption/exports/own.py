"""Our own JSON: all messages in our template language, in one file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from promptops.repository.adoption.body import AdoptedBody
from promptops.repository.adoption.exports.parts import (
    Export,
    ExportMessage,
    list_settings,
    name_lost,
    split_messages,
)

if TYPE_CHECKING:
    from promptops.prompt.prompt import Prompt

SUFFIX = ".json"
SCHEMA = "promptops.prompt/v1"


def write(prompt: Prompt) -> Export:
    """Return a prompt with its partials expanded."""
    document = {
        "schema": SCHEMA,
        "name": prompt.name,
        "version": str(prompt.version),
        "digest": prompt.digest,
        "description": prompt.description,
        "author": prompt.author,
        "model": prompt.model,
        **list_settings(prompt),
        "tags": list(prompt.data.get("tags", [])),
        "parameters": prompt.data.get("parameters", {}),
        "metadata": prompt.data.get("metadata", {}),
        "inputs": dict(prompt.inputs),
        "output": prompt.output,
        "messages": [
            {"role": one.role, "template": _write_template(one)} for one in split_messages(prompt)
        ],
    }
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return Export(f"{text}\n", tuple(name_lost(prompt, ["tags", "metadata"])))


def _write_template(message: ExportMessage) -> str:
    if message.role == "history":
        return message.parts[0].text
    body = AdoptedBody()
    for part in message.parts:
        getattr(body, part.kind)(part.text)
    return str(body)
