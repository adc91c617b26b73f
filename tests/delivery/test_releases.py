"""Releases in a real repository: read, chosen, made and pushed, all or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.delivery import publication, pushing
from promptops.delivery.planning import plan_release, plan_releases
from promptops.delivery.publication import create_releases, push_releases
from promptops.delivery.release import (
    find_yank,
    load_all_released,
    load_released,
    read_release,
)
from promptops.delivery.releases import (
    is_merged,
    list_releases,
    list_versions,
    list_yanked,
    require_release,
    select_release,
)
from promptops.delivery.syncing import is_published, sync_releases
from promptops.delivery.yanking import yank_release
from promptops.errors import (
    ConflictError,
    GitError,
    IntegrityError,
    InvalidPromptError,
    RefusedError,
    RemoteError,
    VersionNotFoundError,
)
from promptops.git.refs import update_refs
from promptops.git.remote import push
from promptops.prompt.reference import parse_selector
from promptops.prompt.version import Level, Version
from promptops.repository.repository import open_repository
from tests.prompts import prompt_text
from tests.screens import masked
from tests.stories.world import Team

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from promptops.delivery.planning import ReleasePlan
    from promptops.git.limits import GitLimits
    from promptops.git.process import Git
    from promptops.git.refs import RefUpdate
    from promptops.git.remote import PushRef, PushResult
    from promptops.repository.repository import Repository
    from tests.repositories import Repo

PATH = "prompts/a.md"


def make(repo: Repo, version: str, notes: str | None = None, body: str | None = None) -> Repository:
    """Commit and release a version of `a`."""
    repo.commit({PATH: prompt_text(version, body or f"{version} {{{{ question }}}}")})
    repository = open_repository(repo.path)
    create_releases(repository, [plan_release(repository, "a", backport=True)], notes, "op")
    return repository


@pytest.fixture
def team(tmp_path: Path) -> Team:
    """A remote and a clone with `a` and `b` at 1.0.0, not released."""
    return Team.found(tmp_path, ["a", "b"])


# Reading


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
    repo: Repo, selector: str, version: str
) -> None:
    for one in ("1.0.0", "1.2.0", "1.10.0", "1.11.0", "2.0.0-rc.1"):
        make(repo, one)
    repository = open_repository(repo.path)
    assert yank_release(repository, "a", Version(1, 11, 0), "wrong")
    assert not yank_release(repository, "a", Version(1, 11, 0), "again")
    assert find_yank(repository, "a", Version(1, 11, 0)) == "wrong"
    assert list_yanked(repository, "a") == {Version(1, 11, 0)}
    assert str(select_release(repository, "a", parse_selector(selector)).version) == version


def test_what_no_release_answers_is_an_error_that_says_what_there_is(repo: Repo) -> None:
    repository = make(repo, "1.0.0")
    yank_release(repository, "a", Version(1, 0, 0), "wrong")
    for selector in ("latest", "^1.0", "9.9.9"):
        with pytest.raises(VersionNotFoundError) as caught:
            select_release(repository, "a", parse_selector(selector))
        assert caught.value.hint == "released: 1.0.0 (yanked)"
    with pytest.raises(VersionNotFoundError, match="c has no release"):
        select_release(repository, "c", parse_selector("latest"))


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


def test_a_release_on_another_commit_is_not_what_was_released(repo: Repo) -> None:
    make(repo, "1.0.0")
    text = repo.git("for-each-ref", "--format=%(contents)", "refs/tags/prompts/a@1.0.0")
    repo.commit({PATH: prompt_text("1.0.0", "Other {{ question }}")})
    repo.git("tag", "-d", "prompts/a@1.0.0")
    repo.tag("prompts/a@1.0.0", text + "\n")
    repository = open_repository(repo.path)
    with pytest.raises(IntegrityError, match=r"a@1\.0\.0 is not what was released"):
        load_released(repository, require_release(repository, "a", Version(1, 0, 0)))


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


def test_merged_is_reachable_from_the_default_branch(team: Team) -> None:
    repository = open_repository(team.first.path)
    assert is_merged(repository, team.first.rev("HEAD"))
    assert not is_merged(repository, team.first.commit())
    lonely = open_repository(team.clone("lonely").path)
    lonely.git.run("remote", "remove", "origin")
    assert is_merged(open_repository(lonely.git.folder), team.remote.rev("main"))


# Planning


def test_a_plan_says_from_where_and_how_much(repo: Repo) -> None:
    make(repo, "1.0.0")
    repo.commit({PATH: prompt_text("1.1.0", "New {{ question }}")})
    plan = plan_release(open_repository(repo.path), "a")
    assert plan.base is not None
    assert (plan.base.version, plan.diff.level, plan.existing) == (
        Version(1, 0, 0),
        Level.MINOR,
        None,
    )
    assert (plan.commit, plan.merged) == (repo.rev("HEAD"), True)


def test_the_same_bytes_at_another_commit_are_the_release_that_exists(repo: Repo) -> None:
    make(repo, "1.0.0")
    first = repo.rev("HEAD")
    repo.commit({"other": "file"})
    plan = plan_release(open_repository(repo.path), "a")
    assert plan.existing is not None
    assert plan.commit == first


def test_what_some_are_refused_for_does_not_hide_the_others(team: Team) -> None:
    team.first.commit(
        {
            "prompts/b.md": prompt_text(body="{{ nope }}"),
            "prompts/c.md": prompt_text(status="draft", body="{{ nope }}"),
        }
    )
    repository = open_repository(team.first.path)
    plans, refused = plan_releases(repository, ["a", "b", "c"], drafts=False)
    assert [plan.prompt.name for plan in plans] == ["a"]
    assert [type(one) for one in refused] == [InvalidPromptError]


# Making and pushing


def _plan_all(repository: Repository) -> list[ReleasePlan]:
    return plan_releases(repository, ["a", "b"])[0]


def test_a_tag_made_meanwhile_is_fine_with_the_same_bytes(team: Team) -> None:
    repository = open_repository(team.first.path)
    plans = _plan_all(repository)
    theirs = create_releases(repository, plans[:1], "theirs", "theirs")
    made = create_releases(repository, plans, "ours", "ours")
    assert [one.operation for one in made] == ["theirs", "ours"]
    assert made[0] == theirs[0]


def test_a_tag_made_meanwhile_with_other_bytes_refuses_all(team: Team) -> None:
    plans = _plan_all(open_repository(team.first.path))
    team.first.commit({PATH: prompt_text(body="Other {{ question }}")})
    other = open_repository(team.first.path)
    create_releases(other, [plan_release(other, "a")], None, "theirs")
    with pytest.raises(RefusedError, match="already released by Jane Doe, with other content"):
        create_releases(open_repository(team.first.path), plans, None, "ours")
    assert list(team.first.refs("refs/tags/")) == ["refs/tags/prompts/a@1.0.0"]


def _break_push(monkeypatch: pytest.MonkeyPatch, *, arrives: bool) -> None:
    """Let the connection break during the push: after it has arrived, or before."""

    def broken(
        git: Git, remote: str, refs: Sequence[PushRef], *, atomic: bool = True, limits: GitLimits
    ) -> list[PushResult]:
        if arrives:
            push(git, remote, refs, atomic=atomic, limits=limits)
        raise RemoteError("the connection broke")

    monkeypatch.setattr(pushing, "push", broken)


def test_a_push_that_broke_after_it_arrived_is_a_release(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = open_repository(team.first.path)
    plans = _plan_all(repository)
    made = create_releases(repository, plans, None, "ours")
    _break_push(monkeypatch, arrives=True)
    assert push_releases(repository, plans, made) == made


def test_a_push_that_broke_before_it_arrived_takes_the_tags_back(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = open_repository(team.first.path)
    plans = _plan_all(repository)
    made = create_releases(repository, plans, None, "ours")
    _break_push(monkeypatch, arrives=False)
    with pytest.raises(RemoteError, match="the connection broke"):
        push_releases(repository, plans, made)
    assert team.first.refs("refs/tags/") == team.remote.refs("refs/tags/") == {}


def test_a_push_of_which_nobody_can_tell_keeps_the_tags(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = open_repository(team.first.path)
    plans = _plan_all(repository)
    made = create_releases(repository, plans, None, "ours")
    _break_push(monkeypatch, arrives=True)
    team.remote.path.rename(team.folder / "away.git")
    with pytest.raises(RemoteError) as caught:
        push_releases(repository, plans, made)
    assert masked(caught.value.hint or "") == snapshot(
        "prompts/a@1.0.0, prompts/b@1.0.0 may have arrived or not; run the same command again to complete it"
    )
    assert len(team.first.refs("refs/tags/")) == 2
    (team.folder / "away.git").rename(team.remote.path)
    monkeypatch.undo()
    again = _plan_all(open_repository(team.first.path))
    assert push_releases(repository, again, made) == made


def test_an_interruption_takes_back_what_was_made(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(git: Git, updates: Sequence[RefUpdate], message: str) -> None:
        update_refs(git, updates[:1] if updates[0].new else updates, message)
        if updates[0].new:
            raise KeyboardInterrupt

    repository = open_repository(team.first.path)
    plans = _plan_all(repository)
    monkeypatch.setattr(publication, "update_refs", interrupted)
    with pytest.raises(KeyboardInterrupt):
        create_releases(repository, plans, None, "ours")
    assert team.first.refs("refs/tags/") == {}


def test_syncing_many_names_asks_once_and_for_all(team: Team) -> None:
    repository = open_repository(team.first.path)
    plans = _plan_all(repository)
    push_releases(repository, plans, create_releases(repository, plans, None, "ours"))
    clone = open_repository(team.remote.clone(team.folder / "bare-of-tags", "--no-tags").path)
    sync_releases(clone, [f"team/prompt-{number}" for number in range(20_000)])
    assert [len(list_versions(clone, name)) for name in ("a", "b")] == [1, 1]


def test_a_release_here_that_is_another_one_there_is_a_conflict(team: Team) -> None:
    ours, theirs = (
        open_repository(repo.path)
        for repo in (team.first, team.remote.clone(team.folder / "second"))
    )
    plans = _plan_all(ours)
    made = push_releases(ours, plans, create_releases(ours, plans, None, "ours"))
    assert is_published(ours, made[0].ref)
    create_releases(theirs, _plan_all(theirs), None, "theirs")
    with pytest.raises(ConflictError, match="here differs from the one on origin"):
        sync_releases(theirs, ["a", "b"])
