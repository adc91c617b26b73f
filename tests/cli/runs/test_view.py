"""Runs as columns, bars and CSV."""

from __future__ import annotations


def test_bars() -> None:
    from promptops.cli.runs.view import draw

    assert draw([0, 1, 4, 8]) == " ▁▄█"
    assert draw([0, 0]) == ""
    assert draw([1, 1_000_000]) == "▁█"
