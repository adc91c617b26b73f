"""What the doctor says of clones: one table of faults, each made with real git and found again."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.prompt.finding import Severity
from tests.cli.running import run
from tests.protection.doctor.pieces import FINDING, FINE, ask, ask_one
from tests.repositories import Repo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def plain_url(repo: Repo) -> None:
    repo.config("remote.origin.url", "http://git.example.com/acme/shop.git")


def secret_url(repo: Repo) -> None:
    repo.config("remote.origin.url", "https://jane:hunter2@git.example.com/acme/shop.git")


def other_push_url(repo: Repo) -> None:
    repo.config("remote.origin.pushurl", "ssh://git@git.example.com/jane/shop.git")


def no_environments(repo: Repo) -> None:
    repo.config("remote.origin.fetch", "+refs/heads/main:refs/remotes/origin/main")


def no_tags(repo: Repo) -> None:
    repo.config("remote.origin.tagOpt", "--no-tags")


def forced_tags(repo: Repo) -> None:
    repo.git("config", "--add", "remote.origin.fetch", "+refs/tags/*:refs/tags/*")


def pruned_tags(repo: Repo) -> None:
    repo.git("config", "--global", "fetch.pruneTags", "true")


def a_lock(repo: Repo) -> None:
    repo.write(".git/refs/heads/main.lock", "")


def unpushed(repo: Repo) -> None:
    tree = repo.git("write-tree")
    commit = repo.git("commit-tree", tree, "-m", "x")
    repo.git("update-ref", "refs/heads/promptops/production", commit)


FAULTS: list[tuple[Callable[[Repo], None], str, Severity, str]] = [
    (plain_url, "remote", Severity.ERROR, "http://git.example.com/acme/shop.git is neither"),
    (secret_url, "remote", Severity.WARNING, "contains a password"),
    (other_push_url, "remote", Severity.WARNING, "and pushed to ssh://git.example.com/jane/shop"),
    (no_environments, "refspecs", Severity.WARNING, "does not fetch promptops/*"),
    (no_tags, "refspecs", Severity.WARNING, "does not fetch tags"),
    (forced_tags, "refspecs", Severity.WARNING, "overwrites local tags: +refs/tags/*"),
    (pruned_tags, "refspecs", Severity.WARNING, "fetch.prunetags is on"),
    (a_lock, "lock-files", Severity.WARNING, "refs/heads/main.lock"),
    (unpushed, "pending-deployments", Severity.WARNING, "1 deployment to production"),
]


@pytest.mark.parametrize(("spoil", "check", "severity", "said"), FAULTS)
def test_each_fault_is_found_with_its_risk_and_its_remedy(
    sound: Repo, spoil: Callable[[Repo], None], check: str, severity: Severity, said: str
) -> None:
    spoil(sound)
    (answer,) = (one for one in ask(sound, check) if one.state is FINDING)
    assert answer.severity is severity
    assert said in answer.seen
    assert answer.risk
    assert answer.remedy


@pytest.mark.parametrize(
    "spoil", [no_environments, no_tags, forced_tags, pruned_tags], ids=lambda one: one.__name__
)
def test_the_remedy_of_a_refspec_works_as_it_is_written(
    sound: Repo, spoil: Callable[[Repo], None]
) -> None:
    spoil(sound)
    remedy = ask_one(sound, "refspecs").remedy
    command = remedy.partition(", and fetch")[0].partition(" (")[0]
    if spoil is pruned_tags:
        command = command.replace("--unset", "--global --unset")
    done = subprocess.run(["sh", "-c", command], cwd=sound.path, check=False)
    assert done.returncode == 0
    assert ask_one(sound, "refspecs").state is FINE


@pytest.mark.slow
def test_no_secret_of_an_address_is_ever_shown(sound: Repo) -> None:
    secret_url(sound)
    result = run(sound, "doctor")
    assert "git.example.com" in result.output
    assert "hunter2" not in result.output


@pytest.mark.parametrize(
    ("fetch", "push"),
    [
        ("https://git.example.com/acme/shop.git", "git@git.example.com:acme/shop.git"),
        ("https://git.example.com/acme/shop", "ssh://git@git.example.com/acme/shop.git"),
    ],
)
def test_one_place_may_be_written_in_two_ways(sound: Repo, fetch: str, push: str) -> None:
    sound.config("remote.origin.url", fetch)
    sound.config("remote.origin.pushurl", push)
    assert ask_one(sound, "remote").state is FINE


def test_a_remote_that_the_configuration_names_must_be_there(sound: Repo) -> None:
    sound.write("promptops.toml", 'remote = "upstream"\n')
    answer = ask_one(sound, "remote")
    assert (answer.severity, answer.remedy) == (Severity.ERROR, "git remote add upstream URL")


@pytest.mark.slow
def test_cut_off_history_is_found(sound: Repo, tmp_path: Path) -> None:
    sound.commit({"x": "y"})
    sound.git("push", "--quiet", "origin", "main")
    remote = Repo(tmp_path / "remote.git")
    shallow = ask_one(remote.clone(tmp_path / "shallow", "--depth=1"), "history")
    assert shallow.seen == snapshot("this is a shallow clone: its history is incomplete")
    assert shallow.remedy == snapshot(
        "git fetch --unshallow (in CI: fetch-depth: 0, or GIT_DEPTH: 0)"
    )
    remote.config("uploadpack.allowFilter", "true")
    partial = ask_one(remote.clone(tmp_path / "partial", "--filter=blob:none"), "history")
    assert (partial.severity, partial.place) == (Severity.NOTE, "remote.origin.promisor")


def test_a_single_branch_clone_does_not_follow_environments(sound: Repo, tmp_path: Path) -> None:
    clone = Repo(tmp_path / "remote.git").clone(tmp_path / "single", "--single-branch")
    assert ask_one(clone, "refspecs").seen == snapshot(
        "git fetch does not fetch promptops/* to refs/remotes/origin/"
    )
