"""The owners of a repository's files, read from its work tree or from a commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.errors import NotAFileError, NotFoundError, UsageError
from promptops.forge.codeowners import Dialect, parse_owners
from promptops.gate.ownership import (
    find_sole_owner,
    lint_repository,
    list_paths,
    open_reader,
    path_from_top,
    read_groups,
    read_owners,
    select_owned,
    select_paths,
)
from promptops.gate.rules.people import parse_groups
from promptops.repository.repository import Repository, open_repository
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path


GROUPS = '[people]\njane = ["@jane", "jane@example.com"]\n[teams]\n"@acme/leads" = ["@jane"]\n'
FILES = {
    "CODEOWNERS": "* @jane\n",
    ".promptops/groups.toml": GROUPS,
    "prompts/a.md": prompt_text(),
    "prompts/b/c.md": prompt_text(),
}


def build(folder: Path) -> None:
    Repo.init(folder).commit(FILES)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Two prompts that `@jane` owns, as she does all else."""
    copy_template(build, tmp_path / "repo", tmp_path.parent)
    return Repo(tmp_path / "repo")


@pytest.fixture
def repository(repo: Repo) -> Repository:
    return open_repository(repo.path)


@pytest.mark.slow
def test_a_commit_s_file_and_the_work_tree_s_are_two(repo: Repo, repository: Repository) -> None:
    repo.write("CODEOWNERS", "* @kim\n")
    repo.write("prompts/new.md", prompt_text())
    for revision, owner in ((None, "@kim"), ("HEAD", "@jane")):
        found = read_owners(repository, revision=revision)
        assert (found.path, found.owners.match("a").owners) == ("CODEOWNERS", (owner,))
        assert ("prompts/new.md" in list_paths(repository, revision)) is (revision is None)
    bare = open_repository(repo.clone(repo.path.parent / "bare", "--bare").path)
    assert read_owners(bare).owners.match("a").owners == ("@jane",)
    assert list_paths(bare) == sorted(FILES)


def test_without_the_file_the_hint_names_the_other_forge_s(repo: Repo) -> None:
    (repo.path / "CODEOWNERS").unlink()
    repository = open_repository(repo.path)
    with pytest.raises(NotFoundError) as caught:
        read_owners(repository, Dialect.GITHUB)
    assert (caught.value.hint or "").startswith("write one of ")
    repo.write(".gitlab/CODEOWNERS", "* @jane\n")
    with pytest.raises(NotFoundError) as caught:
        read_owners(repository, Dialect.GITHUB)
    assert caught.value.hint == "there is .gitlab/CODEOWNERS: use --dialect gitlab to read it"


def test_a_named_file_is_read_in_its_place(
    repo: Repo, repository: Repository, tmp_path: Path
) -> None:
    repo.write("other", "* @kim\n")
    (tmp_path / "outside").write_text("* @max\n")
    for file, owner in ((repo.path / "other", "@kim"), (tmp_path / "outside", "@max")):
        assert read_owners(repository, file=file).owners.match("a").owners == (owner,)
    with pytest.raises(NotFoundError, match="there is no file 'other' in that commit"):
        read_owners(repository, file=repo.path / "other", revision="HEAD")
    with pytest.raises(UsageError, match="is outside the repository"):
        read_owners(repository, file=tmp_path / "outside", revision="HEAD")


def test_links_are_not_followed(repo: Repo, repository: Repository) -> None:
    read = open_reader(repository)
    (repo.path / "link").symlink_to("CODEOWNERS")
    (repo.path / "folder").symlink_to("prompts")
    for path in ("link", "folder/a.md"):
        with pytest.raises(NotAFileError, match=f"'{path}' is or passes through a symbolic link"):
            read(path)
    assert (read("prompts"), read("prompts/a.md/x"), read("nowhere/x")) == (None, None, None)
    assert read("CODEOWNERS") == b"* @jane\n"


def test_a_folder_means_the_files_in_it_and_all_else_is_a_path(
    repo: Repo, repository: Repository, tmp_path: Path
) -> None:
    known = list_paths(repository)
    inside = repo.path / "prompts"

    def select(*targets: str) -> list[str]:
        return select_paths(repository, known, inside, targets)

    assert select("a.md", ".", "gone.md") == ["prompts/a.md", "prompts/b/c.md", "prompts/gone.md"]
    assert select("..") == known
    assert select("../CODEOWNERS", str(inside / "b")) == ["CODEOWNERS", "prompts/b/c.md"]
    for outside in ("../..", "../../repository/x", "/"):
        with pytest.raises(UsageError, match="is outside the repository"):
            select(outside)
    assert path_from_top(repository, repo.path) == ""
    (tmp_path / "link").symlink_to(repo.path)
    assert path_from_top(repository, tmp_path / "link" / "x") == "x"


def test_only_files_of_prompts_and_of_the_gate_are_linted(repo: Repo) -> None:
    repo.write("CODEOWNERS", "/app/ @jane\n")
    repo.write("prompts/README.md", "Read me.\n")
    repo.write("pyproject.toml", "[project]\n")
    repo.write("app/main.py", "pass\n")
    repository = open_repository(repo.path)
    found = lint_repository(repository, read_owners(repository))
    assert {(one.check, one.path) for one in found} == {
        ("unowned-gate-file", "CODEOWNERS"),
        ("unowned-gate-file", ".promptops/groups.toml"),
        ("unowned-prompt", "prompts/a.md"),
        ("unowned-prompt", "prompts/b/c.md"),
    }


@pytest.mark.parametrize(
    ("owners", "groups", "sole"),
    [
        ("* @jane\n", GROUPS, "@jane"),
        ("* @jane jane@example.com\n", GROUPS, "@jane"),
        ("* @jane jane@example.com\n", None, None),
        ("* @acme/leads\n", GROUPS, "@acme/leads"),
        ("* @acme/leads\n", None, None),
        ("* @acme/others\n", GROUPS, None),
        ("* @jane\n/prompts/b/ @kim\n", GROUPS, None),
        ("* @kim\n/prompts/ @jane\n", GROUPS, "@jane"),
        ("/app/ @jane\n", GROUPS, None),
    ],
)
def test_the_only_owner_of_all_prompts_is_found(
    repo: Repo, owners: str, groups: str | None, sole: str | None
) -> None:
    repo.write("CODEOWNERS", owners)
    if groups is None:
        (repo.path / ".promptops/groups.toml").unlink()
    repository = open_repository(repo.path)
    assert find_sole_owner(repository, read_owners(repository)) == sole
    assert (read_groups(repository) is None) is (groups is None)


def test_what_somebody_owns_they_own_as_a_member_too() -> None:
    owners = parse_owners("* @kim\n/a @acme/leads\n/b @JANE\n", Dialect.GITHUB)
    answers = [owners.match(path) for path in ("a", "b", "c")]
    groups = parse_groups(GROUPS.encode())
    assert [one.path for one in select_owned(answers, "@jane", groups)] == ["a", "b"]
    assert [one.path for one in select_owned(answers, "@jane", None)] == ["b"]
    assert [one.path for one in select_owned(answers, "jane", groups)] == ["a", "b"]
    with pytest.raises(UsageError, match="'jane' is not an owner") as caught:
        select_owned(answers, "jane", None)
    assert caught.value.hint == "did you mean @jane?"
