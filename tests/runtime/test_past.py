"""The releases and deployments of a source that has a history."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from promptops.errors import (
    EnvironmentNotFoundError,
    IntegrityError,
    PromptNotFoundError,
    UsageError,
)
from promptops.repository.repository import open_repository
from promptops.runtime.past import list_deployments, list_versions
from promptops.runtime.resolution import RepositoryView
from tests.conftest import move_in
from tests.released import Press
from tests.repositories import Repo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.repository.repository import Repository


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """Three releases of `a`, one of them yanked, and two deployments."""
    with pytest.MonkeyPatch.context() as patch:
        move_in(tmp_path_factory, patch)
        press = Press(Repo.init(tmp_path_factory.mktemp("team")))
        for version in ("1.9.0", "1.10.0", "1.10.0-rc.1"):
            press.release("a", version, notes=f"Notes of {version}.")
        press.release("b", "1.0.0")
        press.yank("a", "1.9.0", "rude")
        press.deploy("production", {"a": "1.9.0"})
        press.deploy("production", {"a": "1.9.0", "b": "1.0.0"})
        yield open_repository(press.repo.path)


@pytest.fixture
def view(repository: Repository) -> RepositoryView:
    return RepositoryView(repository, source="here")


@pytest.mark.slow
def test_versions_come_newest_first(view: RepositoryView) -> None:
    found = list_versions(view, "a")
    assert [one.version for one in found] == ["1.10.0", "1.10.0-rc.1", "1.9.0"]
    assert [one.is_yanked for one in found] == [False, False, True]
    assert found[2].notes == "Notes of 1.9.0."
    assert (found[0].name, found[0].released_by) == ("a", "Jane Doe")


def test_a_prompt_without_a_release_is_an_error(view: RepositoryView) -> None:
    with pytest.raises(PromptNotFoundError, match="c has no release in here"):
        list_versions(view, "c")
    with pytest.raises(UsageError):
        list_versions(view, "../c")


def test_deployments_come_newest_first_and_of_one_prompt_if_wanted(view: RepositoryView) -> None:
    assert [one.number for one in list_deployments(view, "production")] == [2, 1]
    assert [one.number for one in list_deployments(view, "production", limit=1)] == [2]
    assert [one.number for one in list_deployments(view, "production", name="b")] == [2]


def test_an_environment_that_is_not_there_is_an_error(view: RepositoryView) -> None:
    with pytest.raises(EnvironmentNotFoundError):
        list_deployments(view, "staging")


def test_the_history_of_a_refused_environment_is_not_shown(repository: Repository) -> None:
    refused = IntegrityError("it went back")
    view = RepositoryView(repository, source="here", refusals={"production": refused})
    with pytest.raises(IntegrityError, match="it went back"):
        list_deployments(view, "production")


def test_a_snapshot_has_no_history() -> None:
    view = SimpleNamespace(source="prompts.json")
    with pytest.raises(UsageError, match="a snapshot, which has no history"):
        list_versions(view, "a")
    with pytest.raises(UsageError, match="a snapshot, which has no history"):
        list_deployments(view, "production")
