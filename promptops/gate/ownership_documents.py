"""Describe owners, and faults of the CODEOWNERS file, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptops.prompt.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from promptops.forge.codeowners import Ownership
    from promptops.forge.codeowners.choice import FoundOwners
    from promptops.prompt.finding import Finding


def describe_owners(found_owners: FoundOwners, answers: Iterable[Ownership]) -> dict[str, Any]:
    """Return the owners of paths as `promptops.owners/v1`."""
    return {
        "schema": "promptops.owners/v1",
        "file": found_owners.path,
        "dialect": found_owners.owners.dialect.value,
        "paths": [row for answer in answers for row in _describe_ownership(answer)],
    }


def describe_owners_lint(found_owners: FoundOwners, findings: Sequence[Finding]) -> dict[str, Any]:
    """Return the faults of a CODEOWNERS file as `promptops.owners-lint/v1`."""
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    return {
        "schema": "promptops.owners-lint/v1",
        "file": found_owners.path,
        "dialect": found_owners.owners.dialect.value,
        "summary": {"errors": errors, "warnings": len(findings) - errors},
        "findings": [
            {
                "check": finding.check,
                "severity": finding.severity.value,
                "message": finding.message,
                "hint": finding.hint,
                "path": finding.path,
                "line": finding.position.line if finding.position else None,
                "column": finding.position.column if finding.position else None,
            }
            for finding in findings
        ],
    }


def _describe_ownership(ownership: Ownership) -> list[dict[str, Any]]:
    """Return a path's ownership for JSON: a row for each matching section, or one empty row."""
    if not ownership.answers:
        return [_json_row(ownership.path, ownership.state.value)]
    return [
        _json_row(
            ownership.path,
            answer.state.value,
            owners=list(answer.owners),
            line=answer.line,
            section=answer.section,
            approvals=answer.approvals,
            optional=answer.is_optional,
        )
        for answer in ownership.answers
    ]


def _json_row(path: str, state: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    row: dict[str, Any] = {"path": path, "state": state, "owners": [], "line": None}
    return {**row, "section": None, "approvals": None, "optional": None, **fields}
