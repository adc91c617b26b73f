"""Every check on texts that pass it and texts that fail it, which stand in `cases/` as data."""

from __future__ import annotations

import inspect
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from promptops.checks import registry as checks
from promptops.checks.catalogue import entries, find_entry, to_markdown
from promptops.checks.engine import validate
from promptops.checks.registry import (
    CHECKS,
    FAULTS,
    FOLDER_CHECKS,
    GROUPS,
    MASKED,
    NOT_IGNORABLE,
    OFF,
    describe,
    explain,
)
from promptops.checks.report import FORMATS, render
from promptops.checks.report.outcome import ReportOutcome
from promptops.prompt.finding import Finding, Severity
from promptops.repository.config import Config, Gate, read_config_table

if TYPE_CHECKING:
    from promptops.checks.validation import Validation

CASES = Path(__file__).with_name("cases")
HEADINGS = ["## Finds", "## Why", "## Example", "## Instead"]


class Folder:
    """A folder of a repository in memory; paths in `files` begin at the repository's top."""

    def __init__(self, files: dict[str, str], folder: str = "prompts") -> None:
        self._all = files
        below = f"{folder}/" if folder else ""
        self._files = {
            path.removeprefix(below): text for path, text in files.items() if path.startswith(below)
        }

    def read(self, path: str) -> bytes | None:
        text = self._files.get(path)
        return None if text is None else text.encode()

    def paths(self) -> list[str]:
        return sorted(self._files)

    def beside(self, folder: str) -> Folder:
        return Folder(self._all, folder)


def load(kind: str) -> list[Any]:
    return [
        pytest.param(file.stem, case, id=f"{file.stem}: {case['name']}")
        for file in sorted(CASES.glob("*.yaml"))
        for case in yaml.safe_load(file.read_text())[kind]
    ]


# Whole secrets in a file would set off those who look for them there.
JOINT = "\u00b7"


def validate_case(check: str, case: dict[str, Any]) -> Validation:
    files = {f"prompts/{path}": text for path, text in case.get("files", {}).items()}
    files |= case.get("around", {})
    if "body" in case:
        head = ["---", "version: 1.0.0", "description: d", "author: a"]
        more = [case["frontmatter"]] if "frontmatter" in case else []
        if not case.get("frontmatter", "").startswith("model:"):
            head.append("model: m")
        files["prompts/a.md"] = "\n".join([*head, *more, "---", case["body"]])
    if check in MASKED:
        files = {path: text.replace(JOINT, "") for path, text in files.items()}
    weights = {check: CHECKS[check].RULE.severity.value} if check in OFF else {}
    tables = case.get("config", {})
    config = replace(
        read_config_table(tables, "promptops.toml"),
        checks=weights,
        gate=Gate(**case.get("gate", {})),
    )
    live = case.get("live", {})
    return validate(Folder(files), config, list_live=lambda: live)


def judge(check: str, case: dict[str, Any]) -> list[Finding]:
    return list(validate_case(check, case).findings)


def describe_place(finding: Finding) -> str:
    return f"{finding.place.removeprefix('prompts/')} {finding.message}"


@pytest.mark.parametrize(("check", "case"), load("passing"))
def test_what_is_fine_is_left_alone(check: str, case: dict[str, Any]) -> None:
    findings = judge(check, case)
    assert check not in {finding.check for finding in findings}
    others = {finding.check for finding in findings if finding.severity is Severity.ERROR}
    assert others == set(case.get("also", [])), "the case is wrong in a way it does not mean"


@pytest.mark.parametrize(("check", "case"), load("failing"))
def test_what_is_wrong_is_found_in_its_place(check: str, case: dict[str, Any]) -> None:
    findings = [finding for finding in judge(check, case) if finding.check == check]
    assert [describe_place(finding) for finding in findings] == case["finds"]
    assert {finding.severity for finding in findings} == {CHECKS[check].RULE.severity}
    if "hint" in case:
        assert findings[0].hint == case["hint"]
    assert all(finding.hint for finding in findings)


def test_registry_modules_cases_and_documentation_agree() -> None:
    folder = Path(checks.__file__).parent / "rules"
    modules = {
        file.stem.replace("_", "-") for file in folder.glob("*.py") if file.stem != "__init__"
    }
    assert modules == set(CHECKS) == {file.stem for file in CASES.glob("*.yaml")}
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


def test_the_documentation_in_the_repository_is_what_the_checks_say() -> None:
    page = Path(__file__).parents[2] / "docs" / "checks.md"
    assert page.read_text(encoding="utf-8") == to_markdown(), "run: nox -s docs"


def test_the_catalogue_knows_all_about_a_check() -> None:
    assert len({entry.id for entry in entries()}) == len(entries()) == len(CHECKS) + len(FAULTS)
    secret, model, fault = map(find_entry, ("exposed-secret", "unknown-model", "duplicate-key"))
    assert secret is not None
    assert model is not None
    assert fault is not None
    assert (secret.is_on, secret.is_configurable, secret.is_ignorable) == (True, True, False)
    assert (model.is_on, model.is_configurable, model.is_ignorable) == (False, True, True)
    assert (fault.is_on, fault.is_configurable, fault.is_ignorable) == (True, False, False)
    assert find_entry("no-such-check") is None


@pytest.mark.parametrize(
    ("check", "case"), [case for case in load("failing") if case.values[0] in MASKED]
)
def test_what_must_not_be_seen_is_in_no_report(check: str, case: dict[str, Any]) -> None:
    result = validate_case(check, case)
    outcome = ReportOutcome(result.findings, 1, result.texts)
    hidden = [text.replace(JOINT, "") for text in case["hides"]]
    for name in FORMATS:
        written = render(name, outcome)
        assert not any(text in written for text in hidden), name
    said = repr(result.findings)
    assert not any(text in said for text in hidden)


def test_a_secret_that_another_finding_would_quote_is_masked_there_too() -> None:
    secret = "AK" + "IAQ3XW7RTZ5LNV2KPD"
    text = f"---\nversion: 1.0.0\ndescription: d\nauthor: a\nmodel: m\n{secret}: 1\n---\nHello\n"
    result = validate(Folder({"prompts/a.md": text}), Config())
    assert [one.check for one in result.findings] == ["exposed-secret", "unknown-key"]
    assert secret not in repr(result)


@pytest.mark.parametrize("check", sorted(NOT_IGNORABLE - set(FOLDER_CHECKS)))
def test_a_file_cannot_ignore_what_holds_its_author(check: str) -> None:
    case = {"body": "Hello", "frontmatter": f"ignore: {{{check}: because}}"}
    assert [one.check for one in judge(check, case)] == ["unused-ignore"]


def test_a_check_that_is_off_leaves_its_exceptions_alone() -> None:
    case = {"body": "Hello", "frontmatter": "ignore: {unknown-model: a private one}"}
    assert judge("empty-prompt", case) == []
