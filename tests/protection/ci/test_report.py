"""The gate's verdict file, as the source of suggested lines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from promptops.forge.line_suggestion import LineSuggestion
from promptops.protection.ci.report import read_suggestions

if TYPE_CHECKING:
    from pathlib import Path


def test_only_prompts_that_lack_a_line_have_a_suggestion(tmp_path: Path) -> None:
    prompts = [
        {"path": "prompts/a.md", "write": {"line": 2, "text": "version: 1.1.0"}},
        {"path": "prompts/b.md", "write": None},
    ]
    file = tmp_path / "verdict.json"
    file.write_text(json.dumps({"prompts": prompts}))
    assert read_suggestions(file) == [LineSuggestion("prompts/a.md", 2, "version: 1.1.0")]


def test_a_gate_that_wrote_no_verdict_suggests_nothing(tmp_path: Path) -> None:
    assert read_suggestions(tmp_path / "verdict.json") == []
