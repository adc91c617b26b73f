"""Remotes: exactly the refs asked for, compare-and-swap, and every way to be refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.errors import ConflictError, GitError, RemoteError, UsageError
from promptops.git.process import Git
from promptops.git.remote import (
    PushRef,
    PushResult,
    PushStatus,
    default_branch,
    fetch,
    learn_default_branch,
    list_remote,
    push,
    remote_head,
    remote_url,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import MakeRepo
    from tests.repositories import Repo

PRODUCTION = "refs/heads/promptops/production"
TRACKED = "refs/remotes/origin/promptops/production"
SPEC = f"+{PRODUCTION}:{TRACKED}"


@dataclass(frozen=True, slots=True)
class World:
    """A repository with two commits, and its remote."""

    repo: Repo
    remote: Repo
    git: Git
    first: str
    second: str


@pytest.fixture
def world(repo: Repo, tmp_path: Path) -> World:
    first = repo.commit({"a.md": "1"})
    remote = repo.publish(tmp_path / "remote.git")
    second = repo.commit({"a.md": "2"})
    return World(repo, remote, Git.discover(repo.path), first, second)


def one(world: World, ref: PushRef, *, atomic: bool = True) -> PushResult:
    (result,) = push(world.git, "origin", [ref], atomic=atomic)
    return result


def test_a_remotes_address_is_the_one_git_uses(world: World) -> None:
    assert remote_url(world.git, "origin") == world.remote.url
    assert remote_url(world.git, "none") is None
    world.repo.config("url.https://example.com/.insteadOf", "short:")
    world.repo.git("remote", "add", "other", "short:a.git")
    assert remote_url(world.git, "other") == "https://example.com/a.git"


@pytest.mark.parametrize("remote", ["", "--upload-pack=touch /tmp/x", "a\nb"])
def test_a_remote_is_never_an_option(world: World, remote: str) -> None:
    with pytest.raises(UsageError, match="is not a remote"):
        list_remote(world.git, remote)
    with pytest.raises(UsageError, match="is not a remote"):
        fetch(world.git, remote, [SPEC])
    with pytest.raises(UsageError, match="is not a remote"):
        push(world.git, remote, [PushRef(world.first, PRODUCTION, None)])


@pytest.mark.slow
def test_a_remote_lists_its_refs(world: World) -> None:
    tag = world.repo.tag("prompts/a@1.0.0")
    world.repo.git("push", "--quiet", "origin", "--tags", "HEAD:refs/heads/x/refs/heads/main")
    main = "refs/heads/main"
    assert list_remote(world.git, "origin", [main]) == {main: world.first}
    assert list_remote(None, world.remote.url, ["refs/tags/prompts/*"]) == {
        "refs/tags/prompts/a@1.0.0": tag,
        "refs/tags/prompts/a@1.0.0^{}": world.second,
    }
    assert len(list_remote(world.git, "origin")) == 5
    assert list_remote(world.git, "origin", ["refs/heads/none", "refs/tags/none"]) == {}


@pytest.mark.slow
def test_the_default_branch_is_asked_for_or_known(world: World, make_repo: MakeRepo) -> None:
    assert remote_head(world.git, "origin") == "main"
    assert remote_head(None, make_repo("empty.git", bare=True).url) is None
    assert default_branch(world.git, "origin") == "refs/remotes/origin/main"
    world.repo.git("remote", "set-head", "origin", "--delete")
    assert default_branch(world.git, "origin") is None
    learn_default_branch(world.git, "origin")
    assert default_branch(world.git, "origin") == "refs/remotes/origin/main"
    world.repo.git("update-ref", "refs/remotes/origin/trunk", world.first)
    world.repo.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
    assert default_branch(world.git, "origin") == "refs/remotes/origin/trunk"
    assert default_branch(world.git, "none") is None


def test_without_a_remote_the_default_branch_is_local(repo: Repo) -> None:
    git = Git.discover(repo.path)
    assert default_branch(git, None) is None
    repo.commit({"a.md": "1"})
    assert default_branch(git, None) == "refs/heads/main"
    repo.git("branch", "-m", "main", "work")
    assert default_branch(git, None) == "refs/heads/work"
    repo.git("branch", "master")
    assert default_branch(git, None) == "refs/heads/master"


def test_a_bare_repository_says_itself_which_branch_is_the_default(repo: Repo) -> None:
    repo.commit({"a.md": "1"})
    repo.git("branch", "develop")
    bare = repo.publish(repo.path.with_name("bare.git"))
    bare.git("symbolic-ref", "HEAD", "refs/heads/develop")
    assert default_branch(Git.discover(bare.path), None) == "refs/heads/develop"


@pytest.mark.slow
def test_a_fetch_moves_only_what_it_was_asked_for(world: World, tmp_path: Path) -> None:
    other = world.remote.clone(tmp_path / "other")
    other.tag("local-only")
    for name in (
        "fetch.prune",
        "fetch.pruneTags",
        "remote.origin.prune",
        "remote.origin.pruneTags",
    ):
        other.config(name, "true")
    other.config("remote.origin.tagOpt", "--tags")
    other.git("update-ref", "refs/remotes/origin/gone", world.first)
    world.repo.tag("on-the-remote")
    world.repo.git("push", "--quiet", "origin", "--tags", "main", f"HEAD:{PRODUCTION}")
    before = other.refs()
    fetch(Git.discover(other.path), "origin", [SPEC])
    assert other.refs() == {**before, TRACKED: world.second}
    assert not (other.path / ".git" / "FETCH_HEAD").exists()
    fetch(Git.discover(other.path), "origin", [])


def test_a_fetch_prunes_only_when_told_to(world: World) -> None:
    world.repo.git("update-ref", TRACKED, world.first)
    wide = "+refs/heads/promptops/*:refs/remotes/origin/promptops/*"
    fetch(world.git, "origin", [wide])
    assert TRACKED in world.repo.refs()
    fetch(world.git, "origin", [wide], prune=True)
    assert TRACKED not in world.repo.refs()


@pytest.mark.slow
def test_a_shallow_fetch_takes_one_commit(world: World, tmp_path: Path) -> None:
    world.repo.git("push", "--quiet", "origin", f"HEAD:{PRODUCTION}")
    mirror = Git.create(tmp_path / "mirror")
    fetch(mirror, world.remote.url, [f"+{PRODUCTION}:{PRODUCTION}"], depth=1)
    assert mirror.run("rev-list", "--count", PRODUCTION).text == "1"


def test_a_ref_that_the_remote_lacks_is_named(world: World) -> None:
    with pytest.raises(RemoteError, match=f"has no {PRODUCTION}"):
        fetch(world.git, "origin", [SPEC])


@pytest.mark.parametrize("refspec", ["--all", "main", "refs/heads/a:--x", "+refs/heads/a b"])
def test_a_refspec_is_full_names(world: World, refspec: str) -> None:
    with pytest.raises(UsageError):
        fetch(world.git, "origin", [refspec])


@pytest.mark.slow
def test_a_tag_that_moved_on_the_remote_is_not_taken(world: World) -> None:
    world.repo.git("push", "--quiet", "origin", f"{world.second}:refs/tags/v1")
    world.repo.git("tag", "v1", world.first)
    with pytest.raises(ConflictError, match="v1 differs between this clone and the remote origin"):
        fetch(world.git, "origin", ["refs/tags/v1:refs/tags/v1"])
    assert world.repo.rev("v1") == world.first


def test_a_checked_out_branch_is_not_fetched_into(world: World) -> None:
    with pytest.raises(GitError, match="refusing to fetch into"):
        fetch(world.git, "origin", ["+refs/heads/main:refs/heads/main"])


@pytest.mark.slow
def test_a_tracking_ref_in_the_way_is_named(world: World) -> None:
    world.repo.git("push", "--quiet", "origin", f"HEAD:{PRODUCTION}")
    world.repo.git("update-ref", "-d", TRACKED)
    world.repo.git("update-ref", "refs/remotes/origin/promptops", world.first)
    with pytest.raises(GitError, match="refs/remotes/origin/promptops conflicts with") as caught:
        fetch(world.git, "origin", [SPEC])
    assert caught.value.hint == snapshot(
        "if the remote no longer has it, run git remote prune origin"
    )


@pytest.mark.slow
@pytest.mark.parametrize("url", ["none", "file:///nonexistent/repo.git", "https://127.0.0.1:9/x"])
def test_a_remote_that_is_not_there_is_an_error_of_its_own(world: World, url: str) -> None:
    for attempt in (
        lambda: list_remote(world.git, url),
        lambda: remote_head(None, url),
        lambda: fetch(world.git, url, [SPEC]),
        lambda: push(world.git, url, [PushRef(world.first, PRODUCTION, None)]),
    ):
        with pytest.raises(RemoteError, match="cannot reach the remote") as caught:
            attempt()
        assert caught.value.hint


def test_a_password_in_an_address_is_not_repeated(world: World) -> None:
    with pytest.raises(RemoteError) as caught:
        list_remote(world.git, "https://jane:secret@127.0.0.1:9/x")
    assert "secret" not in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.slow
def test_a_push_makes_moves_and_removes(world: World) -> None:
    for ref in (
        PushRef(world.first, PRODUCTION, None),
        PushRef(world.second, PRODUCTION, world.first),
        PushRef(None, PRODUCTION, world.second),
    ):
        assert one(world, ref) == PushResult(PRODUCTION, PushStatus.PUSHED, "")
        assert world.remote.refs().get(PRODUCTION) == ref.oid
    assert push(world.git, "origin", []) == []


@pytest.mark.slow
def test_an_identical_push_is_up_to_date_and_no_win(world: World) -> None:
    ref = PushRef(world.first, PRODUCTION, None)
    assert one(world, ref).status is PushStatus.PUSHED
    assert one(world, ref) == PushResult(PRODUCTION, PushStatus.UP_TO_DATE, "")


@pytest.mark.slow
@pytest.mark.parametrize("expected", [None, "first"])
def test_a_stale_expectation_changes_nothing(world: World, expected: str | None) -> None:
    world.repo.git("push", "--quiet", "origin", f"{world.second}:{PRODUCTION}")
    old = world.first if expected else None
    third = world.repo.commit({"a.md": "3"})
    results = push(
        world.git, "origin", [PushRef(third, PRODUCTION, old), PushRef(third, "refs/tags/x", None)]
    )
    assert [result.status for result in results] == [PushStatus.STALE, PushStatus.ABORTED]
    assert world.remote.refs()[PRODUCTION] == world.second
    assert "refs/tags/x" not in world.remote.refs()


def test_a_remote_that_refuses_says_why(world: World) -> None:
    world.remote.hook("pre-receive", "echo only on Mondays >&2; exit 1")
    result = one(world, PushRef(world.first, PRODUCTION, None))
    assert result.status is PushStatus.REFUSED
    assert result.reason == snapshot("only on Mondays (pre-receive hook declined)")


def test_a_remote_without_room_says_so(world: World) -> None:
    world.remote.config("receive.maxInputSize", "10")
    result = one(world, PushRef(world.second, PRODUCTION, None))
    assert result.status is PushStatus.REFUSED
    assert "size" in result.reason


@pytest.mark.slow
def test_one_refused_ref_stops_all_only_in_an_atomic_push(world: World) -> None:
    world.remote.hook("update", 'test "$1" != refs/tags/no')
    refs = [PushRef(world.first, PRODUCTION, None), PushRef(world.first, "refs/tags/no", None)]
    together = push(world.git, "origin", refs)
    assert [result.status for result in together] == [PushStatus.ABORTED, PushStatus.REFUSED]
    assert PRODUCTION not in world.remote.refs()
    apart = push(world.git, "origin", refs, atomic=False)
    assert [result.status for result in apart] == [PushStatus.PUSHED, PushStatus.REFUSED]


@pytest.mark.slow
def test_a_remote_without_atomic_push_is_an_error(world: World) -> None:
    world.remote.config("receive.advertiseAtomic", "false")
    ref = PushRef(world.first, PRODUCTION, None)
    with pytest.raises(GitError, match="does not support atomic pushes") as caught:
        push(world.git, "origin", [ref])
    assert caught.value.hint == snapshot(
        "enable receive.advertiseAtomic on its server, or push the refs one at a time"
    )
    assert one(world, ref, atomic=False).status is PushStatus.PUSHED


@pytest.mark.story
def test_a_lock_on_the_remote_is_busy(world: World) -> None:
    world.remote.write(f"{PRODUCTION}.lock", "")
    result = one(world, PushRef(world.first, PRODUCTION, None))
    assert result.status is PushStatus.BUSY
    assert f"{PRODUCTION}.lock" in result.reason


@pytest.mark.slow
def test_a_branch_in_the_way_on_the_remote_is_named(world: World) -> None:
    world.repo.git("push", "--quiet", "origin", "HEAD:refs/heads/promptops")
    result = one(world, PushRef(world.first, PRODUCTION, None))
    assert result.status is PushStatus.REFUSED
    assert result.reason == snapshot(
        "'refs/heads/promptops' exists; cannot create 'refs/heads/promptops/production'"
    )


@pytest.mark.slow
def test_the_users_own_pre_push_hook_counts(world: World) -> None:
    world.repo.hook("pre-push", "echo not on a Friday; exit 1")
    with pytest.raises(GitError, match="pre-push hook rejected the push: not on a Friday"):
        one(world, PushRef(world.first, PRODUCTION, None))
    world.repo.hook("pre-push", "echo all right; exit 0")
    assert one(world, PushRef(world.first, PRODUCTION, None)).status is PushStatus.PUSHED


@pytest.mark.slow
def test_push_configuration_changes_nothing(world: World) -> None:
    world.repo.tag("reachable")
    for name, value in {
        "push.followTags": "true",
        "push.gpgSign": "true",
        "push.pushOption": "ci.skip",
        "push.recurseSubmodules": "check",
        "push.useForceIfIncludes": "true",
        "remote.origin.mirror": "true",
        "remote.origin.push": "+refs/heads/*:refs/heads/*",
    }.items():
        world.repo.config(name, value)
    before = world.remote.refs()
    assert one(world, PushRef(world.second, PRODUCTION, None)).status is PushStatus.PUSHED
    assert world.remote.refs() == {**before, PRODUCTION: world.second}


def test_what_does_not_exist_here_cannot_be_pushed(world: World) -> None:
    with pytest.raises(GitError, match="bad object"):
        one(world, PushRef("1" * 40, PRODUCTION, None))


@pytest.mark.story
def test_of_racing_pushes_exactly_one_wins(world: World, tmp_path: Path) -> None:
    racers = []
    for number in range(8):
        clone = world.remote.clone(tmp_path / f"clone{number}")
        oid = clone.commit({"a.md": f"racer {number}"})
        racers.append((Git.discover(clone.path), PushRef(oid, PRODUCTION, None)))

    def race(racer: tuple[Git, PushRef]) -> PushStatus:
        (result,) = push(racer[0], "origin", [racer[1]])
        return result.status

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(race, racers))
    assert statuses.count(PushStatus.PUSHED) == 1
    assert set(statuses) <= {PushStatus.PUSHED, PushStatus.STALE, PushStatus.BUSY}
    winner = racers[statuses.index(PushStatus.PUSHED)][1]
    assert world.remote.refs()[PRODUCTION] == winner.oid


@pytest.mark.slow
def test_a_sha256_remote_is_pushed_to_and_fetched_from(make_repo: MakeRepo, tmp_path: Path) -> None:
    repo = make_repo(object_format="sha256")
    commit = repo.commit({"a.md": "1"})
    remote = repo.publish(tmp_path / "remote.git")
    git = Git.discover(repo.path)
    (result,) = push(git, "origin", [PushRef(commit, PRODUCTION, None)])
    assert result.status is PushStatus.PUSHED
    fetch(git, "origin", [SPEC])
    assert repo.rev(TRACKED) == commit == list_remote(None, remote.url)[PRODUCTION]


@pytest.mark.slow
@pytest.mark.parametrize(
    "shadow", [f"refs/heads/{PRODUCTION}", f"refs/tags/{PRODUCTION}", "refs/tags/heads/main"]
)
def test_a_ref_spelled_inside_a_ref_is_in_nobodys_way(world: World, shadow: str) -> None:
    world.repo.git("push", "--quiet", "origin", f"{world.second}:{shadow}")
    ref = PushRef(world.first, PRODUCTION, None)
    assert one(world, ref, atomic=False).status is PushStatus.PUSHED
    assert one(world, ref, atomic=False).status is PushStatus.UP_TO_DATE
    assert one(world, PushRef(world.second, PRODUCTION, None)).status is PushStatus.STALE
    moved = PushRef(world.second, PRODUCTION, world.first)
    other = PushRef(world.second, "refs/tags/prompts/a@1.0.0", None)
    assert [one.status for one in push(world.git, "origin", [moved, other])] == [
        PushStatus.PUSHED,
        PushStatus.PUSHED,
    ]
    fetch(world.git, "origin", [SPEC])
    assert world.repo.refs()[TRACKED] == world.second
    assert world.remote.refs() == {
        PRODUCTION: world.second,
        "refs/heads/main": world.first,
        "refs/tags/prompts/a@1.0.0": world.second,
        shadow: world.second,
    }
    assert world.repo.refs("refs/promptops/") == {}
