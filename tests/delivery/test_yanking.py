"""Yanking: here, on the remote, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.delivery.release import find_yank
from promptops.delivery.yanking import Yanked, yank
from promptops.errors import RefusedError, VersionNotFoundError
from promptops.prompt.version import Version
from promptops.repository.repository import open_repository
from tests.released import Press

if TYPE_CHECKING:
    from tests.stories.world import Team

V1 = Version(1, 0, 0)
TAG = "refs/tags/yanked/prompts/a@1.0.0"


@pytest.fixture
def released(team: Team) -> Team:
    """`a` is released on the remote too."""
    Press(team.first).release("a", "1.0.0", "Answer {{ question }}")
    team.first.git("push", "--quiet", "origin", "main", "refs/tags/*:refs/tags/*")
    return team


def run(
    team: Team, reason: str, *, push: bool = False, local: bool = False, dry: bool = False
) -> Yanked:
    repository = open_repository(team.first.path)
    return yank(repository, "a", V1, reason, is_pushing=push, is_local=local, is_dry=dry)


@pytest.mark.story
def test_a_yank_counts_for_others_once_it_is_pushed(released: Team) -> None:
    assert run(released, "it\nswears", dry=True) == Yanked(True, "it swears", False, None)
    assert find_yank(open_repository(released.first.path), "a", V1) is None

    assert run(released, "it\nswears", local=True) == Yanked(True, "it swears", False, TAG)
    assert released.remote.find(TAG) is None

    # The reason that was given first stands.
    assert run(released, "other", push=True) == Yanked(False, "it swears", True, None)
    assert released.remote.find(TAG) == released.first.find(TAG)
    assert run(released, "other") == Yanked(False, "it swears", False, None)


@pytest.mark.story
def test_a_yank_that_the_remote_refuses_is_taken_back(released: Team) -> None:
    released.remote.hook("update", "echo 'no yanks' >&2; exit 1")
    with pytest.raises(RefusedError, match="origin refused the yank"):
        run(released, "it swears", push=True)
    assert released.first.find(TAG) is None
    # What was there before stays.
    run(released, "it swears", local=True)
    with pytest.raises(RefusedError):
        run(released, "it swears", push=True)
    assert released.first.find(TAG) is not None


def test_only_a_release_can_be_yanked(team: Team) -> None:
    with pytest.raises(VersionNotFoundError, match=r"a 1\.0\.0 is not released"):
        run(team, "it swears", local=True)
    assert team.first.find(TAG) is None
