"""Patterns of JavaScript are translated, refused as JavaScript refuses them, or left out."""

from __future__ import annotations

import pytest

from promptops.repository.adoption.promptfoo.patterns import (
    BadPatternError,
    ForeignPatternError,
    translate,
)


@pytest.mark.parametrize("pattern", ["a++", "*a", "(a", "a)", "[a", "(?i)a", "(?P<n>a)", "a{2,1}"])
def test_a_pattern_that_javascript_refuses_is_bad(pattern: str) -> None:
    with pytest.raises(BadPatternError):
        translate(pattern)


@pytest.mark.parametrize("pattern", [r"(a)\1", "a(?=b)", "(?<!a)b", r"a\B"])
def test_a_pattern_that_is_not_linear_is_foreign(pattern: str) -> None:
    with pytest.raises(ForeignPatternError):
        translate(pattern)
