"""Where a deployment is written, and what keeps it from being written there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.delivery.places import choose_place, fetch_environments
from promptops.errors import (
    ConfigurationError,
    GitError,
    IntegrityError,
    RefusedError,
    UsageError,
)
from promptops.repository.repository import open_repository

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo

BRANCH = "refs/heads/promptops/production"
KNOWN = "refs/remotes/origin/promptops/production"


@pytest.fixture
def remote(triage: Repo, tmp_path: Path) -> Repo:
    """The remote, which has all that is here."""
    return triage.publish(tmp_path / "remote.git")


def append(repo: Repo, parent: str = BRANCH, action: str = "pause") -> str:
    """Write a deployment that changes nothing on top of another one; give the commit."""
    number = int(repo.git("log", "-1", "--format=%(trailers:key=Deployment,valueonly)", parent))
    message = f"production: {action} a\n\nDeployment: {number + 1}\nAction: {action}\n"
    return repo.git("commit-tree", f"{parent}^{{tree}}", "-p", parent, "-F", "-", stdin=message)


def test_without_a_remote_the_local_branch_is_the_place(triage: Repo) -> None:
    place = choose_place(open_repository(triage.path), "production", local=False)
    head = place.read()
    assert head is not None
    assert (head.deployment.number, place.is_pending) == (2, False)
    mine, theirs = append(triage), triage.rev(f"{BRANCH}~1")
    # Only from where it was read.
    triage.git("update-ref", BRANCH, theirs)
    assert not place.move(mine, head)
    assert triage.rev(BRANCH) == theirs
    triage.git("update-ref", BRANCH, head.deployment.commit)
    assert place.move(mine, head)
    assert triage.rev(BRANCH) == mine


def test_an_unknown_environment_is_refused(triage: Repo) -> None:
    with pytest.raises(UsageError, match="there is no environment 'preview'"):
        choose_place(open_repository(triage.path), "preview", local=True)


def test_a_clone_whose_remote_has_another_name_deploys_locally_on_request_only(
    triage: Repo, remote: Repo
) -> None:
    triage.git("remote", "rename", "origin", "upstream")
    repository = open_repository(triage.path)
    with pytest.raises(ConfigurationError, match=r"no remote 'origin'.*it has upstream") as caught:
        choose_place(repository, "production", local=False)
    assert caught.value.hint == (
        'write remote = "upstream" into promptops.toml, or deploy with --local'
    )
    assert choose_place(repository, "production", local=True).read() is not None


@pytest.mark.slow
def test_a_push_only_appends_to_what_was_read(triage: Repo, remote: Repo) -> None:
    place = choose_place(open_repository(triage.path), "production", local=False)
    place.refresh()
    head = place.read()
    assert head is not None
    mine, late = append(triage), append(triage, action="resume")
    beside = append(triage, f"{BRANCH}~1")
    with pytest.raises(GitError, match="not based on the one it replaces"):
        place.move(beside, head)
    assert place.move(mine, head)
    assert (remote.rev(BRANCH), triage.rev(KNOWN)) == (mine, mine)
    # Another one is based on what was there, and that is over.
    assert not place.move(late, head)
    assert remote.rev(BRANCH) == mine


@pytest.mark.slow
def test_what_waits_to_be_pushed_is_not_overtaken(triage: Repo, remote: Repo) -> None:
    triage.git("update-ref", BRANCH, append(triage))
    repository = open_repository(triage.path)
    with pytest.raises(RefusedError, match="1 deployment here that was never pushed to origin"):
        choose_place(repository, "production", local=False).refresh()
    place = choose_place(repository, "production", local=True)
    head = place.read()
    assert head is not None
    assert (head.deployment.number, place.is_pending) == (3, True)


@pytest.mark.slow
def test_a_local_branch_that_went_another_way_has_to_be_dropped(triage: Repo, remote: Repo) -> None:
    tip = triage.rev(BRANCH)
    place = choose_place(open_repository(triage.path), "production", local=True)
    # What the remote has and more is read from it.
    triage.git("update-ref", BRANCH, f"{tip}~1")
    head = place.read()
    assert head is not None
    assert head.deployment.number == 2
    triage.git("update-ref", BRANCH, append(triage, f"{tip}~1"))
    with pytest.raises(GitError, match="have diverged") as caught:
        place.read()
    assert caught.value.hint == (
        "to drop the local deployments: git branch -D promptops/production"
    )


@pytest.mark.slow
def test_a_branch_that_is_gone_or_lost_history_says_how_to_restore_it(
    triage: Repo, remote: Repo
) -> None:
    place = choose_place(open_repository(triage.path), "production", local=False)
    tip = remote.rev(BRANCH)
    remote.git("update-ref", "-d", BRANCH)
    with pytest.raises(IntegrityError, match="somebody deleted promptops/production") as caught:
        place.refresh_branch()
    assert caught.value.hint == f"to restore it: git push origin {KNOWN}:{BRANCH}"
    remote.git("update-ref", BRANCH, f"{tip}~1")
    with pytest.raises(IntegrityError, match="production lost deployments on origin"):
        place.refresh()


@pytest.mark.slow
def test_a_branch_in_the_way_is_refused_before_anything_is_pushed(
    triage: Repo, remote: Repo
) -> None:
    for ref in remote.refs("refs/heads/promptops/"):
        remote.git("update-ref", "-d", ref)
    for ref in triage.refs("refs/remotes/origin/promptops/"):
        triage.git("update-ref", "-d", ref)
    triage.git("update-ref", "refs/remotes/origin/promptops", "main")
    with pytest.raises(GitError, match="conflicts with"):
        fetch_environments(open_repository(triage.path), ["production"])
