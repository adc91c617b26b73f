"""OpenAI: the body of a chat completions request, with `{{name}}` for values."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from promptops.repository.adoption.exports.parts import (
    Export,
    UnexportableError,
    fill_names,
    input_schema,
    name_lost,
    split_messages,
)

if TYPE_CHECKING:
    from promptops.prompt.prompt import Prompt

SUFFIX = ".json"


def write(prompt: Prompt) -> Export:
    """Return a request to be filled in."""
    notes = [*name_lost(prompt, ["tools"])]
    messages = []
    for one in split_messages(prompt):
        if one.role == "history":
            message = f"{one.parts[0].place}: passed-in messages have no place in a request"
            raise UnexportableError(message)
        messages.append({"role": one.role or "user", "content": fill_names(one, "the caller")})
    request = prompt.request_parameters
    provider, _, model = prompt.model.partition("/")
    if provider == "openai":
        request["model"] = model
    else:
        notes.append(f"the model {prompt.model} is not one of OpenAI's")
    notes += [
        f"the input '{name}' is not declared there: its schema is not carried over"
        for name, declared in prompt.inputs.items()
        if dict(input_schema(declared)) != {"type": "string"}
    ]
    body = {"model": request.pop("model"), "messages": messages, **request}
    return Export(f"{json.dumps(body, indent=2, ensure_ascii=False)}\n", tuple(notes))
