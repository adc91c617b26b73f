"""The suite that docs/evals.md shows is valid, and the page names every scorer."""

from __future__ import annotations

import re
from pathlib import Path

from promptops.evals.scorers.registry import SCORERS
from promptops.prompt.suite.reading import SuiteFiles, load_suite

PAGE = (Path(__file__).parents[2] / "docs" / "evals.md").read_text("utf-8")


def test_the_suite_on_the_page_is_valid() -> None:
    text = PAGE.partition("```yaml\n")[2].partition("```")[0]
    rows = b"ticket,expected\nIt crashed.,bug\n"
    files = SuiteFiles(
        lambda path: rows if path == "evals/support/tickets.csv" else None,
        lambda: ["evals/support/tickets.csv"],
    )
    path = "evals/support/triage.yaml"
    suite = load_suite(path, text.encode(), files)
    assert [one.name for one in suite.samples] == [
        "charged twice",
        "many tickets 1",
        "asks for a weapon",
    ]


def test_the_page_names_every_scorer() -> None:
    table = PAGE.partition("| Scorer |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`([a-z_]+)`", table))
    assert set(SCORERS) <= named
