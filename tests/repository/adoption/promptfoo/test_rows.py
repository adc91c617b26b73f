"""Tables of cases are read as promptfoo reads them."""

from __future__ import annotations

from typing import Any

import pytest

from promptops.repository.adoption.draft import UnreadableError
from promptops.repository.adoption.promptfoo.rows import read_cell, read_rows


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("a;__expected", "has ';' between its columns"),
        ("a,expected", "has a column 'expected'"),
        ("a,__Expected", "has a column '__Expected'"),
        ("a,b", "has no column '__expected'"),
    ],
)
def test_a_table_without_checks_is_named(header: str, told: str) -> None:
    assert any(told in one for one in read_rows(f"{header}\n1,2\n", "a.csv")[1])


def test_an_empty_table_is_refused() -> None:
    with pytest.raises(UnreadableError, match="is empty"):
        read_rows(" \n", "a.csv")


@pytest.mark.parametrize(
    ("cell", "assertion"),
    [
        ("Paris", {"type": "equals", "value": "Paris"}),
        ("Note: x", {"type": "equals", "value": "Note: x"}),
        ("contains (0.5): x", {"type": "equals", "value": "contains (0.5): x"}),
        ("contains: x ", {"type": "contains", "value": "x"}),
        ("not-regex:^a", {"type": "not-regex", "value": "^a"}),
        ("levenshtein:x", {"type": "levenshtein", "value": "x", "threshold": 0.75}),
        ("levenshtein(2):x", {"type": "levenshtein", "value": "x", "threshold": 2}),
        ("latency(1000)", {"type": "latency", "threshold": 1000}),
        ("similar:x", {"type": "similar", "value": "x", "threshold": 0.8}),
        ("is-json", {"type": "is-json"}),
        ("grade: is kind", {"type": "llm-rubric", "value": " is kind"}),
        ("fn: true", {"type": "javascript", "value": "true"}),
    ],
)
def test_cells_are_read_as_promptfoo_reads_them(cell: str, assertion: dict[str, Any]) -> None:
    assert read_cell(cell) == assertion
