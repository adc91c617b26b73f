"""What a file of owners does not say, or says in vain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inline_snapshot import snapshot

from promptops.forge.codeowners import (
    MAX_BYTES,
    Dialect,
    parse_owners,
)
from promptops.forge.codeowners.lint import LintContext, lint_owners
from tests.forge.codeowners.pieces import GITHUB, GITLAB

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from promptops.prompt.finding import Finding


# The lint


def lint(
    text: str,
    paths: Collection[str],
    *,
    prompts: Collection[str] = (),
    gate: Collection[str] = (),
    dialect: Dialect = GITHUB,
    size: int | None = None,
    knows: Callable[[str], bool] | None = None,
    folders: Collection[str] = (),
) -> list[Finding]:
    size = len(text.encode()) if size is None else size
    around = LintContext("CODEOWNERS", size, paths, prompts, gate, knows, folders)
    return lint_owners(parse_owners(text, dialect), around)


def found_in(findings: list[Finding]) -> list[tuple[str, int | str]]:
    return [(one.check, one.position.line if one.position else one.path) for one in findings]


def test_rules_that_decide_nothing_are_found() -> None:
    text = "* @a\n/gone/ @a\n*.md @a\n/docs/ @b\n/docs/*.md @c\n"
    findings = lint(text, ["docs/a.md", "b.py"])
    assert found_in(findings) == [("dead-pattern", 2), ("shadowed-rule", 3), ("shadowed-rule", 4)]
    assert {one.severity for one in findings} == {"warning"}


def test_a_folder_of_the_configuration_has_an_owner_before_its_first_file() -> None:
    text = "* @a\n/evals/ @a\n/other/ @a\n!/prompts/\n"
    findings = lint(text, ["docs/a.md"], dialect=GITLAB, folders=("prompts", "evals"))
    assert found_in(findings) == [("dead-pattern", 3), ("dead-pattern", 4)]


def test_an_exclusion_that_excludes_nothing_is_dead_and_a_section_shadows_no_other() -> None:
    text = "* @a\n!/gone/\n!/docs/\n[B]\n*.md @b\n"
    assert found_in(lint(text, ["docs/a.md", "x.md"], dialect=GITLAB)) == [("dead-pattern", 2)]


def test_prompts_and_gate_files_without_owners_are_errors() -> None:
    text = "/prompts/ @a\n/prompts/b.md\n"
    prompts = ["prompts/a.md", "prompts/b.md"]
    findings = lint(text, [*prompts, "CODEOWNERS", "app.py"], prompts=prompts, gate=["CODEOWNERS"])
    assert found_in(findings) == [
        ("unowned-gate-file", "CODEOWNERS"),
        ("unowned-prompt", "prompts/b.md"),
    ]
    assert {one.severity for one in findings} == {"error"}
    assert findings[1].message == snapshot("this file has no owner: line 2 names none")


def test_owners_that_the_groups_file_does_not_know_are_named_once() -> None:
    text = "a @Jane @typo\nb @TYPO @org/gone\nc\nd @typo\n"
    assert lint(text, "abcd") == []
    findings = lint(text, "abcd", knows=lambda owner: owner.casefold() == "@jane")
    assert found_in(findings) == [("unknown-owner", 1), ("unknown-owner", 2)]
    assert [one.message for one in findings] == [
        "the groups file does not know '@typo', and 2 more of the lines name it",
        "the groups file does not know '@org/gone'",
    ]
    assert {one.severity for one in findings} == {"warning"}


def test_the_faults_of_lines_come_with_the_lint_in_order() -> None:
    findings = lint("x @a\n!x @b\n*.md user\n", ["x"])
    assert found_in(findings) == [("invalid-pattern", 2), ("invalid-owner", 3)]
    assert [one.path for one in findings] == ["CODEOWNERS"] * 2


def test_a_file_that_is_nearly_too_large_is_a_warning_and_one_that_is_an_error() -> None:
    assert found_in(lint("x @a\n", ["x"], size=MAX_BYTES * 9 // 10)) == [
        ("nearly-too-large", "CODEOWNERS")
    ]
    assert lint("x @a\n", ["x"], size=MAX_BYTES * 9 // 10, dialect=GITLAB) == []
    assert found_in(lint("#" * (MAX_BYTES + 1), ["x"], gate=["x"])) == [("too-large", "CODEOWNERS")]
