"""Every finding of the gate is documented, and every documented one exists."""

from __future__ import annotations

import re
from pathlib import Path

from promptops.checks.registry import CHECKS, FAULTS
from promptops.gate.rules.catalogue import RULES

ROOT = Path(__file__).parents[3]


def test_the_documentation_lists_each_rule_as_reports_show_it() -> None:
    text = (ROOT / "docs" / "gate.md").read_text("utf-8").partition("## Findings\n")[2]
    assert dict(re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", text, re.MULTILINE)) == RULES


def test_each_rule_is_found_by_the_code_and_each_finding_is_a_rule() -> None:
    found: set[str] = set()
    for file in (ROOT / "promptops").glob("gate/rules/*.py"):
        found |= set(re.findall(r'^\s+"([a-z]+(?:-[a-z]+)+)",$', file.read_text(), re.MULTILINE))
        found |= set(re.findall(r': "([a-z]+(?:-[a-z]+)+)",$', file.read_text(), re.MULTILINE))
    text = (ROOT / "promptops" / "gate" / "admission.py").read_text()
    found |= set(re.findall(r'"([a-z]+(?:-[a-z]+)+)",\s+Severity', text))
    assert found - CHECKS.keys() - FAULTS.keys() == RULES.keys()
