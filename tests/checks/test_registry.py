"""The registry of checks agrees with their modules, cases and documentation."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from promptops.checks import registry as checks
from promptops.checks.registry import (
    CHECKS,
    FAULTS,
    GROUPS,
    MASKED,
    NOT_IGNORABLE,
    OFF,
    describe,
    explain,
)
from tests.checks.pieces import list_cases

HEADINGS = ["## Finds", "## Why", "## Example", "## Instead"]


def test_registry_modules_cases_and_documentation_agree() -> None:
    folder = Path(checks.__file__).parent / "rules"
    modules = {
        file.stem.replace("_", "-") for file in folder.glob("*.py") if file.stem != "__init__"
    }
    assert modules == set(CHECKS) == set(list_cases())
    assert not set(CHECKS) & set(FAULTS)
    grouped = [check for group in GROUPS.values() for check in group]
    assert sorted(grouped) == sorted([*CHECKS, *FAULTS])
    assert set(CHECKS) >= OFF | MASKED | NOT_IGNORABLE
    for module in CHECKS.values():
        [subject] = set(inspect.get_annotations(module.check).values()) - {"Iterator[Problem]"}
        assert subject == f"{module.RULE.scope.value.title()}Subject"


@pytest.mark.parametrize("check", sorted(CHECKS))
def test_a_check_is_documented_under_fixed_headings(check: str) -> None:
    documentation = explain(check)
    found = [line for line in documentation.split("\n") if line.startswith("#")]
    assert found == HEADINGS
    assert not describe(check).endswith(".")
