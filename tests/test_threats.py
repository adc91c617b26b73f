"""The page of threats: every test that it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAMED = re.findall(
    r"`(tests/[^`]+\.py)::(test_\w+)`", (ROOT / "docs/threats.md").read_text("utf-8")
)


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_what_shows_it_is_there(path: str, name: str) -> None:
    assert f"def {name}(" in (ROOT / path).read_text("utf-8")


def test_every_line_of_a_table_names_a_test() -> None:
    text = (ROOT / "docs/threats.md").read_text("utf-8")
    rows = [
        line
        for line in text.splitlines()
        if line.startswith("| ") and not line.startswith(("| They ", "| ---"))
    ]
    assert rows
    assert [row for row in rows if "::test_" not in row] == []
