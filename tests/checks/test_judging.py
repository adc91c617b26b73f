"""One prompt: what its checks find, what it ignores, and how much is told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from promptops.checks.engine import validate
from promptops.checks.registry import FOLDER_CHECKS, NOT_IGNORABLE
from tests.checks.pieces import UNUSED, config, found, judge, write
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("check", sorted(NOT_IGNORABLE - set(FOLDER_CHECKS)))
def test_a_file_cannot_ignore_what_holds_its_author(check: str) -> None:
    case = {"body": "Hello", "frontmatter": f"ignore: {{{check}: because}}"}
    assert [one.check for one in judge(check, case)] == ["unused-ignore"]


def test_a_check_that_is_off_leaves_its_exceptions_alone() -> None:
    case = {"body": "Hello", "frontmatter": "ignore: {unknown-model: a private one}"}
    assert judge("empty-prompt", case) == []


def test_ignoring_keeps_a_check_quiet_for_one_prompt_only(tmp_path: Path) -> None:
    quiet = prompt_text(body="Hello", ignore="{unused-input: callers send it}")
    result = validate(write(tmp_path, {"a.md": quiet, "b.md": UNUSED}), config())
    assert found(result) == ["prompts/b.md:6:10 warning unused-input"]


def test_of_many_like_problems_in_one_file_only_the_first_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("promptops.checks.judging._MAX_PROBLEMS", 2)
    body = "{{ question }}\n" + "TODO: mend this\n" * 9
    result = validate(write(tmp_path, {"a.md": prompt_text(body=body)}), config())
    assert [one.check for one in result.findings] == ["leftover-text"] * 2
