"""Which prompts a name, a file or a folder of the command line selects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.checks.selection import locate_file, refuse_nothing, select_prompts, select_staged
from promptops.errors import PromptNotFoundError, UsageError
from promptops.repository.repository import open_repository
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.repository.repository import Repository
    from tests.conftest import MakeRepo

FILES = {
    "a.md": prompt_text(body='{% include "_tone.md" %}{{ question }}'),
    "team/b.md": prompt_text(output="_out.json"),
    "team/c.md": prompt_text(),
    "_tone.md": "Be kind.",
    "_out.json": "{}",
}


def build_repo(folder: Path) -> None:
    files = {f"prompts/{path}": text for path, text in FILES.items()}
    Repo.init(folder).commit({**files, "evals/team/c.yaml": "before"})


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository in which all files are committed."""
    copy_template(build_repo, tmp_path / "repo", tmp_path.parent)
    return Repo(tmp_path / "repo")


@pytest.fixture
def repository(repo: Repo) -> Repository:
    return open_repository(repo.path)


@pytest.mark.parametrize(
    ("folder", "targets", "names"),
    [
        (".", ["team/b", "a"], ["team/b", "a"]),
        (".", ["team", "team/c", "team/"], ["team/b", "team/c"]),
        (".", ["prompts"], ["a", "team/b", "team/c"]),
        (".", ["prompts/team"], ["team/b", "team/c"]),
        (".", ["./prompts/a.md"], ["a"]),
        ("prompts/team", ["b.md", "../a.md"], ["team/b", "a"]),
        ("prompts/team", ["."], ["team/b", "team/c"]),
        # What a file is part of.
        (".", ["prompts/_tone.md"], ["a"]),
        ("prompts", ["_out.json"], ["team/b"]),
        # A folder that has the same name as one of prompts.
        ("prompts", ["team"], ["team/b", "team/c"]),
    ],
)
def test_targets_select_prompts_once_and_in_their_order(
    repository: Repository, repo: Repo, folder: str, targets: list[str], names: list[str]
) -> None:
    selected = select_prompts(repository, repository.working, repo.path / folder, targets)
    assert selected == names


@pytest.mark.parametrize(
    ("target", "error", "message"),
    [
        ("team/bb", PromptNotFoundError, "team/bb"),
        ("prompts/d.md", PromptNotFoundError, "d"),
        ("prompts/Bad Name.md", UsageError, "Bad Name"),
        ("README.md", UsageError, "is not below prompts/"),
        ("../elsewhere", UsageError, "is not below prompts/"),
        ("a\0b", UsageError, "neither a name nor a path"),
    ],
)
def test_a_target_that_selects_nothing_is_refused(
    repository: Repository, repo: Repo, target: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        select_prompts(repository, repository.working, repo.path, [target])


def test_a_link_to_the_prompts_folder_leads_into_it(
    repository: Repository, repo: Repo, tmp_path: Path
) -> None:
    link = tmp_path / "short"
    link.symlink_to(repo.path / "prompts" / "team")
    selected = select_prompts(repository, repository.working, tmp_path, ["short/b.md"])
    assert selected == ["team/b"]


def test_a_file_is_located_whether_it_is_there_or_not(repository: Repository, repo: Repo) -> None:
    assert locate_file(repository, repo.path, "prompts/new/x.md") == "new/x.md"
    for target in ("prompts/.", "a"):
        with pytest.raises(UsageError, match="is not a file below prompts/"):
            locate_file(repository, repo.path, target)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"prompts/team/b.md": "x"}, ["team/b"]),
        ({"prompts/_tone.md": "x", "prompts/a.md": "x"}, ["a"]),
        ({"evals/team/c.yaml": "x", "README.md": "x"}, ["team/c"]),
        ({"pyproject.toml": "[tool.other]\n"}, []),
        # Any prompt may be judged otherwise after one of these.
        ({"prompts/_unused.md": "x"}, None),
        ({"prompts/Bad.md": "x"}, None),
        ({"evals/shared.yaml": "x"}, None),
        ({"promptops.toml": '[checks]\nunused-input = "off"\n'}, None),
        ({"prompts/_tone.md": None}, None),
        ({"evals/team/c.yaml": None}, None),
    ],
)
def test_a_commit_selects_what_it_changes(
    repository: Repository, repo: Repo, changes: dict[str, str | None], names: list[str] | None
) -> None:
    for path, text in changes.items():
        if text is None:
            (repo.path / path).unlink()
        else:
            repo.write(path, FILES.get(path.removeprefix("prompts/"), "") + text)
    repo.git("add", "--all")
    assert select_staged(repository, repository.staged) == names


@pytest.mark.parametrize(
    ("files", "targets", "message", "hint"),
    [
        ({}, [], "there are no prompts in prompts/", "promptops new NAME"),
        ({}, ["a", "b"], "'a', 'b': not a prompt", "prompts are .md files"),
        ({"prompts/a.j2": ""}, [], "1 file that may hold prompts", "promptops adopt prompts"),
        (
            {"deep/promptops.toml": ""},
            [],
            "deep/promptops.toml is not read",
            'prompts = "deep/prompts"',
        ),
    ],
)
def test_a_validation_of_nothing_names_its_likely_cause(
    make_repo: MakeRepo, files: dict[str, str], targets: list[str], message: str, hint: str
) -> None:
    repo = make_repo("other")
    for path, text in {"deep/x": "", **files}.items():
        repo.write(path, text)
    repository = open_repository(repo.path)
    with pytest.raises(UsageError) as caught:
        refuse_nothing(repository, repository.working, repo.path / "deep", targets)
    assert message in caught.value.message
    assert hint in str(caught.value.hint)
