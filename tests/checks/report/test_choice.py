"""Filters of findings, by check and by path."""

from __future__ import annotations

import pytest

from promptops.checks.report.choice import parse_choice
from promptops.prompt.finding import Finding, Severity


@pytest.mark.parametrize(
    ("select", "exclude", "kept"),
    [
        ([], [], {"syntax a", "syntax b", "unused-input a"}),
        (["syntax"], [], {"syntax a", "syntax b"}),
        (["unused-*, syntax"], ["unused-input"], {"syntax a", "syntax b"}),
        ([], ["syntax,prompts/x/"], {"unused-input a"}),
        ([], ["./prompts/x"], {"syntax a", "unused-input a"}),
        ([], ["prompts/*.md"], set()),
        ([], ["b.md"], {"syntax a", "syntax b", "unused-input a"}),
    ],
)
def test_a_choice_is_of_checks_and_paths(
    select: list[str], exclude: list[str], kept: set[str]
) -> None:
    places = {"a": "prompts/a.md", "b": "prompts/x/b.md"}
    found = [("syntax", "a"), ("syntax", "b"), ("unused-input", "a")]
    choice = parse_choice(select, exclude)
    result = {
        f"{check} {place}"
        for check, place in found
        if choice.keeps(Finding(check, Severity.ERROR, "m", places[place]))
    }
    assert result == kept
