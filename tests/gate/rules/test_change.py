"""What a change is, as far as it can be told from its parts."""

from __future__ import annotations

import pytest

from promptops.gate.rules.change import ChangedPath, PathKind
from tests.gate.pieces import edit, state
from tests.prompts import prompt_text

BROKEN = "---\nversion: one\n"
CAREFUL = prompt_text(requires_review="true")
CARELESS = prompt_text(requires_review="false")


@pytest.mark.parametrize(
    ("text", "demanded", "status", "ignored"),
    [
        (prompt_text(), False, "active", set()),
        (CAREFUL, True, "active", set()),
        (CARELESS, False, "active", set()),
        (prompt_text(requires_review='"yes"'), False, "active", set()),
        (prompt_text(requires_review="1"), False, "active", set()),
        (prompt_text(status="draft"), False, "draft", set()),
        (prompt_text(ignore="{a: x, 1: y}"), False, "active", {"a", "1"}),
        (prompt_text(ignore="[a]"), False, "active", set()),
        (prompt_text(ignore="a"), False, "active", set()),
        (BROKEN, False, "active", set()),
    ],
)
def test_what_a_prompt_says_of_itself_valid_or_not(
    text: str, demanded: bool, status: str, ignored: set[str]
) -> None:
    found = state(text)
    assert (found.requires_review, found.status) == (demanded, status)
    assert found.suppressions == frozenset(ignored)


@pytest.mark.parametrize(
    ("before", "after", "demanded"),
    [
        (None, CAREFUL, True),
        (None, CARELESS, False),
        (CAREFUL, None, True),
        (CARELESS, None, False),
        (CAREFUL, CARELESS, True),
        (CARELESS, CAREFUL, True),
        (CARELESS, CARELESS, False),
        (CAREFUL, BROKEN, True),
    ],
)
def test_one_side_that_demands_a_review_is_enough(
    before: str | None, after: str | None, demanded: bool
) -> None:
    assert edit(before, after).requires_review is demanded


@pytest.mark.parametrize(
    ("before", "after", "new"),
    [
        (None, "{b: x, a: x}", ("a", "b")),
        ("{a: x}", None, ()),
        ("{a: x}", "{b: x, a: y}", ("b",)),
        ("{a: x}", "{a: y}", ()),
    ],
)
def test_a_suppression_is_new_when_it_was_not_there_before(
    before: str | None, after: str | None, new: tuple[str, ...]
) -> None:
    old, now = (None if one is None else prompt_text(ignore=one) for one in (before, after))
    assert edit(old, now).new_suppressions == new


def test_a_path_is_proposed_unless_said_otherwise() -> None:
    assert ChangedPath("a", PathKind.PROMPTS, None, None, None).is_proposed
