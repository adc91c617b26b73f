"""Read the gate's verdict file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from promptops.files import read_file
from promptops.forge.line_suggestion import LineSuggestion

if TYPE_CHECKING:
    from pathlib import Path


def read_suggestions(verdict: Path) -> list[LineSuggestion]:
    """Return suggestions for the missing version lines; none without a verdict file."""
    if not verdict.exists():
        return []
    prompts = json.loads(read_file(verdict))["prompts"]
    return [
        LineSuggestion(one["path"], one["write"]["line"], one["write"]["text"])
        for one in prompts
        if one["write"] is not None
    ]
