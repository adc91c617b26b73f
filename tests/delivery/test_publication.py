"""Making releases: all of them or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.delivery import publication
from promptops.delivery.planning import plan_release
from promptops.delivery.publication import create_releases
from promptops.errors import (
    RefusedError,
)
from promptops.git.refs import update_refs
from promptops.repository.repository import open_repository
from tests.delivery.pieces import PATH, plan_all
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.git.process import Git
    from promptops.git.refs import RefUpdate
    from tests.stories.world import Team


@pytest.mark.slow
def test_a_tag_made_meanwhile_is_fine_with_the_same_bytes(team: Team) -> None:
    repository = open_repository(team.first.path)
    plans = plan_all(repository)
    theirs = create_releases(repository, plans[:1], "theirs", "theirs")
    made = create_releases(repository, plans, "ours", "ours")
    assert [one.operation for one in made] == ["theirs", "ours"]
    assert made[0] == theirs[0]


@pytest.mark.slow
def test_a_tag_made_meanwhile_with_other_bytes_refuses_all(team: Team) -> None:
    plans = plan_all(open_repository(team.first.path))
    team.first.commit({PATH: prompt_text(body="Other {{ question }}")})
    other = open_repository(team.first.path)
    create_releases(other, [plan_release(other, "a")], None, "theirs")
    with pytest.raises(RefusedError, match="already released by Jane Doe, with other content"):
        create_releases(open_repository(team.first.path), plans, None, "ours")
    assert list(team.first.refs("refs/tags/")) == ["refs/tags/prompts/a@1.0.0"]


@pytest.mark.slow
def test_an_interruption_takes_back_what_was_made(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(git: Git, updates: Sequence[RefUpdate], message: str) -> None:
        update_refs(git, updates[:1] if updates[0].new else updates, message)
        if updates[0].new:
            raise KeyboardInterrupt

    repository = open_repository(team.first.path)
    plans = plan_all(repository)
    monkeypatch.setattr(publication, "update_refs", interrupted)
    with pytest.raises(KeyboardInterrupt):
        create_releases(repository, plans, None, "ours")
    assert team.first.refs("refs/tags/") == {}
