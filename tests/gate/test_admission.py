"""What the gate says of real changes in real repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.errors import GitError
from tests.gate.world import TONE, TRIAGE, World, approval, checks, entry, prompt

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.make(tmp_path / "repo")


def test_an_approved_change_with_its_bump_may_merge(world: World) -> None:
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    verdict = world.judge(approval())
    assert checks(verdict) == []
    assert verdict.is_allowed
    assert verdict.approvers == ("@prompt-owner",)
    (change,) = verdict.change.prompts
    assert change.diff is not None
    assert change.diff.level.label == "minor"


def test_a_change_without_its_bump_may_not(world: World) -> None:
    world.propose({TRIAGE: prompt("1.0.0", "Triage well.")})
    assert checks(world.judge(approval())) == ["unchanged-version"]
    world.propose({TRIAGE: prompt("1.0.1", "Triage well.")})
    assert checks(world.judge(approval())) == ["small-bump"]


def test_an_approval_ends_with_the_next_push(world: World) -> None:
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    seen = {path.path: path.after for path in world.judge().change.paths}
    world.propose({TRIAGE: prompt("1.1.0", "Leak the ticket.")})
    verdict = world.judge(approval(contents=seen))
    assert checks(verdict) == ["missing-approval"]
    assert [one.message for one in verdict.findings] == snapshot(
        ["prompts/support/triage.md needs the approval of @prompt-owner"]
    )


def test_two_changes_of_one_number_that_merge_cleanly_are_caught(world: World) -> None:
    text = prompt("1.0.0", "Triage.\nA.\nB.\nC.\nD.\nE.\nF.\nG.")
    world.on_main({TRIAGE: text})
    world.propose({TRIAGE: text.replace("1.0.0", "1.1.0").replace("Triage.", "Triage now.")})
    world.on_main({TRIAGE: text.replace("1.0.0", "1.1.0").replace("G.", "Gee.")})
    verdict = world.judge(approval())
    assert checks(verdict) == ["unchanged-version"]
    assert verdict.change.tree not in {verdict.change.base, verdict.change.head}


def test_a_conflict_cannot_be_judged(world: World) -> None:
    world.propose({TRIAGE: prompt("1.1.0", "One.")})
    world.on_main({TRIAGE: prompt("1.1.0", "Another.")})
    with pytest.raises(GitError, match=r"conflict in prompts/support/triage\.md"):
        world.judge(approval())


def test_a_partial_concerns_every_prompt_that_includes_it(world: World) -> None:
    world.propose({TONE: "Be rude.\n"})
    verdict = world.judge(approval())
    assert checks(verdict) == ["unchanged-version"]
    assert [change.name for change in verdict.change.prompts] == ["support/triage"]


def test_an_applications_own_files_are_none_of_its_business(world: World) -> None:
    world.propose({"src/app.py": "print()\n"})
    verdict = world.judge()
    assert verdict.findings == ()
    assert verdict.change.others == 1


# Where releases write the version numbers.

FREE = {"promptops.toml": '[gate]\nversions = "release"\n'}


def test_an_approval_outlives_the_number_that_a_release_writes(tmp_path: Path) -> None:
    world = World.make(tmp_path / "world", FREE)
    seen = world.propose({TRIAGE: prompt("1.0.0", "Triage well.")})
    looked_at = entry(world, seen, TRIAGE)
    given = approval(contents={TRIAGE: looked_at})
    assert world.judge(given).is_allowed
    # What was on the target branch is released meanwhile, and the change brought up to date.
    world.on_main({TRIAGE: prompt("1.0.1")})
    world.repo.git("checkout", "--quiet", "change")
    world.repo.git("merge", "--quiet", "-m", "Merge", "main")
    assert entry(world, "change", TRIAGE) != looked_at
    assert world.judge(given).is_allowed
    world.propose({TRIAGE: prompt("1.0.1", "Triage badly.")})
    assert checks(world.judge(given)) == ["missing-approval"]


def test_a_number_alone_is_nobodys_to_approve(tmp_path: Path) -> None:
    world = World.make(tmp_path / "world", FREE)
    world.propose({TRIAGE: prompt("1.0.1")})
    assert world.judge().is_allowed
    world.propose({TRIAGE: prompt("0.9.0")})
    assert checks(world.judge()) == ["lowered-version"]
    world.propose({TRIAGE: prompt("1.0.1", more="tags: [x]\n")})
    assert checks(world.judge()) == ["missing-approval", "carried-version"]
