"""Refs: exact listing, compare-and-swap, and what stands in the way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.errors import ConflictError, GitError, UsageError
from promptops.git.process import Git
from promptops.git.refs import (
    Ref,
    RefUpdate,
    check_ref_name,
    checked_out_branches,
    current_branch,
    list_refs,
    read_ref,
    read_refs,
    short_name,
    stale_locks,
    update_refs,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import MakeRepo
    from tests.repositories import Repo

PRODUCTION = "refs/heads/promptops/production"


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_prefix_lists_exactly_what_begins_with_it(
    make_repo: MakeRepo, object_format: str, *, packed: bool
) -> None:
    repo = make_repo(object_format=object_format)
    commit = repo.commit({"a.md": "text"})
    names = ["prompts/a@1.0.0", "prompts/a@1.1.0", "prompts/a/b@1.0.0", "prompts/ab@1.0.0"]
    tags = {f"refs/tags/{name}": repo.tag(name) for name in names}
    repo.git("tag", "prompts/light", commit)
    if packed:
        repo.git("pack-refs", "--all")
    git = Git.discover(repo.path)
    assert list_refs(git, "refs/tags/prompts/a@") == [
        Ref(f"refs/tags/{name}", tags[f"refs/tags/{name}"], "tag", commit) for name in names[:2]
    ]
    under_a = {ref.name for ref in list_refs(git, "refs/tags/prompts/a", peel=False)}
    assert under_a == set(tags)
    light = list_refs(git, "refs/tags/prompts/l")
    assert light == [Ref("refs/tags/prompts/light", commit, "commit", commit)]
    assert len(list_refs(git, "refs/tags/")) == 5
    assert list_refs(git, "refs/tags/prompts/none@") == []


@pytest.mark.parametrize(
    "name",
    ["", "main", "refs/heads/a b", "refs/heads/a..b", "refs/heads/a*", "refs/heads/a.lock",
     "refs/heads/a.lock/b", "refs/heads/.a", "refs/heads/a/", "refs//a", "refs/heads/a@{1}",
     "refs/heads/a\n", "refs/heads/a\0b", "refs/heads/a\\b", "-x", "refs/heads/a."],
)  # fmt: skip
def test_a_name_that_git_would_not_take_is_refused(repo: Repo, name: str) -> None:
    assert repo.run("check-ref-format", "--", name.replace("\0", "\n")).returncode != 0 or (
        name in {"main", ""}
    )
    with pytest.raises(UsageError):
        check_ref_name(name)


@pytest.mark.parametrize(
    "name", ["refs/heads/-x", "refs/tags/prompts/a@1.0.0", "refs/heads/ü", "refs/heads/a@b"]
)
def test_a_name_that_git_takes_is_taken(repo: Repo, name: str) -> None:
    assert repo.run("check-ref-format", name).returncode == 0
    assert check_ref_name(name) == name


def test_a_ref_is_read_by_its_full_name_only(repo: Repo) -> None:
    commit = repo.commit({"a.md": "text"})
    repo.git("update-ref", "refs/heads/refs/heads/gone", commit)
    repo.git("update-ref", "refs/heads/-x", commit)
    git = Git.discover(repo.path)
    assert read_ref(git, "refs/heads/gone") is None
    assert read_ref(git, "refs/heads/-x") == commit
    assert set(read_refs(git, ["refs/heads/main", "refs/heads/refs"])) == {"refs/heads/main"}
    assert read_refs(git, []) == {}


def test_a_damaged_ref_is_not_taken_for_absence(repo: Repo) -> None:
    repo.commit({"a.md": "text"})
    repo.write(f".git/{PRODUCTION}", "")
    git = Git.discover(repo.path)
    with pytest.raises(GitError, match=f"{PRODUCTION} is damaged"):
        read_ref(git, PRODUCTION)


def test_refs_are_made_moved_and_removed(repo: Repo) -> None:
    first, second = repo.commit({"a.md": "1"}), repo.commit({"a.md": "2"})
    git = Git.discover(repo.path)
    update_refs(git, [RefUpdate(PRODUCTION, first, None)], "make\nit")
    assert read_ref(git, PRODUCTION) == first
    update_refs(git, [RefUpdate(PRODUCTION, second, first)], "move")
    assert read_ref(git, PRODUCTION) == second
    log = repo.git("reflog", "show", "--format=%gs", PRODUCTION).splitlines()
    assert log == ["move", "make it"]
    update_refs(git, [RefUpdate(PRODUCTION, None, second)], "remove")
    assert read_ref(git, PRODUCTION) is None
    update_refs(git, [], "nothing")
    update_refs(git, [RefUpdate("refs/tags/none", None, None)], "still absent")


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
@pytest.mark.parametrize("case", ["exists", "moved", "gone", "appeared"])
def test_a_lost_race_changes_nothing(make_repo: MakeRepo, object_format: str, case: str) -> None:
    repo = make_repo(object_format=object_format)
    first, second = repo.commit({"a.md": "1"}), repo.commit({"a.md": "2"})
    git = Git.discover(repo.path)
    if case != "gone":
        repo.git("update-ref", PRODUCTION, first)
    lost = {
        "exists": RefUpdate(PRODUCTION, second, None),
        "moved": RefUpdate(PRODUCTION, second, second),
        "gone": RefUpdate(PRODUCTION, second, first),
        "appeared": RefUpdate(PRODUCTION, None, None),
    }[case]
    before = repo.refs()
    with pytest.raises(ConflictError, match="promptops/production was moved"):
        update_refs(git, [RefUpdate("refs/tags/x", second, None), lost], "race")
    assert repo.refs() == before


@pytest.mark.slow
def test_of_racing_updates_exactly_one_wins(repo: Repo) -> None:
    repo.commit({"a.md": "text"})
    tree = repo.rev("HEAD^{tree}")
    commits = [repo.git("commit-tree", "-m", str(number), tree) for number in range(12)]
    git = Git.discover(repo.path)

    def race(commit: str) -> bool:
        try:
            update_refs(git, [RefUpdate(PRODUCTION, commit, None)], "race")
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(12) as pool:
        won = list(pool.map(race, commits))
    assert won.count(True) == 1
    assert read_ref(git, PRODUCTION) == commits[won.index(True)]
    assert stale_locks(git) == []


@pytest.mark.usefixtures("bound_by_permissions")
def test_a_read_only_repository_says_so(repo: Repo) -> None:
    commit = repo.commit({"a.md": "text"})
    folder = repo.path / ".git" / "refs" / "heads"
    folder.chmod(0o555)
    try:
        with pytest.raises(GitError) as caught:
            update_refs(Git.discover(repo.path), [RefUpdate(PRODUCTION, commit, None)], "make")
    finally:
        folder.chmod(0o755)
    assert caught.value.hint == snapshot(
        "check the owner and the permissions of the repository's folder"
    )


def test_a_branch_in_the_way_is_named(repo: Repo) -> None:
    commit = repo.commit({"a.md": "text"})
    repo.git("branch", "promptops")
    git = Git.discover(repo.path)
    with pytest.raises(GitError, match="the branch promptops conflicts with") as caught:
        update_refs(git, [RefUpdate(PRODUCTION, commit, None)], "make")
    assert caught.value.hint == snapshot("rename it: git branch -m promptops ANOTHER-NAME")


def test_refs_below_the_wanted_name_are_in_the_way_too(repo: Repo) -> None:
    repo.commit({"a.md": "text"})
    repo.tag("prompts/a/b")
    git = Git.discover(repo.path)
    with pytest.raises(GitError, match="the tag prompts/a/b conflicts with prompts/a"):
        update_refs(git, [RefUpdate("refs/tags/prompts/a", repo.rev("HEAD"), None)], "make")


@pytest.mark.story
def test_a_stale_lock_is_named_with_its_remedy(repo: Repo) -> None:
    commit = repo.commit({"a.md": "text"})
    lock = repo.write(f".git/{PRODUCTION}.lock", "")
    index = repo.write(".git/index.lock", "")
    git = Git.discover(repo.path)
    with pytest.raises(GitError) as caught:
        update_refs(git, [RefUpdate(PRODUCTION, commit, None)], "make")
    assert f"remove {lock}" in (caught.value.hint or "")
    # `promptops site --serve` locks a file of its own, which stays.
    (git.git_dir / "promptops-site.lock").touch()
    assert stale_locks(git) == sorted([index, lock])


def test_a_checked_out_branch_is_never_moved(repo: Repo, tmp_path: Path) -> None:
    first, second = repo.commit({"a.md": "1"}), repo.commit({"a.md": "2"})
    repo.git("update-ref", PRODUCTION, first)
    linked = tmp_path / "linked"
    repo.git("worktree", "add", "--quiet", str(linked), "promptops/production")
    git = Git.discover(repo.path)
    assert checked_out_branches(git) == {"refs/heads/main": repo.path, PRODUCTION: linked}
    with pytest.raises(GitError, match=f"is checked out in {linked}"):
        update_refs(git, [RefUpdate(PRODUCTION, second, first)], "move")
    assert read_ref(git, PRODUCTION) == first


def test_the_only_worktrees_branch_is_never_moved(repo: Repo) -> None:
    first, second = repo.commit({"a.md": "1"}), repo.commit({"a.md": "2"})
    repo.git("switch", "--quiet", "--create", "promptops/production", first)
    git = Git.discover(repo.path)
    with pytest.raises(GitError, match=f"is checked out in {repo.path}"):
        update_refs(git, [RefUpdate(PRODUCTION, second, first)], "move")
    # As old programs wrote it: a link to the branch's own file.
    head = git.git_dir / "HEAD"
    head.unlink()
    head.symlink_to(PRODUCTION)
    with pytest.raises(GitError, match=f"is checked out in {repo.path}"):
        update_refs(git, [RefUpdate(PRODUCTION, second, first)], "move")
    assert read_ref(git, PRODUCTION) == first


def test_the_head_of_a_bare_repository_is_not_a_worktree(make_repo: MakeRepo) -> None:
    git = Git.discover(make_repo("bare.git", bare=True).path)
    assert checked_out_branches(git) == {}


def test_a_symbolic_ref_is_replaced_and_its_target_left_alone(repo: Repo) -> None:
    first, second = repo.commit({"a.md": "1"}), repo.commit({"a.md": "2"})
    repo.git("update-ref", "refs/heads/other", first)
    repo.git("symbolic-ref", PRODUCTION, "refs/heads/other")
    update_refs(Git.discover(repo.path), [RefUpdate(PRODUCTION, second, first)], "move")
    assert repo.rev("refs/heads/other") == first
    assert repo.rev(PRODUCTION) == second


def test_the_current_branch_is_known_without_commits_and_absent_when_detached(repo: Repo) -> None:
    git = Git.discover(repo.path)
    assert current_branch(git) == "main"
    repo.commit({"a.md": "text"})
    repo.git("checkout", "--quiet", "--detach")
    assert current_branch(git) is None


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("refs/heads/promptops/staging", "promptops/staging"),
        ("refs/tags/prompts/a@1.0.0", "prompts/a@1.0.0"),
        ("refs/heads/refs/heads/main", "refs/heads/refs/heads/main"),
        ("refs/notes/x", "refs/notes/x"),
    ],
)
def test_a_short_name_is_no_other_refs_full_name(name: str, short: str) -> None:
    assert short_name(name) == short
