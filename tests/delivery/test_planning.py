"""Planning releases: where they come from, and what cannot be released."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.delivery.planning import plan_release, plan_releases
from promptops.errors import (
    InvalidPromptError,
)
from promptops.prompt.version import Level, Version
from promptops.repository.repository import open_repository
from tests.delivery.pieces import PATH, make
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from tests.repositories import Repo
    from tests.stories.world import Team


@pytest.mark.slow
def test_a_plan_says_from_where_and_how_much(repo: Repo) -> None:
    make(repo, "1.0.0")
    repo.commit({PATH: prompt_text("1.1.0", "New {{ question }}")})
    plan = plan_release(open_repository(repo.path), "a")
    assert plan.base is not None
    assert (plan.base.version, plan.diff.level, plan.existing) == (
        Version(1, 0, 0),
        Level.MINOR,
        None,
    )
    assert (plan.commit, plan.merged) == (repo.rev("HEAD"), True)


@pytest.mark.slow
def test_the_same_bytes_at_another_commit_are_the_release_that_exists(repo: Repo) -> None:
    make(repo, "1.0.0")
    first = repo.rev("HEAD")
    repo.commit({"other": "file"})
    plan = plan_release(open_repository(repo.path), "a")
    assert plan.existing is not None
    assert plan.commit == first


@pytest.mark.slow
def test_what_some_are_refused_for_does_not_hide_the_others(team: Team) -> None:
    team.first.commit(
        {
            "prompts/b.md": prompt_text(body="{{ nope }}"),
            "prompts/c.md": prompt_text(status="draft", body="{{ nope }}"),
        }
    )
    repository = open_repository(team.first.path)
    plans, refused = plan_releases(repository, ["a", "b", "c"], drafts=False)
    assert [plan.prompt.name for plan in plans] == ["a"]
    assert [type(one) for one in refused] == [InvalidPromptError]
