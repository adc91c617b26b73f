"""`promptops new --spec`: the description that a model gets, and what it would cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.evals.specification.drafting import MAX_DESCRIPTION
from tests.cli.running import refuse, run

if TYPE_CHECKING:
    from tests.repositories import Repo

NEW = ("new", "support/sort", "--writer", "scripted/rules.yaml", "--spec")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "there is no file spec.txt"),
        (b"", "spec.txt is empty"),
        (b"\xef\xbb\xbf \n", "spec.txt is empty"),
        (b"caf\xe9", "spec.txt is not UTF-8"),
        (b"x" * (MAX_DESCRIPTION + 1), f"spec.txt has more than {MAX_DESCRIPTION:,} characters"),
    ],
    ids=["missing", "empty", "blank", "Latin-1", "too long"],
)
def test_what_is_no_description_is_refused_before_anybody_is_asked(
    repo: Repo, content: bytes | None, told: str
) -> None:
    if content is not None:
        repo.write("spec.txt", content)
    assert told in refuse(repo, *NEW, "spec.txt", code=2)
    assert not (repo.path / "prompts").exists()


def test_a_folder_is_no_description(repo: Repo) -> None:
    (repo.path / "spec.txt").mkdir()
    assert "spec.txt cannot be read" in refuse(repo, *NEW, "spec.txt", code=2)


def test_a_dry_run_names_the_files_and_calls_nobody(repo: Repo) -> None:
    repo.write("rules.yaml", "rules: [{fault: {status: 500}}]\n")
    spec = "Sort tickets by topic." + " x" * (MAX_DESCRIPTION // 2 - 20)
    result = run(repo, *NEW, "-", "--dry-run", stdin=spec)
    assert result.exit_code == 0, result.output
    assert "scripted/rules.yaml will be called with promptops/draft" in result.stderr
    assert "estimated cost " in result.stderr
    assert "prompts/support/sort.md" in result.stdout
    assert not (repo.path / "prompts").exists()


def test_a_draft_and_a_copy_exclude_one_another(repo: Repo) -> None:
    said = refuse(repo, *NEW, "spec.txt", "--from", "a", code=2)
    assert "--spec and --from cannot be combined" in said
