"""Asking the remote before something is shown, and how old it is otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.delivery.environments import refresh_stamp
from promptops.delivery.refresh import Freshness, read_freshness, read_limits, refresh
from promptops.errors import IntegrityError, UsageError
from promptops.repository.repository import open_repository

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo

NOW = 1_800_000_000.0
BRANCH = "refs/heads/promptops/production"


def test_the_time_limit_is_the_variable_s_or_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPTOPS_REFRESH_SECONDS", "7.5")
    assert set(read_limits()) == {7.5}
    monkeypatch.delenv("PROMPTOPS_REFRESH_SECONDS")
    assert set(read_limits()) == {2.0}
    monkeypatch.setenv("PROMPTOPS_REFRESH_SECONDS", "soon")
    with pytest.raises(UsageError, match="PROMPTOPS_REFRESH_SECONDS is not a number: soon"):
        read_limits()


def test_without_a_remote_what_is_here_is_current(triage: Repo) -> None:
    repository = open_repository(triage.path)
    assert refresh(repository, NOW) == read_freshness(repository, NOW) == Freshness(True, NOW)


@pytest.mark.slow
def test_what_others_released_and_deployed_is_fetched(triage: Repo, tmp_path: Path) -> None:
    remote = triage.publish(tmp_path / "remote.git")
    tip = triage.rev(BRANCH)
    triage.git("update-ref", "refs/remotes/origin/promptops/production", f"{BRANCH}~1")
    triage.git("tag", "-d", "prompts/support/triage@1.1.0")
    repository = open_repository(triage.path)
    assert not read_freshness(repository, NOW).is_current

    assert refresh(repository, NOW) == Freshness(True, NOW)

    assert triage.rev("refs/remotes/origin/promptops/production") == tip
    assert triage.find("refs/tags/prompts/support/triage@1.1.0") is not None
    assert refresh_stamp(repository).exists()

    remote.path.rename(tmp_path / "away.git")
    found = refresh(repository, NOW)
    assert not found.is_current
    assert found.seconds == refresh_stamp(repository).stat().st_mtime
    assert found.fault


def test_an_environment_that_lost_deployments_is_an_error(triage: Repo, tmp_path: Path) -> None:
    remote = triage.publish(tmp_path / "remote.git")
    remote.git("update-ref", BRANCH, f"{BRANCH}~1")
    with pytest.raises(IntegrityError, match="production lost deployments on origin"):
        refresh(open_repository(triage.path), NOW)
