"""Which change a run is about, and how it is fetched: as data, with a token for one server only."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from promptops.errors import IntegrityError, RemoteError, UsageError
from promptops.forge.github import PullRequest
from promptops.protection.ci.change import (
    CiChange,
    fetch_change,
    follow_review,
    give_access,
    read_change,
)
from tests.repositories import Repo

if TYPE_CHECKING:
    from pathlib import Path


def test_no_branch_has_the_status_of_another_for_a_forge_that_ignores_case() -> None:
    """Release/1.x may have no rules at all, and everyone who may push can make it."""
    twins = ["release/1.x", "Release/1.x", "r\xe9lease/1.x", "R\xc9lease/1.x", "relea\u017fe/1.x"]
    twins += ["c9", "C9", "\xc9", "\xc9c5X", "C9\xc5x"]
    names = [CiChange(one, "", "", 7, is_for_default=False).name_status("p") for one in twins]
    assert names[:2] == ["p (release/1.x)", "p (^Release/1.x)"]
    assert all(one.isascii() for one in names)
    assert len({one.casefold() for one in names}) == len(twins)


def test_a_token_is_for_one_server_and_what_git_was_told_besides_stays() -> None:
    told = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
    }
    url = "https://git.example/acme/prompts.git"
    for before in ({}, told, {"GIT_CONFIG_COUNT": "?"}):
        access = give_access(before, url, "secret")
        shown = subprocess.run(
            ["git", "config", "--list", "--show-scope"],
            env={**os.environ, **before, **access},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        header = "http.https://git.example/.extraheader=AUTHORIZATION: basic "
        assert f"command\t{header}eC1hY2Nlc3MtdG9rZW46c2VjcmV0\n" in shown
        assert ("safe.directory=*" in shown) is (before is told)
    assert give_access({}, url, "") == {}
    assert give_access({}, "file:///srv/prompts.git", "secret") == {}


HEAD, BASE = "a" * 40, "b" * 40


def write_event(folder: Path, name: str, event: dict[str, Any]) -> dict[str, str]:
    """Write an event of GitHub; give the environment of its run."""
    file = folder / "event.json"
    file.write_text(json.dumps({**event, "repository": {"default_branch": "main"}}))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": "https://api.github.com",
        "GITHUB_EVENT_NAME": name,
        "GITHUB_EVENT_PATH": str(file),
        "GITHUB_REPOSITORY": "acme/prompts",
        "GITHUB_SHA": BASE,
    }


def about_pull(base: str) -> dict[str, Any]:
    pull = {"number": 7, "base": {"ref": base, "sha": BASE}, "head": {"sha": HEAD}}
    return {"pull_request": {**pull, "user": {"login": "jane"}}}


def about_queue(branch: str) -> dict[str, Any]:
    queue = {"base_ref": "refs/heads/main", "base_sha": BASE, "head_sha": HEAD}
    return {"merge_group": {**queue, "head_ref": f"refs/heads/{branch}"}}


QUEUED = f"gh-readonly-queue/main/pr-7-{BASE}"


@pytest.mark.parametrize(
    ("name", "event", "change"),
    [
        (
            "pull_request_target",
            about_pull("main"),
            CiChange("main", "refs/pull/7/head", HEAD, 7, is_for_default=True),
        ),
        (
            "pull_request",
            about_pull("old"),
            CiChange("old", "refs/pull/7/head", HEAD, 7, is_for_default=False),
        ),
        (
            "merge_group",
            about_queue(QUEUED),
            CiChange("main", f"refs/heads/{QUEUED}", HEAD, None, is_for_default=True),
        ),
    ],
)
def test_a_change_is_read_from_the_event(
    tmp_path: Path, name: str, event: dict[str, Any], change: CiChange
) -> None:
    assert read_change(write_event(tmp_path, name, event)) == change


def test_what_is_no_run_of_a_workflow_has_no_change(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="this is not a run of a GitHub workflow"):
        read_change({})
    push = {"ref": "refs/heads/main", "before": BASE, "after": HEAD}
    with pytest.raises(UsageError, match="the event push is not about a change"):
        read_change(write_event(tmp_path, "push", push))


def about_review(**others: Any) -> dict[str, Any]:
    run = {"head_branch": "change", "head_sha": HEAD, **others}
    return {"workflow_run": {"head_repository": {"owner": {"login": "jane"}}, **run}}


def test_a_review_leads_to_the_pull_request_that_it_is_about(tmp_path: Path) -> None:
    asked = []

    def find(*wanted: str) -> PullRequest:
        asked.append(wanted)
        return PullRequest(7, "@jane", "main", BASE, HEAD, 1, "")

    environment = write_event(tmp_path, "workflow_run", about_review())
    followed = follow_review(environment, tmp_path, find)
    assert asked == [("jane", "change", HEAD, "main")]
    assert followed is not None
    assert read_change(followed) == CiChange(
        "main", "refs/pull/7/head", HEAD, 7, is_for_default=True
    )


def test_a_review_of_what_is_closed_leads_nowhere(tmp_path: Path) -> None:
    environment = write_event(tmp_path, "workflow_run", about_review())
    assert follow_review(environment, tmp_path, lambda *_: None) is None


def test_a_review_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    environment = write_event(tmp_path, "workflow_run", about_review(head_sha="main"))
    with pytest.raises(IntegrityError):
        follow_review(environment, tmp_path, lambda *_: None)
    with pytest.raises(UsageError, match="the event file cannot be read"):
        follow_review({}, tmp_path, lambda *_: None)


@pytest.mark.slow
def test_everything_that_judging_reads_is_fetched_and_nothing_checked_out(
    repo: Repo, tmp_path: Path
) -> None:
    repo.commit({"README.md": "main"})
    repo.git("switch", "--quiet", "-c", "topic")
    head = repo.commit({"README.md": "change"})
    repo.git("update-ref", "refs/pull/7/head", head)
    wanted = ["prompts/a@1.0.0", "yanked/prompts/a@1.0.0"]
    for name in (*wanted, "v1"):
        repo.git("tag", name)
    repo.git("update-ref", "refs/heads/promptops/staging", "main")
    change = CiChange("main", "refs/pull/7/head", head, 7, is_for_default=True)
    fetch_change(change, repo.url, {}, tmp_path / "change.git")
    fetched = Repo(tmp_path / "change.git")
    assert fetched.refs().keys() == {
        "refs/heads/main",
        "refs/heads/promptops/staging",
        "refs/promptops/head",
        *(f"refs/tags/{name}" for name in wanted),
    }
    assert fetched.git("rev-parse", "HEAD", "--is-bare-repository") == f"{repo.rev('main')}\ntrue"


def test_a_commit_that_was_pushed_over_is_no_longer_part_of_the_change(
    repo: Repo, tmp_path: Path
) -> None:
    repo.git("update-ref", "refs/pull/7/head", repo.commit())
    change = CiChange("main", "refs/pull/7/head", HEAD, 7, is_for_default=True)
    with pytest.raises(RemoteError, match="it was force-pushed"):
        fetch_change(change, repo.url, {}, tmp_path / "change.git")
