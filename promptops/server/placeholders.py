"""Serve a prompt with placeholders for its inputs, for LiteLLM's prompt management.

LiteLLM requests a prompt once, caches it, and replaces `{name}` by texts. So only a prompt that
just inserts its inputs can be served: conditions and filters would be evaluated before any value is
known.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from promptops.errors import PromptopsError
from promptops.prompt.faults import read_template
from promptops.prompt.inputs import input_schemas
from promptops.server.calls import answer_json
from promptops.server.problems import HttpProblem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.prompt.prompt import Prompt
    from promptops.prompt.template.source import Use
    from promptops.server.calls import Application, HttpCall

# With different lengths and beginnings, so that any change by the template is detected.
_MARKS = ("qZx{number}Vw7k", "Jy{number}hPbQ0mN4")


async def manage(call: HttpCall) -> Application:
    """Answer LiteLLM's request for a prompt."""
    ref = await call.name(call.request.query_params.get("prompt_id", ""))
    resolved = await call.service.find(ref)
    if resolved.paused is not None:
        raise call.service.registry.describe_pause(resolved)
    parameters = resolved.prompt.request_parameters
    model = parameters.pop("model")
    return answer_json(
        {
            "prompt_id": ref,
            "prompt_template": place_inputs(resolved.prompt),
            "prompt_template_model": model,
            "prompt_template_optional_params": parameters,
        }
    )


def place_inputs(prompt: Prompt) -> list[dict[str, Any]]:
    """Return a prompt's messages, with `{name}` for each input without a default.

    Raises:
        Problem: the prompt does not just insert an input, or the input is not a string.
    """
    schemas = input_schemas(prompt.inputs)
    names = [name for name, schema in schemas.items() if "default" not in schema]
    for name in names:
        if schemas[name].get("type") != "string":
            raise _refuse(f"its input {name} is not a text")
    closure = prompt.closure
    for path in closure.includes:
        lines = closure.files[path].decode(errors="replace").split("\n")
        for use in read_template(closure, path).uses:
            if use.name in names and not _is_inserted(use, lines):
                raise _refuse(f"it uses {use.name} in other ways than inserting it")
    defaults = {name: schema["default"] for name, schema in schemas.items() if name not in names}
    first, second = (_render(prompt, names, defaults, mark) for mark in _MARKS)
    if first != second:
        raise _refuse("it changes an input before inserting it")
    messages: list[dict[str, Any]] = json.loads(first)
    return messages


def _is_inserted(use: Use, lines: list[str]) -> bool:
    """Return whether an input is read only by a plain `{{ name }}` on one line."""
    position = use.position
    line, start = lines[position.line - 1], position.column - 1
    before, rest = line[:start].rstrip(), line[start:]
    after = rest.removeprefix(use.name).lstrip()
    return (
        rest.startswith(use.name)
        and before.endswith(("{{", "{{-"))
        and after.startswith(("}}", "-}}"))
    )


def _render(prompt: Prompt, names: list[str], defaults: Mapping[str, object], mark: str) -> str:
    """Return the messages as JSON, with the marks replaced by placeholders."""
    marks = {name: mark.format(number=number) for number, name in enumerate(names)}
    try:
        text = json.dumps(prompt.render_completed({**defaults, **marks}))
    except PromptopsError:
        raise _refuse("it cannot be rendered without values") from None
    for name in names:
        if f"{{{name}}}" in text:
            raise _refuse(f"its text already contains {{{name}}}")
    for name, one in marks.items():
        text = text.replace(one, f"{{{name}}}")
    return text


def _refuse(why: str) -> HttpProblem:
    return HttpProblem(
        422,
        "placeholders",
        f"the prompt cannot be served with placeholders for its inputs: {why}",
        hint="let the service run it: /v1/chat/completions",
    )
