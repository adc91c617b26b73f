"""The result of a validation: its counts, its texts, and how one comes to a partial."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.checks.engine import validate
from promptops.checks.validation import Validation, build_validation
from promptops.prompt.finding import Finding, Position, Severity
from tests.checks.pieces import config, write
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from pathlib import Path


def test_findings_are_counted_by_weight(tmp_path: Path) -> None:
    files = write(tmp_path, {"a.md": prompt_text(body="{{ nothing }}")})
    result = validate(files, config())
    assert (result.count(Severity.ERROR), result.count(Severity.WARNING)) == (1, 1)
    assert not result.is_passed


PLACE = Position(2, 1, 2, 9)


@pytest.mark.parametrize(
    ("found", "severity", "is_milder"),
    [
        ([], Severity.NOTE, True),
        ([Severity.NOTE], Severity.NOTE, False),
        ([Severity.NOTE], Severity.WARNING, True),
        ([Severity.NOTE, Severity.WARNING], Severity.WARNING, False),
        ([Severity.WARNING], Severity.ERROR, True),
        ([Severity.ERROR], Severity.NOTE, False),
    ],
)
def test_a_validation_is_as_grave_as_its_gravest_finding(
    found: list[Severity], severity: Severity, is_milder: bool
) -> None:
    findings = tuple(Finding("syntax", one, "m", "a.md") for one in found)
    assert Validation(findings, (), {}).is_milder_than(severity) is is_milder


def test_paths_are_from_the_top_and_findings_in_the_order_of_the_files() -> None:
    findings = [
        Finding("syntax", Severity.ERROR, "m", "b.md", PLACE),
        Finding("syntax", Severity.NOTE, "m", "a.md", PLACE),
        Finding("syntax", Severity.NOTE, "m", "/evals/a.yaml"),
    ]
    texts = {"ai/a.md": b"one\r\ntwo", "evals/a.yaml": b"\xff"}
    result = build_validation(findings, ["a", "b"], {}, "ai", texts.get)
    assert [one.place for one in result.findings] == ["ai/a.md:2:1", "ai/b.md:2:1", "evals/a.yaml"]
    assert result.texts == {"ai/a.md": "one\ntwo", "evals/a.yaml": "\ufffd"}


def test_a_partial_is_reached_through_its_first_includers_even_in_a_circle() -> None:
    inclusions = {
        "b.md": (("_p.md", PLACE),),
        "a.md": (("_q.md", PLACE),),
        "_p.md": (("_q.md", PLACE),),
        "_q.md": (("_p.md", PLACE),),
    }
    findings = [Finding("syntax", Severity.ERROR, "m", path) for path in ("_p.md", "_x.md", "a.md")]
    result = build_validation(findings, [], inclusions, "prompts", lambda _: None)
    chains = {path: [one.path for one in chain] for path, chain in result.included_from.items()}
    assert chains == {"prompts/_p.md": ["prompts/_q.md", "prompts/_p.md"]}
