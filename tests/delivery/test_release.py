"""Reading one release: its tag, what was frozen, and why it cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.delivery.release import (
    load_all_released,
    load_released,
    read_release,
)
from promptops.delivery.releases import (
    list_releases,
    require_release,
)
from promptops.errors import (
    GitError,
    IntegrityError,
)
from promptops.prompt.version import Version
from promptops.repository.repository import open_repository
from tests.delivery.pieces import PATH, make
from tests.prompts import prompt_text
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo


@pytest.mark.slow
def test_a_release_says_all_that_was_frozen(repo: Repo) -> None:
    make(repo, "1.0.0")
    repository = make(repo, "1.1.0", "# Notes\n\nOperation: not a trailer")
    release = require_release(repository, "a", Version(1, 1, 0))
    assert (str(release), release.ref) == ("a@1.1.0", "refs/tags/prompts/a@1.1.0")
    assert (release.commit, release.folder) == (repo.rev("HEAD"), "prompts")
    assert (release.model, release.change) == ("openai/gpt-4o-mini", "minor")
    assert (release.base, release.operation) == (Version(1, 0, 0), "op")
    assert release.notes == snapshot("# Notes\n\nOperation: not a trailer")
    assert load_released(repository, release).digest == release.digest


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Prompt-Digest: sha256:", "Prompt-Digest: md5:"),
        ("Prompt-Path: prompts/a.md", "Prompt-Path: prompts/b.md"),
        ("Prompt-Base: none", "Prompt-Base: the one before"),
        ("\n\nPrompt-Digest", "\nPrompt-Digest"),
    ],
)
def test_a_tag_that_is_no_release_is_an_error(repo: Repo, old: str, new: str) -> None:
    repository = make(repo, "1.0.0")
    text = repo.git("for-each-ref", "--format=%(contents)", "refs/tags/prompts/a@1.0.0")
    assert old in text
    repo.git("tag", "-d", "prompts/a@1.0.0")
    repo.tag("prompts/a@1.0.0", text.replace(old, new))
    with pytest.raises(IntegrityError):
        read_release(open_repository(repo.path), "a", Version(1, 0, 0))
    with pytest.raises(IntegrityError):
        list_releases(repository, "a")


@pytest.mark.slow
def test_a_release_on_another_commit_is_not_what_was_released(repo: Repo) -> None:
    make(repo, "1.0.0")
    text = repo.git("for-each-ref", "--format=%(contents)", "refs/tags/prompts/a@1.0.0")
    repo.commit({PATH: prompt_text("1.0.0", "Other {{ question }}")})
    repo.git("tag", "-d", "prompts/a@1.0.0")
    repo.tag("prompts/a@1.0.0", text + "\n")
    repository = open_repository(repo.path)
    with pytest.raises(IntegrityError, match=r"a@1\.0\.0 is not what was released"):
        load_released(repository, require_release(repository, "a", Version(1, 0, 0)))


@pytest.mark.slow
def test_many_releases_are_loaded_at_once_and_each_says_its_own_fault(repo: Repo) -> None:
    repository = make(repo, "1.0.0")
    first = require_release(repository, "a", Version(1, 0, 0))
    make(repo, "1.1.0")
    second = require_release(repository, "a", Version(1, 1, 0))
    moved = first._replace(commit=second.commit)
    lost = first._replace(name="b")

    found = load_all_released(repository, [first, moved, lost, second])

    assert found[0] == load_released(repository, first)
    assert found[3] == load_released(repository, second)
    assert isinstance(found[1], IntegrityError)
    assert masked(found[1].message) == snapshot(
        "a@1.0.0 is not what was released: its files have digest <digest>"
    )
    assert isinstance(found[2], IntegrityError)
    assert "has no prompts/b.md" in found[2].message


@pytest.mark.slow
def test_a_damaged_object_does_not_hide_the_other_releases(repo: Repo) -> None:
    repository = make(repo, "1.0.0")
    first = require_release(repository, "a", Version(1, 0, 0))
    make(repo, "1.1.0")
    second = require_release(repository, "a", Version(1, 1, 0))
    blob = repo.git("rev-parse", f"{first.commit}:{PATH}")
    file = repo.path / ".git/objects" / blob[:2] / blob[2:]
    file.chmod(0o600)
    file.write_bytes(b"damaged")

    found = load_all_released(repository, [first, second])

    assert isinstance(found[0], GitError)
    assert found[1] == load_released(repository, second)
