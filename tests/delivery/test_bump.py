"""Writing a version into a file's bytes, and finding the version that is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.delivery.bump import commit_bumps, plan_bump
from promptops.errors import RefusedError
from promptops.prompt.version import Level, Version
from promptops.repository.repository import open_repository
from tests.cli.running import accept
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path


PATH = "prompts/a.md"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Releases 1.0.0 and 2.0.0."""
    copy_template(build_repo, tmp_path / "repo", tmp_path.parent)
    return Repo(tmp_path / "repo")


def build_repo(folder: Path) -> None:
    repo = Repo.init(folder)
    for version in ("1.0.0", "2.0.0"):
        repo.commit({PATH: prompt_text(version, f"{version} {{{{ question }}}}")})
        accept(repo, "release", "a")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("version", "level", "after"),
    [
        ("2.0.0", None, "2.1.0"),
        ("1.0.0", None, "1.1.0"),  # a fix of the older line
        ("2.0.1", None, "2.1.0"),
        ("2.1.0", None, "2.1.0"),
        ("3.0.0-rc.1", None, "3.0.0-rc.1"),
        ("2.1.0", Level.MAJOR, "3.0.0"),
        ("0.1.0", None, "0.1.0"),  # below every release there is nothing to compare with
        ("0.1.0", Level.MINOR, "0.2.0"),
        ("0.9.9", Level.MAJOR, "3.0.0"),  # what is released is left out
    ],
)
def test_the_step_is_counted_from_the_release_below(
    repo: Repo, version: str, level: Level | None, after: str
) -> None:
    repo.write(PATH, prompt_text(version, "New {{ question }}"))
    plan = plan_bump(open_repository(repo.path), "a", level)
    assert (str(plan.before), str(plan.after)) == (version, after)


@pytest.mark.slow
def test_a_released_number_is_never_given_out_again(repo: Repo) -> None:
    repo.commit({PATH: prompt_text("1.1.0", "Fix {{ question }}")})
    accept(repo, "release", "a", "--backport")
    repo.write(PATH, prompt_text("1.0.0", "New {{ question }}"))
    assert plan_bump(open_repository(repo.path), "a").after == Version(1, 2, 0)


@pytest.mark.slow
def test_bumps_of_several_are_one_commit_or_none(repo: Repo) -> None:
    repo.commit({PATH: prompt_text("2.0.0", "x {{ question }}"), "prompts/b.md": prompt_text()})
    accept(repo, "release", "b")
    repo.commit({"prompts/b.md": prompt_text(body="x {{ question }}")})
    repository = open_repository(repo.path)
    bumps = [plan_bump(repository, name) for name in ("a", "b")]
    repo.write("prompts/b.md", prompt_text(body="dirty {{ question }}"))
    head = repo.rev("HEAD")
    with pytest.raises(RefusedError, match="b has uncommitted changes"):
        commit_bumps(repository, bumps)
    assert (repo.rev("HEAD"), repo.git("status", "--porcelain")) == (head, " M prompts/b.md")
    repo.git("checkout", "-q", "--", "prompts/b.md")
    commit_bumps(repository, bumps)
    assert repo.git("log", "-1", "--format=%s") == snapshot("Bump a 2.1.0, b 1.1.0")
