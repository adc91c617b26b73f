"""A prompt to export: its inputs, and a partial that it may include."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.prompt.closure import collect_closure
from promptops.prompt.prompt import Prompt, load_prompt
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from collections.abc import Mapping

INPUTS = "{name: string, vip: boolean, items: {type: array, items: {type: string}, default: [x]}}"
INPUTS_WITH_HISTORY = f"{INPUTS[:-1]}, history: {{type: array, default: []}}}}"


def load(body: str, **keys: str) -> Prompt:
    """A prompt of this body, loaded; `keys` are lines of its frontmatter."""
    return load_from({"_s/tone.md": b"Be brief.\n"}, body, **keys)


def load_from(partials: Mapping[str, bytes], body: str, **keys: str) -> Prompt:
    """The same with other partials."""
    text = prompt_text(body=body, **{"inputs": INPUTS, **keys})
    closure = collect_closure("a", {**partials, "a.md": text.encode()}.get)
    assert closure is not None
    return load_prompt(closure)
