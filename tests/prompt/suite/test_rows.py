"""Rows of CSV, JSON Lines and JSON, each with its line, and what is wrong with a file of them."""

from __future__ import annotations

import pytest

from promptops.prompt.suite.rows import RowFault, read_rows


def test_a_second_mark_of_the_order_of_bytes_is_refused() -> None:
    with pytest.raises(RowFault, match="unexpected UTF-8 BOM"):
        list(read_rows("a.jsonl", "\ufeff\ufeff{}".encode()))
