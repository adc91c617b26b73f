"""Releases in a real repository: read, chosen, made and pushed, all or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.delivery.release import (
    find_yank,
)
from promptops.delivery.releases import (
    is_merged,
    list_releases,
    list_versions,
    list_yanked,
    select_release,
)
from promptops.delivery.yanking import yank_release
from promptops.errors import (
    VersionNotFoundError,
)
from promptops.prompt.reference import parse_selector
from promptops.prompt.version import Version
from promptops.repository.repository import open_repository
from tests.delivery.pieces import make
from tests.released import Press
from tests.repositories import Repo
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path

    from tests.stories.world import Team


@pytest.mark.slow
@pytest.mark.parametrize(
    ("selector", "version"),
    [
        ("1.0.0", "1.0.0"),
        ("2.0.0-rc.1", "2.0.0-rc.1"),
        ("latest", "1.10.0"),
        ("^1.0", "1.10.0"),
        ("~1.2", "1.2.0"),
        (">=1.0,<1.3", "1.2.0"),
    ],
)
def test_selectors_skip_candidates_and_what_is_yanked(
    tmp_path: Path, selector: str, version: str
) -> None:
    copy_template(build_many, tmp_path / "repo", tmp_path.parent)
    repository = open_repository(tmp_path / "repo")
    assert str(select_release(repository, "a", parse_selector(selector)).version) == version


def build_many(folder: Path) -> None:
    """Release five versions, of which one is a candidate and one is yanked."""
    press = Press(Repo.init(folder))
    for one in ("1.0.0", "1.2.0", "1.10.0", "1.11.0", "2.0.0-rc.1"):
        press.release("a", one)
    press.yank("a", "1.11.0", "wrong")


@pytest.mark.slow
def test_a_version_is_yanked_once(repo: Repo) -> None:
    repository = make(repo, "1.11.0")
    assert yank_release(repository, "a", Version(1, 11, 0), "wrong")
    assert not yank_release(repository, "a", Version(1, 11, 0), "again")
    assert find_yank(repository, "a", Version(1, 11, 0)) == "wrong"
    assert list_yanked(repository, "a") == {Version(1, 11, 0)}


@pytest.mark.slow
def test_what_no_release_answers_is_an_error_that_says_what_there_is(repo: Repo) -> None:
    repository = make(repo, "1.0.0")
    yank_release(repository, "a", Version(1, 0, 0), "wrong")
    for selector in ("latest", "^1.0", "9.9.9"):
        with pytest.raises(VersionNotFoundError) as caught:
            select_release(repository, "a", parse_selector(selector))
        assert caught.value.hint == "released: 1.0.0 (yanked)"
    with pytest.raises(VersionNotFoundError, match="c has no release"):
        select_release(repository, "c", parse_selector("latest"))


@pytest.mark.slow
def test_versions_are_in_order_of_precedence_and_not_of_text(repo: Repo) -> None:
    for one in ("1.10.0", "1.9.0", "1.10.0-rc.1"):
        make(repo, one)
    repository = open_repository(repo.path)
    repo.git("tag", "prompts/a@banana")
    repo.git("tag", "prompts/ab@1.0.0")
    assert [str(one) for one in list_versions(repository, "a")] == [
        "1.9.0",
        "1.10.0-rc.1",
        "1.10.0",
    ]
    assert next(str(one.version) for one in list_releases(repository, "a")) == "1.10.0"


@pytest.mark.slow
def test_merged_is_reachable_from_the_default_branch(team: Team) -> None:
    repository = open_repository(team.first.path)
    assert is_merged(repository, team.first.rev("HEAD"))
    assert not is_merged(repository, team.first.commit())
    lonely = open_repository(team.clone("lonely").path)
    lonely.git.run("remote", "remove", "origin")
    assert is_merged(open_repository(lonely.git.folder), team.remote.rev("main"))
