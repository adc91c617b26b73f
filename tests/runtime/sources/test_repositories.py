"""A registry on a clone follows the clone's remote, or says how old its data is."""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

import promptops
from promptops.delivery.environments import last_fetch
from promptops.repository.repository import open_repository
from tests.cli.running import accept
from tests.released import Press
from tests.screens import masked
from tests.stories.world import Team
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo


def build_team(folder: Path) -> None:
    team = Team.found(folder, ["a"])
    press = Press(team.first)
    press.release("a", "1.0.0")
    press.deploy("production", {"a": "1.0.0"})
    team.first.git("push", "--quiet", "--tags", "origin", "main", "promptops/production")


@pytest.fixture
def team(tmp_path: Path) -> Team:
    """A remote and a clone of a prompt that is live."""
    copy_template(build_team, tmp_path, tmp_path.parent)
    return Team.at(tmp_path)


def age(clone: Repo, seconds: float) -> None:
    """Let the last fetch of a clone have been that long ago."""
    then = time.time() - seconds
    for path in (clone.path / ".git").rglob("*"):
        if path.is_file():
            os.utime(path, (then, then))


@pytest.mark.story
def test_a_pause_elsewhere_is_obeyed(team: Team) -> None:
    clone = team.clone("app")
    with promptops.open(clone.path, refresh=0) as registry:
        assert registry.get("a").version == "1.0.0"
        accept(team.first, "pause", "a", "-m", "incident 7")
        with pytest.raises(promptops.PausedError, match="incident 7"):
            registry.get("a")


@pytest.mark.slow
def test_without_its_remote_the_last_state_is_served_as_stale(team: Team) -> None:
    clone = team.clone("app")
    team.remote.path.rename(team.folder / "gone.git")
    age(clone, 600)
    with promptops.open(clone.path) as registry:
        assert registry.get("a").is_stale
    with (
        promptops.open(clone.path, max_stale=60) as registry,
        pytest.raises(promptops.PromptopsError, match="did not answer"),
    ):
        registry.get("a")


@pytest.mark.slow
def test_a_clone_that_does_not_follow_has_an_age(
    team: Team, caplog: pytest.LogCaptureFixture
) -> None:
    clone = team.clone("app")
    age(clone, 600)
    fetched = last_fetch(open_repository(clone.path), "production")
    with (
        caplog.at_level(logging.WARNING),
        promptops.open(clone.path, follow=False, refresh=0) as registry,
    ):
        for _ in range(3):
            resolved = registry.get("a")
            assert resolved.fetched_at is not None
            assert resolved.fetched_at.timestamp() == pytest.approx(fetched or 0, abs=2)
    (warning,) = caplog.messages
    assert masked(warning) == snapshot(
        "<folder>/app does not follow origin: it was last fetched <age>, so pauses are not seen"
    )
    with (
        promptops.open(clone.path, follow=False, max_stale=60) as registry,
        pytest.raises(promptops.PromptopsError, match="longer than max_stale"),
    ):
        registry.get("a")


def test_a_repository_without_a_remote_is_read_as_it_is(repo: Repo) -> None:
    Press(repo).release("a", "1.0.0")
    with promptops.open(repo.path, follow=False, max_stale=0) as registry:
        assert registry.get("a@1.0.0").version == "1.0.0"
