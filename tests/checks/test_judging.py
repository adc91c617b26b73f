"""One prompt: what its checks find, what it ignores, and how much is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.checks.engine import validate
from promptops.checks.judging import PromptJudge
from promptops.checks.registry import FOLDER_CHECKS, NOT_IGNORABLE
from promptops.checks.severities import Severities
from promptops.checks.sources import Sources
from promptops.checks.subject import CheckContext
from tests.checks.pieces import UNUSED, Folder, config, found, judge, write
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.checks.result import ValidationResult


def judge_prompt(files: dict[str, str]) -> ValidationResult | None:
    """The result for the prompt `a`."""
    folder = Folder({f"prompts/{path}": text for path, text in files.items()})
    return PromptJudge(Sources(folder), Severities(config()), CheckContext()).judge("a")


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


@pytest.mark.parametrize(
    ("keys", "is_lasting"),
    [
        ({}, True),
        # What a route leads to is in another file, and a secret must not be stored.
        ({"routes": "[{when: question, model: m}]"}, False),
        ({"metadata": "{key: " + "AKIA" + "QRSTUVWX23456723}"}, False),
        ({"status": "no-such"}, False),
    ],
)
def test_a_result_lasts_if_nothing_but_the_files_of_the_prompt_can_change_it(
    keys: dict[str, str], is_lasting: bool
) -> None:
    result = judge_prompt({"a.md": prompt_text(**keys)})
    assert result is not None
    assert result.is_lasting is is_lasting


def test_a_result_knows_the_files_and_where_they_include_one_another() -> None:
    text = prompt_text(body='{% include "_p.md" %}{{ question }}', status="draft")
    result = judge_prompt({"a.md": text, "_p.md": 'x {% include "_q.md" %}', "_q.md": "q"})
    assert result is not None
    assert sorted(result.files) == ["_p.md", "_q.md", "a.md"]
    chains = {path: [to for to, _ in found] for path, found in result.inclusions.items()}
    assert chains == {"a.md": ["_p.md"], "_p.md": ["_q.md"], "_q.md": []}
    lines = text.split("\n")
    assert lines[result.body_line - 1] == text[result.body_start :].split("\n")[0]
    assert result.draft is not None
    assert lines[result.draft.line - 1] == "status: draft"


def test_a_prompt_that_is_not_there_has_no_result() -> None:
    assert judge_prompt({}) is None
