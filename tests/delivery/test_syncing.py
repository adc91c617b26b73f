"""Fetching what the remote has released."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.delivery.publication import create_releases, push_releases
from promptops.delivery.releases import (
    list_versions,
)
from promptops.delivery.syncing import is_published, sync_releases
from promptops.errors import (
    ConflictError,
)
from promptops.repository.repository import open_repository
from tests.delivery.pieces import plan_all

if TYPE_CHECKING:
    from tests.stories.world import Team


@pytest.mark.slow
def test_syncing_many_names_asks_once_and_for_all(team: Team) -> None:
    repository = open_repository(team.first.path)
    plans = plan_all(repository)
    push_releases(repository, plans, create_releases(repository, plans, None, "ours"))
    clone = open_repository(team.remote.clone(team.folder / "bare-of-tags", "--no-tags").path)
    sync_releases(clone, [f"team/prompt-{number}" for number in range(20_000)])
    assert [len(list_versions(clone, name)) for name in ("a", "b")] == [1, 1]


@pytest.mark.story
def test_a_release_here_that_is_another_one_there_is_a_conflict(team: Team) -> None:
    ours, theirs = (
        open_repository(repo.path)
        for repo in (team.first, team.remote.clone(team.folder / "second"))
    )
    plans = plan_all(ours)
    made = push_releases(ours, plans, create_releases(ours, plans, None, "ours"))
    assert is_published(ours, made[0].ref)
    create_releases(theirs, plan_all(theirs), None, "theirs")
    with pytest.raises(ConflictError, match="here differs from the one on origin"):
        sync_releases(theirs, ["a", "b"])
