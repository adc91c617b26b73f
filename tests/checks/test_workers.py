"""Work that is shared out to forks gives what one process gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.engine import validate
from tests.checks.pieces import config, write
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_many_prompts_are_shared_out_and_judged_as_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = ["{{ question }}", "TODO: {{ asked }}", "{% if %}", '{% include "_t.md" %}']
    texts = {f"p{index}.md": prompt_text(body=bodies[index % 4]) for index in range(20)}
    files = write(tmp_path, {**texts, "_t.md": "{{ other }}"})
    alone = validate(files, config())
    for name, value in (("_MIN_TO_SHARE", 1), ("count_workers", lambda: 3)):
        monkeypatch.setattr(f"promptops.checks.workers.{name}", value)
    assert validate(files, config()) == alone
    # What a copy of the process cannot do is done here.
    monkeypatch.setattr("promptops.checks.result.ValidationResult.encode", None)
    assert validate(files, config()) == alone
