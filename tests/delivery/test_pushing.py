"""Pushing tags, and what becomes of them when a push breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.delivery import pushing
from promptops.delivery.publication import create_releases, push_releases
from promptops.errors import (
    RemoteError,
)
from promptops.git.remote import push
from promptops.repository.repository import open_repository
from tests.delivery.pieces import plan_all
from tests.screens import masked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.git.limits import GitLimits
    from promptops.git.process import Git
    from promptops.git.remote import PushRef, PushResult
    from tests.stories.world import Team


def _break_push(monkeypatch: pytest.MonkeyPatch, *, arrives: bool) -> None:
    """Let the connection break during the push: after it has arrived, or before."""

    def broken(
        git: Git, remote: str, refs: Sequence[PushRef], *, atomic: bool = True, limits: GitLimits
    ) -> list[PushResult]:
        if arrives:
            push(git, remote, refs, atomic=atomic, limits=limits)
        raise RemoteError("the connection broke")

    monkeypatch.setattr(pushing, "push", broken)


@pytest.mark.slow
def test_a_push_that_broke_after_it_arrived_is_a_release(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = open_repository(team.first.path)
    plans = plan_all(repository)
    made = create_releases(repository, plans, None, "ours")
    _break_push(monkeypatch, arrives=True)
    assert push_releases(repository, plans, made) == made


@pytest.mark.slow
def test_a_push_that_broke_before_it_arrived_takes_the_tags_back(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = open_repository(team.first.path)
    plans = plan_all(repository)
    made = create_releases(repository, plans, None, "ours")
    _break_push(monkeypatch, arrives=False)
    with pytest.raises(RemoteError, match="the connection broke"):
        push_releases(repository, plans, made)
    assert team.first.refs("refs/tags/") == team.remote.refs("refs/tags/") == {}


@pytest.mark.slow
def test_a_push_of_which_nobody_can_tell_keeps_the_tags(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = open_repository(team.first.path)
    plans = plan_all(repository)
    made = create_releases(repository, plans, None, "ours")
    _break_push(monkeypatch, arrives=True)
    team.remote.path.rename(team.folder / "away.git")
    with pytest.raises(RemoteError) as caught:
        push_releases(repository, plans, made)
    assert masked(caught.value.hint or "") == snapshot(
        "prompts/a@1.0.0, prompts/b@1.0.0 may have arrived or not; run the same command again to complete it"
    )
    assert len(team.first.refs("refs/tags/")) == 2
    (team.folder / "away.git").rename(team.remote.path)
    monkeypatch.undo()
    again = plan_all(open_repository(team.first.path))
    assert push_releases(repository, again, made) == made
