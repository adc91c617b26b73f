"""Files of owners as GitHub reads them: a line at fault is skipped."""

from __future__ import annotations

import pytest

from promptops.forge.codeowners import (
    OwnersState,
    parse_owners,
)
from tests.forge.codeowners.pieces import GITHUB, faults

# GitHub's lines


def test_a_comment_names_no_owner() -> None:
    owners = parse_owners("*.js @js # ping @security\n/x # @nobody\n", GITHUB)
    assert owners.match("a.js").owners == ("@js",)
    assert owners.match("x").state is OwnersState.UNOWNED


@pytest.mark.parametrize(
    "line", ["*.md user", "*.md @", "*.md docs@", "*.md @a @b/c/d", "*.md @a,@b", "*.md @x @-y"]
)
def test_one_bad_owner_skips_the_line_and_an_earlier_rule_applies(line: str) -> None:
    owners = parse_owners(f"* @g\n{line}\n", GITHUB)
    assert (owners.match("a.md").owners, owners.match("a.md").line) == (("@g",), 1)
    (problem,) = owners.problems
    assert (problem.check, problem.severity) == ("invalid-owner", "error")


@pytest.mark.parametrize(
    "pattern", ["!*.md", "*.[m]d", "*.m]d", r"\#*.md", "***.md", "/", "*.md\\", "^[Docs]", "[Docs]"]
)
def test_a_pattern_that_github_does_not_take_skips_the_line(pattern: str) -> None:
    owners = parse_owners(f"* @g\n{pattern}", GITHUB)
    assert owners.match("a.md").line == 1
    assert faults(f"* @g\n{pattern}", GITHUB) == [("invalid-pattern", 2)]
