"""What the README says of the program is what the program says of itself."""

from __future__ import annotations

import re
from pathlib import Path

from promptops.checks.report import FORMATS
from promptops.cli.commands import COMMANDS

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_each_check_has_a_section_where_its_table_leads() -> None:
    page = (Path(__file__).parents[1] / "docs/checks.md").read_text(encoding="utf-8")
    sections = set(re.findall("^### (.+)$", page, re.MULTILINE))
    assert set(re.findall(r"\]\(#([a-z-]+)\)", page)) == sections


def test_each_command_and_format_that_it_names_exists() -> None:
    assert set(re.findall(r"promptops ([a-z]+)(?= |`|$)", README, re.MULTILINE)) <= set(COMMANDS)
    assert set(re.findall(r"validate [^`\n|]*--format ([a-z]+)", README)) <= set(FORMATS)
