"""Includes, found without Jinja2 as Jinja2 finds them."""

from __future__ import annotations

import pytest

from promptops.prompt.template import include_fault, scan_includes
from tests.prompt.template.pieces import INCLUDES, read, refusal


@pytest.mark.parametrize(("body", "expected"), INCLUDES)
def test_only_plain_includes_are_followed(body: str, expected: list[str] | None) -> None:
    analysis = read(body)
    assert scan_includes(body) == [include.path for include in analysis.includes]
    if expected is None:
        assert [problem.kind for problem in analysis.problems] == ["unsupported-include"]
        assert analysis.problems[0].hint
        assert refusal(body, {"a": "", "ab": ""}).message == analysis.problems[0].message
    else:
        assert analysis.problems == ()
        assert scan_includes(body) == expected


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("_shared/tone.md", True), ("a", True), ("é/ü.md", True), ("", False), ("/a", False),
     ("a/../b", False), ("./a", False), ("a/", False), ("a\\b", False), ("a\x00", False)],
)  # fmt: skip
def test_include_paths_stay_below_the_prompts_folder(path: str, *, allowed: bool) -> None:
    assert (include_fault(path) is None) == allowed


@pytest.mark.parametrize("quote", ["'", '"'])
def test_scanning_ends_at_a_string_without_end(quote: str) -> None:
    assert scan_includes("{% include 'a' %}{{ " + f"\\{quote}" * 300_000 + " include") == ["a"]
