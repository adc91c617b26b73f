"""A prompt to export: its inputs, and a partial that it may include."""

from __future__ import annotations

from promptops.prompt.closure import collect_closure
from promptops.prompt.prompt import Prompt, load_prompt
from tests.prompts import prompt_text

INPUTS = "{name: string, vip: boolean, items: {type: array, items: {type: string}, default: [x]}}"
INPUTS_WITH_HISTORY = f"{INPUTS[:-1]}, history: {{type: array, default: []}}}}"


def load(body: str, **keys: str) -> Prompt:
    files = {
        "a.md": prompt_text(body=body, **{"inputs": INPUTS, **keys}).encode(),
        "_s/tone.md": b"Be brief.\n",
    }
    closure = collect_closure("a", files.get)
    assert closure is not None
    return load_prompt(closure)
