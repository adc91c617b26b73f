"""The result of a validation: its counts, its texts, and how one comes to a partial."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.engine import validate
from promptops.prompt.finding import Severity
from tests.checks.pieces import config, write
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from pathlib import Path


def test_findings_are_counted_by_weight(tmp_path: Path) -> None:
    files = write(tmp_path, {"a.md": prompt_text(body="{{ nothing }}")})
    result = validate(files, config())
    assert (result.count(Severity.ERROR), result.count(Severity.WARNING)) == (1, 1)
    assert not result.is_passed
