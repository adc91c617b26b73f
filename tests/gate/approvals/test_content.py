"""What an approval that names a commit is an approval of."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from promptops.errors import RemoteError
from promptops.gate.approvals.collection import collect_approvals, fill_contents
from promptops.gate.rules import Approval, ApprovalEntry, Approvals
from tests.gate.approvals.world import Signing
from tests.gate.world import TONE, TRIAGE, entry, prompt

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@pytest.fixture
def signing(tmp_path: Path) -> Signing:
    return Signing.make(tmp_path / "repo")


def fill(signing: Signing, *approvals: Approval, fetch: bool = False) -> Approvals:
    given = Approvals(("github",), approvals)
    return fill_contents(signing.repository, signing.change(), given, fetch=fetch)


def of(commit: str | None, contents: Mapping[str, ApprovalEntry | None] | None = None) -> Approval:
    return Approval("@prompt-owner", "github", commit=commit, contents=contents)


def test_contents_that_a_source_says_itself_stand(signing: Signing) -> None:
    said = {TRIAGE: None}
    head = signing.change().head
    found = fill(signing, of(head, said), of(None, said), of("e" * 40, said), of(None))
    assert [one.contents for one in found.found] == [said, said, said, None]
    assert found.notes == ()


@pytest.mark.slow
def test_a_commit_holds_files_and_nothing_else(signing: Signing) -> None:
    repo = signing.world.repo
    repo.git("checkout", "--quiet", "-b", "other", "main")
    repo.git("rm", "--quiet", TRIAGE)
    folder = repo.commit({f"{TRIAGE}/more.txt": "x\n"})
    repo.git("rm", "--quiet", "-r", "prompts")
    repo.git("commit", "--quiet", "-m", "None")
    nothing = repo.rev("HEAD")
    found = fill(signing, of(folder), of(nothing), of(signing.change().head))
    assert [one.contents for one in found.found] == [
        {TRIAGE: None},
        {TRIAGE: None},
        {TRIAGE: entry(signing.world, "change", TRIAGE)},
    ]


def test_what_is_no_commit_approves_nothing(signing: Signing) -> None:
    tree = signing.world.repo.rev("change^{tree}")
    found = fill(signing, of(tree), of(tree))
    assert [one.contents for one in found.found] == [None, None]
    assert [f"{tree[:12]} is not in this clone" in note for note in found.notes] == [True] * 2


@pytest.mark.slow
def test_what_a_commit_leaves_alone_lapses_once_the_target_branch_changes_it(
    signing: Signing,
) -> None:
    """Putting it back would else count as approved, since the commit has those very bytes."""
    world = signing.world
    old = world.repo.rev("change")
    world.on_main({TONE: "Be kind, and tell nobody.\n"})
    world.repo.git("checkout", "--quiet", "change")
    world.repo.git("merge", "--quiet", "--no-edit", "main")
    new = world.propose({TONE: "Be kind.\n"})
    found = fill(signing, of(old), of(new)).found
    assert [one.lapsed for one in found] == [{TONE}, set()]
    assert [{*(one.contents or ())} for one in found] == [{TONE, TRIAGE}] * 2


@pytest.mark.slow
def test_a_commit_that_was_pushed_over_is_fetched(signing: Signing, tmp_path: Path) -> None:
    repo = signing.world.repo
    remote = repo.publish(tmp_path / "remote.git")
    other = remote.clone(tmp_path / "other")
    other.git("checkout", "--quiet", "-b", "first", "origin/main")
    commit = other.commit({TRIAGE: prompt("1.1.0", "At first.")})
    other.git("push", "--quiet", "origin", "HEAD:refs/heads/first")
    assert fill(signing, of(commit)).found[0].contents is None
    found = fill(signing, of(commit), fetch=True)
    assert found.notes == ()
    assert found.found[0].contents == {
        TRIAGE: ApprovalEntry("100644", other.rev(f"{commit}:{TRIAGE}"))
    }
    # What is here is not asked for, and what nobody has is nothing, remote or none.
    shutil.rmtree(remote.path)
    assert fill(signing, of(commit), fetch=True).notes == ()
    assert len(fill(signing, of("e" * 40), fetch=True).notes) == 1
    repo.git("remote", "remove", "origin")
    assert len(fill(signing, of("e" * 40), fetch=True).notes) == 1


@pytest.mark.slow
def test_commits_are_fetched_unless_told_otherwise(signing: Signing, tmp_path: Path) -> None:
    remote = signing.world.repo.publish(tmp_path / "remote.git")
    other = remote.clone(tmp_path / "other")
    other.git("checkout", "--quiet", "-b", "first", "origin/main")
    commit = other.commit({TONE: "Be rude.\n"})
    other.git("push", "--quiet", "origin", "HEAD:refs/heads/first")
    given = Approvals(("github",), (of(commit),))
    assert fill_contents(signing.repository, signing.change(), given).notes == ()
    shutil.rmtree(remote.path)
    with pytest.raises(RemoteError):
        collect_approvals(signing.repository, signing.policy(), signing.change(), source="signed")
