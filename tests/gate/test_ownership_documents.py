"""Owners and faults of their file as JSON."""

from __future__ import annotations

from inline_snapshot import snapshot

from promptops.forge.codeowners import Dialect, parse_owners
from promptops.forge.codeowners.choice import FoundOwners
from promptops.gate.ownership_documents import describe_owners, describe_owners_lint
from promptops.prompt.finding import Finding, Position, Severity

TEXT = "[Leads][2] @lead\n/prompts/\n^[Maybe]\n/prompts/ @a @b\n"
OWNERS = FoundOwners("CODEOWNERS", TEXT, len(TEXT), parse_owners(TEXT, Dialect.GITLAB))


def test_a_path_has_a_row_for_each_section_or_an_empty_one() -> None:
    answers = [OWNERS.owners.match(path) for path in ("prompts/a.md", "README.md")]
    assert describe_owners(OWNERS, answers) == snapshot(
        {
            "schema": "promptops.owners/v1",
            "file": "CODEOWNERS",
            "dialect": "gitlab",
            "paths": [
                {
                    "path": "prompts/a.md",
                    "state": "owned",
                    "owners": ["@lead"],
                    "line": 2,
                    "section": "Leads",
                    "approvals": 2,
                    "optional": False,
                },
                {
                    "path": "prompts/a.md",
                    "state": "owned",
                    "owners": ["@a", "@b"],
                    "line": 4,
                    "section": "Maybe",
                    "approvals": 1,
                    "optional": True,
                },
                {
                    "path": "README.md",
                    "state": "unmatched",
                    "owners": [],
                    "line": None,
                    "section": None,
                    "approvals": None,
                    "optional": None,
                },
            ],
        }
    )


def test_findings_are_counted_as_errors_and_warnings() -> None:
    findings = [
        Finding("a", Severity.ERROR, "wrong", "CODEOWNERS", Position(3, 5, 3, 9), "right"),
        Finding("b", Severity.WARNING, "odd", "CODEOWNERS"),
        Finding("c", Severity.WARNING, "odd", "CODEOWNERS"),
    ]
    found = describe_owners_lint(OWNERS, findings)
    assert found["summary"] == {"errors": 1, "warnings": 2}
    assert [(one["line"], one["column"]) for one in found["findings"]] == [
        (3, 5),
        (None, None),
        (None, None),
    ]
