"""Every check on texts that pass it and texts that fail it, which stand in `cases/` as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from promptops import checks
from promptops.checks import CHECKS, FAULTS, describe, explain
from promptops.config import Config
from promptops.finding import Finding, Severity
from promptops.validation import validate

CASES = Path(__file__).with_name("cases")
HEADINGS = ["## Finds", "## Why", "## Example", "## Instead"]


class Folder:
    """Files in memory, as a source of prompts."""

    def __init__(self, files: dict[str, str]) -> None:
        self._files = files

    def read(self, path: str) -> bytes | None:
        text = self._files.get(path)
        return None if text is None else text.encode()

    def paths(self) -> list[str]:
        return sorted(self._files)


def load(kind: str) -> list[Any]:
    return [
        pytest.param(file.stem, case, id=f"{file.stem}: {case['name']}")
        for file in sorted(CASES.glob("*.yaml"))
        for case in yaml.safe_load(file.read_text())[kind]
    ]


def judge(case: dict[str, Any]) -> list[Finding]:
    files = dict(case.get("files", {}))
    if "body" in case:
        head = ["---", "version: 1.0.0", "description: d", "author: a", "model: m"]
        more = [case["frontmatter"]] if "frontmatter" in case else []
        files["a.md"] = "\n".join([*head, *more, "---", case["body"]])
    return list(validate(Folder(files), Config()).findings)


def describe_place(finding: Finding) -> str:
    return f"{finding.place.removeprefix('prompts/')} {finding.message}"


@pytest.mark.parametrize(("check", "case"), load("passing"))
def test_what_is_fine_is_left_alone(check: str, case: dict[str, Any]) -> None:
    findings = judge(case)
    assert check not in {finding.check for finding in findings}
    others = {finding.check for finding in findings if finding.severity is Severity.ERROR}
    assert others == set(case.get("also", [])), "the case is wrong in a way it does not mean"


@pytest.mark.parametrize(("check", "case"), load("failing"))
def test_what_is_wrong_is_found_in_its_place(check: str, case: dict[str, Any]) -> None:
    findings = [finding for finding in judge(case) if finding.check == check]
    assert [describe_place(finding) for finding in findings] == case["finds"]
    assert {finding.severity for finding in findings} == {CHECKS[check].SEVERITY}
    if "hint" in case:
        assert findings[0].hint == case["hint"]
    assert all(finding.hint for finding in findings)


def test_registry_modules_cases_and_documentation_agree() -> None:
    folder = Path(checks.__file__).parent
    modules = {
        file.stem.replace("_", "-")
        for file in folder.glob("*.py")
        if file.stem not in {"__init__", "subject"}
    }
    assert modules == set(CHECKS) == {file.stem for file in CASES.glob("*.yaml")}
    assert not set(CHECKS) & set(FAULTS)
    for check, module in CHECKS.items():
        assert getattr(module, "__name__", "").endswith(check.replace("-", "_"))


@pytest.mark.parametrize("check", sorted(CHECKS))
def test_a_check_is_documented_under_fixed_headings(check: str) -> None:
    documentation = explain(check)
    found = [line for line in documentation.split("\n") if line.startswith("#")]
    assert found == HEADINGS
    assert not describe(check).endswith(".")
