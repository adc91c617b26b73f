"""Filters of findings, by check and by path."""

from __future__ import annotations

import re

import pytest

from promptops.checks.report.choice import parse_choice
from promptops.errors import UsageError
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


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("sintax", "did you mean 'syntax'?"),
        ("zzz", "promptops checks"),
        ("zzz-*", "promptops checks"),
    ],
)
def test_an_unknown_check_is_refused_with_the_nearest(word: str, hint: str) -> None:
    for select, exclude in (([word], []), ([], ["syntax", word])):
        with pytest.raises(UsageError, match=f"there is no check '{re.escape(word)}'") as caught:
            parse_choice(select, exclude)
        assert hint in str(caught.value.hint)
