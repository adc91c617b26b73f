"""A verdict in a person's words, and what to run next."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest
from inline_snapshot import snapshot

from promptops.forge.codeowners import Dialect
from promptops.gate.rules import Approvals, judge
from promptops.gate.summary import (
    describe_bump,
    describe_versions,
    group_requirements,
    list_commands,
)
from promptops.prompt.finding import Finding, Severity
from tests.gate.pieces import (
    NEXT,
    PLAIN,
    UNBUMPED,
    approve,
    decide,
    edit,
    many_unbumped,
    propose,
    rules,
    touched,
)
from tests.prompts import prompt_text
from tests.screens import masked

SAME = prompt_text('"1.0.0"')
BROKEN = "---\nversion: one\n---\n"


@pytest.mark.parametrize(
    ("before", "after", "versions", "bump"),
    [
        (PLAIN, NEXT, "1.0.0 -> 1.1.0", "behaviour change, minor bump: done"),
        (PLAIN, SAME, "1.0.0", "the same meaning, only bytes differ"),
        (None, NEXT, "new, 1.1.0", ""),
        (None, BROKEN, "new, not valid", ""),
        (PLAIN, None, "1.0.0, removed", ""),
        (BROKEN, None, "removed", ""),
        (BROKEN, NEXT, "not valid -> 1.1.0", ""),
        (PLAIN, BROKEN, "1.0.0 -> not valid", ""),
        (BROKEN, BROKEN + "\n", "not valid", ""),
    ],
)
def test_a_change_in_words(before: str | None, after: str | None, versions: str, bump: str) -> None:
    change = edit(before, after)
    assert (describe_versions(change), describe_bump(change, "change")) == (versions, bump)


def test_the_bump_says_what_is_left_to_do() -> None:
    unbumped = edit(PLAIN, prompt_text("1.0.0", body="Answer {{ question }} well"))
    assert masked(describe_bump(unbumped, "change")) == snapshot(
        "behaviour change, minor bump needed: 1.1.0"
    )
    assert masked(describe_bump(unbumped, "release")) == snapshot(
        "behaviour change, the release writes 1.1.0 (minor)"
    )


def test_requirements_come_by_whose_approval_they_take() -> None:
    change = propose(paths=[touched(path) for path in ("a", "b", "c", "free")])
    by = rules("[S][2]\n/a @x @y\n/c @x @y\n[T]\n/b @z\n", dialect=Dialect.GITLAB)
    groups = group_requirements(decide(change, by).requirements)
    assert [(who, [one.path for one in needs]) for who, needs in groups] == [
        ("2 of @x or @y", ["a", "c"]),
        ("@z", ["b"]),
        ("anyone with write access except the author", ["free"]),
    ]


APPROVE = "promptops approve --base main --head cccccccccccc"


def test_what_to_run_gets_the_change_further() -> None:
    change = propose(edit(PLAIN, NEXT))
    assert list_commands(decide(change, None, approve(change)), "main") == []
    (command,) = list_commands(decide(change), "main")
    assert shlex.split(command, comments=True) == APPROVE.split()  # as a shell takes it
    # Where nobody was asked nothing blocks, so there is nothing to run.
    assert list_commands(decide(change, sources=()), "main") == []
    bump, command = list_commands(many_unbumped(1), "main")
    assert masked(bump) == snapshot("promptops bump p0  # 1.1.0")
    assert command.startswith(APPROVE)


def test_a_few_prompts_are_bumped_by_name_and_many_all_at_once() -> None:
    assert list_commands(many_unbumped(5), "main")[0] == snapshot(
        "promptops bump p0 p1 p2 p3 p4  # 1.1.0"
    )
    assert masked(list_commands(many_unbumped(6), "main")[0]) == snapshot(
        "promptops bump --all  # 1.1.0"
    )


@pytest.mark.parametrize(("count", "rest"), [(5, ""), (6, ", …")])
def test_five_version_numbers_are_named(count: int, rest: str) -> None:
    numbers = [f"1.{at}" for at in range(count)]
    edits = (
        edit(
            prompt_text(f"{at}.0"),
            prompt_text(f"{at}.0", body="Else"),
            prompt_text(f"{at}.0"),
            name=f"p{at}",
        )
        for at in numbers
    )
    command = list_commands(decide(propose(*edits)), "main")[0]
    shown = ", ".join(f"1.{at + 1}.0" for at in range(5))
    assert command.endswith(f"  # {shown}{rest}")


def test_what_only_the_target_branch_has_is_bumped_by_a_step_that_is_named() -> None:
    reworded = (edit(PLAIN, UNBUMPED, name=f"p{at}") for at in range(6))
    described = prompt_text("1.0.0", description="Answer well.")
    change = propose(
        *reworded, edit(PLAIN, described, name="q"), edit(PLAIN, UNBUMPED, PLAIN, name="r")
    )
    assert masked(list_commands(decide(change), "main")[:3]) == snapshot(
        [
            "promptops bump r  # 1.1.0",
            "promptops bump --level patch q  # 1.0.1",
            "promptops bump --level minor p0 p1 p2 p3 p4 p5  # 1.1.0",
        ]
    )


def test_only_prompts_at_fault_are_bumped() -> None:
    change = propose(edit(PLAIN, UNBUMPED, PLAIN, name="bad"), edit(PLAIN, NEXT, name="good"))
    other = Finding("long-line", Severity.ERROR, "x", "prompts/good.md")
    approvals = Approvals(("file",), (approve(change),))
    verdict = judge(change, rules(), approvals, findings=[other])
    assert masked(list_commands(verdict, "main")) == snapshot(["promptops bump bad  # 1.1.0"])


def test_what_no_command_mends_has_none() -> None:
    change = propose(edit(PLAIN, NEXT), paths=[touched("prompts/x", is_proposed=False)])
    verdict = decide(change, sources=())
    assert not verdict.is_allowed
    assert list_commands(verdict, "main") == []
    # A warning of the same name is no reason either.
    mild = replace(verdict, findings=(Finding("small-bump", Severity.WARNING, "x", "a"),))
    assert list_commands(mild, "main") == []
