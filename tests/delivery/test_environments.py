"""Reading environments: what a deployment's message says, and which deployments there are."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from promptops.delivery import state as lock
from promptops.delivery.environments import (
    NOTHING,
    DeploymentChange,
    change_tree,
    count_pending,
    describe_changes,
    describe_title,
    find_deployment,
    last_fetch,
    list_deployments,
    list_trailers,
    live_names,
    live_version,
    parse_deployment,
    pending_remedy,
    refresh_stamp,
    require_head,
)
from promptops.delivery.state import Entry, Live, State
from promptops.errors import (
    EnvironmentNotFoundError,
    IntegrityError,
    NotDeployedError,
    NotFoundError,
    RefusedError,
)
from promptops.git.message import format_message
from promptops.prompt.version import Version
from promptops.repository.repository import open_repository

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo

TRIAGE = "support/triage"
WHO = "Jane Doe <jane@example.com> 1767225600 +0000"


def commit_data(message: str, *parents: str) -> bytes:
    """What Git keeps of a commit."""
    lines = [f"tree {'a' * 40}", *(f"parent {one}" for one in parents)]
    return "\n".join([*lines, f"author {WHO}", f"committer {WHO}", "", message]).encode()


def live(version: str, paused: str | None = None) -> Entry:
    return Entry((Live(Version.parse(version), "sha256:" + "0" * 64, "c" * 40),), paused)


# Messages


def test_a_message_is_read_as_it_was_written() -> None:
    before = State({"a": live("1.0.0"), "b": live("1.0.0")})
    after = State({"a": live("1.1.0"), "b": live("1.0.0", "wrong"), "c": live("2.0.0")})
    changes = describe_changes(before, after)
    assert [str(one) for one in changes] == [
        "a 1.0.0 -> 1.1.0",
        "b 1.0.0 -> 1.0.0 (paused)",
        "c (not deployed) -> 2.0.0",
    ]
    trailers = list_trailers(
        7, "promote", changes, tags={"a": "d" * 40}, reason="two\nlines", operation="0f"
    )
    title = describe_title("staging", "promote", changes)
    data = commit_data(format_message(title, "", trailers), "b" * 40)

    found = parse_deployment("staging", "e" * 40, data)

    assert (found.number, found.action, found.changes) == (7, "promote", changes)
    assert (found.reason, found.operation, found.parent) == ("two lines", "0f", "b" * 40)
    assert [value for key, value in found.trailers if key == "Release-Tag"] == ["d" * 40]


def test_a_title_names_one_prompt_and_counts_several() -> None:
    one = DeploymentChange("a", NOTHING, "1.0.0")
    assert describe_title("staging", "promote", [one]) == "staging: promote a 1.0.0"
    assert describe_title("staging", "retire", [one, one]) == "staging: retire 2 prompts"


GOOD = "staging: promote a 1.0.0\n\nDeployment: 1\nAction: promote\n"


@pytest.mark.parametrize(
    ("message", "parents", "fault"),
    [
        ("Tidy up\n", 1, "is not a deployment"),
        (GOOD.replace("Deployment: 1\n", ""), 1, "is not a deployment"),
        (GOOD.replace("Action: promote\n", ""), 1, "is not a deployment"),
        (GOOD.replace("Deployment: 1", "Deployment: -1"), 1, "is not a deployment"),
        (GOOD.replace("Deployment: 1", "Deployment: \u0661"), 1, "is not a deployment"),
        (GOOD.replace("Deployment: 1", f"Deployment: {'1' * 19}"), 1, "is not a deployment"),
        (GOOD, 2, "is not a deployment"),
        (GOOD.replace("staging:", "production:"), 1, "is a deployment of another environment"),
    ],
)
def test_what_promptops_did_not_write_is_no_deployment(
    message: str, parents: int, fault: str
) -> None:
    assert parse_deployment("staging", "e" * 40, commit_data(GOOD, "b" * 40)).number == 1
    data = commit_data(message, *["b" * 40] * parents)
    with pytest.raises(IntegrityError, match=f"commit eeeeeeeeeeee on staging {fault}"):
        parse_deployment("staging", "e" * 40, data)


def test_the_tree_changes_where_versions_come_and_go() -> None:
    before = State({"a": live("1.0.0"), "b": live("1.0.0")})
    after = State({"a": live("1.1.0"), "b": live("1.0.0"), "c": live("2.0.0")})
    texts: dict[str, str | dict[str, bytes]] = {
        "releases/a@1.1.0": {"a.md": b"text"},
        "releases/c@2.0.0": "d" * 40,
    }
    assert change_tree(before, after, texts) == {
        lock.LOCK_FILE: lock.format_lock(after),
        lock.UNDO_FILE: lock.format_undo(after),
        "releases/a@1.0.0": None,
        "releases/a@1.1.0/a.md": b"text",
        "releases/c@2.0.0": ("040000", "d" * 40),
    }


# Branches


@pytest.mark.slow
def test_deployments_are_listed_newest_first_and_found_by_number(triage: Repo) -> None:
    repository = open_repository(triage.path)
    head = require_head(repository, "production")
    assert [one.number for one in list_deployments(repository, "production")] == [2, 1]
    assert [one.number for one in list_deployments(repository, "production", limit=1)] == [2]
    assert list_deployments(repository, "production", name="other") == []
    assert find_deployment(repository, head, 1).commit == triage.rev("promptops/production~1")
    for number in (0, 3):
        with pytest.raises(NotFoundError, match=f"production has no deployment {number}"):
            find_deployment(repository, head, number)


def test_one_version_is_live_or_the_reason_is_told(triage: Repo) -> None:
    repository = open_repository(triage.path)
    assert live_names(repository, "production") == [TRIAGE]
    assert live_version(repository, TRIAGE, "production") == Version(1, 1, 0)
    with pytest.raises(NotDeployedError, match="a is not live in production"):
        live_version(repository, "a", "production")
    with pytest.raises(RefusedError, match=r"splits its traffic in staging: 1\.0\.0 90%") as caught:
        live_version(repository, TRIAGE, "staging")
    assert (caught.value.hint or "").endswith(f"{TRIAGE}@1.1.0")


def test_a_branch_edited_by_hand_says_how_to_go_back(triage: Repo) -> None:
    branch = "refs/heads/promptops/production"
    valid = triage.rev(branch)
    triage.git("update-ref", branch, triage.git("commit-tree", f"{valid}^{{tree}}", "-p", valid))
    with pytest.raises(IntegrityError, match="is not a deployment") as caught:
        require_head(open_repository(triage.path), "production")
    assert (caught.value.hint or "").endswith(
        f"to go back to deployment 2, the last valid one: git update-ref {branch} {valid}"
    )


@pytest.mark.slow
def test_what_was_never_pushed_is_counted_with_the_way_out(triage: Repo, tmp_path: Path) -> None:
    branch, known = "refs/heads/promptops/production", "refs/remotes/origin/promptops/production"
    first = triage.rev(f"{branch}~1")
    triage.publish(tmp_path / "remote.git")
    repository = open_repository(triage.path)
    assert count_pending(repository, "production") == 0
    triage.git("update-ref", known, first)
    assert count_pending(repository, "production") == 1
    assert pending_remedy(repository, "production") == (
        "git push origin promptops/production; "
        "if that is refused, drop it with git branch -D promptops/production"
    )
    triage.git("update-ref", known, triage.git("commit-tree", f"{first}^{{tree}}", "-p", first))
    assert pending_remedy(repository, "production").startswith("others deployed meanwhile; drop it")
    triage.git("update-ref", "-d", known)
    with pytest.raises(EnvironmentNotFoundError) as caught:
        require_head(repository, "production")
    assert (caught.value.hint or "").endswith("never pushed: git push origin promptops/production")


def test_the_last_fetch_is_the_newest_of_its_traces(tmp_path: Path) -> None:
    git = SimpleNamespace(git_dir=tmp_path / "worktree", common_dir=tmp_path)
    clone = SimpleNamespace(remote="origin", git=git)
    assert last_fetch(clone) is None  # type: ignore[arg-type]
    seconds = {
        "refs/remotes/origin/HEAD": 100,
        "worktree/FETCH_HEAD": 200,
        "refs/remotes/origin/promptops/staging": 300,
    }
    for path, at in seconds.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
        os.utime(tmp_path / path, (at, at))
    assert last_fetch(clone) == 200  # type: ignore[arg-type]
    assert last_fetch(clone, "staging") == 300  # type: ignore[arg-type]
    stamp = refresh_stamp(clone)  # type: ignore[arg-type]
    stamp.parent.mkdir()
    stamp.touch()
    os.utime(stamp, (400, 400))
    assert last_fetch(clone, "production") == 400  # type: ignore[arg-type]
    assert last_fetch(SimpleNamespace(remote=None, git=git)) is None  # type: ignore[arg-type]
