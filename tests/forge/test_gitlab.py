"""What the client makes of what GitLab says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from promptops.errors import DeniedError, IntegrityError, RemoteError, UsageError
from promptops.forge.gitlab import DiffVersion, GitLab, GivenApproval, MergeRequest
from tests.forge.fake_github import commit
from tests.forge.server import START_SECONDS, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.forge.fake_gitlab import FakeGitLab
    from tests.forge.server import Clock, Request


def after(seconds: int) -> datetime:
    return datetime.fromtimestamp(START_SECONDS + seconds, UTC)


def test_a_merge_request(lab: FakeGitLab, gitlab: GitLab) -> None:
    lab.open(12, author="jane", target="release/1.x")
    assert gitlab.merge_request(12) == MergeRequest(
        id=1012,
        number=12,
        author="@jane",
        target="release/1.x",
        head=commit("head of 12"),
        url="https://gitlab.example.com/acme/prompts/-/merge_requests/12",
    )


def test_versions_come_from_every_page_the_oldest_first(lab: FakeGitLab, gitlab: GitLab) -> None:
    lab.open(12)
    for index in range(4):
        lab.push(12, f"push {index}")
    lab.page_size = 2
    tip = commit("tip of main")
    assert gitlab.versions(gitlab.merge_request(12)) == [
        DiffVersion(commit("head of 12"), tip, after(1), id=0, start=tip),
        *(
            DiffVersion(commit(f"push {index}"), tip, after(2 + index), id=1 + index, start=tip)
            for index in range(4)
        ),
    ]


def test_approvals_with_and_without_their_time(lab: FakeGitLab, gitlab: GitLab) -> None:
    lab.open(12)
    lab.approve(12, "bob")
    request = gitlab.merge_request(12)
    number = lab.users["jane"] + 1
    assert gitlab.approvals(request) == [GivenApproval("@bob", number, after(2))]
    lab.says_when = False
    assert gitlab.approvals(request) == [GivenApproval("@bob", number, None)]


def test_only_the_servers_own_notes_tell_of_approvals(lab: FakeGitLab, gitlab: GitLab) -> None:
    lab.open(12)
    lab.page_size = 1
    lab.say(12, "eve", "approved this merge request")
    lab.approve(12, "Bob")
    lab.say(12, "bob", "I did")
    lab.approve(12, "Bob")
    assert gitlab.approval_notes(gitlab.merge_request(12)) == {"@bob": after(5)}


def test_who_asks_for_changes(lab: FakeGitLab, gitlab: GitLab) -> None:
    lab.open(12).reviewers = {"bob": "approved", "eve": "requested_changes", "kim": "unreviewed"}
    assert gitlab.objectors(gitlab.merge_request(12)) == ["@eve"]


@pytest.mark.parametrize(
    ("direct", "inherited", "may_write"),
    [
        (30, 0, True),
        (40, 0, True),
        (0, 50, True),
        (20, 30, True),
        (20, 0, False),
        (10, 25, False),
        (0, 0, False),
    ],
)
def test_who_may_write(
    lab: FakeGitLab, gitlab: GitLab, direct: int, inherited: int, may_write: bool
) -> None:
    lab.users["bob"] = 7
    lab.members["bob"], lab.inherited["bob"] = direct, inherited
    assert gitlab.may_write(7) is may_write
    lab.blocked.add("bob")
    assert gitlab.may_write(7) is False


def test_a_role_is_of_one_level_and_of_the_project_itself(lab: FakeGitLab, gitlab: GitLab) -> None:
    lab.members = {"bob": 30, "eve": 40, "kim": 30, "joe": 30}
    lab.inherited = {"ann": 30}
    lab.blocked = {"joe"}
    assert gitlab.role_members("developer") == {"@bob", "@kim"}
    assert gitlab.role_members("maintainer") == {"@eve"}
    assert gitlab.role_members("owner") == set()


def test_a_group_in_a_group(lab: FakeGitLab, gitlab: GitLab) -> None:
    lab.groups = {"acme/writers": {"bob", "eve"}, "acme": {"kim"}}
    lab.blocked = {"eve"}
    assert gitlab.group_members("acme/writers") == {"@bob"}
    assert lab.asked == ["/groups/acme%2Fwriters/members"]


@pytest.mark.parametrize("name", ["", "a b", "../x", "a/..", "a//b", "a/", "x?y", "x%2fy"])
def test_what_is_no_path(gitlab: GitLab, name: str) -> None:
    with pytest.raises(UsageError, match="not a GitLab project or group"):
        gitlab.group_members(name)
    with pytest.raises(UsageError, match="not a GitLab project or group"):
        GitLab(name, token="good")


REQUEST = MergeRequest(1012, 12, "@jane", "main", commit("head of 12"), "https://x")
ASKS: dict[str, Any] = {
    "12": lambda gitlab: gitlab.merge_request(12),
    "approvals": lambda gitlab: gitlab.approvals(REQUEST),
    "notes": lambda gitlab: gitlab.approval_notes(REQUEST),
    "versions": lambda gitlab: gitlab.versions(REQUEST),
    "reviewers": lambda gitlab: gitlab.objectors(REQUEST),
    "7": lambda gitlab: gitlab.may_write(7),
    "members": lambda gitlab: gitlab.role_members("owner"),
}


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
@pytest.mark.parametrize("status", [401, 403, 500, 418])
def test_no_failure_is_an_empty_answer(
    lab: FakeGitLab, gitlab: GitLab, ask: Callable[[GitLab], object], status: int
) -> None:
    lab.instead.append(lambda _: Response.of({"message": "no"}, status))
    with pytest.raises(RemoteError) as raised:
        ask(gitlab)
    assert raised.value.hint
    if status == 403:
        assert raised.value.hint == snapshot(
            "the token needs: the scope read_api, and to be a member of the project"
        )


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
@pytest.mark.parametrize("answer", [None, 7, "x", [None], [[]], {"x": 1}, [{}]])
def test_no_lie_is_an_answer(
    lab: FakeGitLab, gitlab: GitLab, ask: Callable[[GitLab], object], answer: Any
) -> None:
    lab.instead.append(lambda _: Response.of(answer))
    with pytest.raises(IntegrityError):
        ask(gitlab)


def change(lab: FakeGitLab, path: str, name: str, value: Any) -> None:
    """Answer as usual, with one member changed; in a list, in its first item."""
    import json

    def answer(request: Request) -> Response | None:
        if not request.path.endswith(path):
            return None
        lab.instead.remove(answer)
        usual = lab._answer(request)
        assert isinstance(usual.body, bytes)
        body = json.loads(usual.body)
        (body[0] if isinstance(body, list) else body)[name] = value
        return Response.of(body)

    lab.instead.append(answer)


@pytest.mark.parametrize(
    ("path", "name", "value", "message"),
    [
        ("/12", "iid", 13, "an unexpected merge request"),
        ("/12", "sha", None, "'sha' .* is null"),
        ("/12", "sha", "main", "not an object id"),
        ("/12", "author", None, "'author' .* is null"),
        ("/12", "target_branch", "", "'target_branch' cannot be"),
        ("/approvals", "iid", 13, "an unexpected merge request"),
        ("/approvals", "approved_by", None, "'approved_by' .* is null"),
        ("/versions", "merge_request_id", 7, "an unexpected merge request"),
        ("/versions", "created_at", "yesterday", "not a time"),
        ("/versions", "created_at", "2026-01-01T00:00:00", "without a time zone"),
        ("/versions", "created_at", 7, "is a whole number"),
        ("/versions", "head_commit_sha", "x", "not an object id"),
        ("/versions", "base_commit_sha", "x", "not an object id"),
        ("/reviewers", "state", None, "'state' .* is null"),
    ],
)
def test_a_lie_in_one_place(
    lab: FakeGitLab, gitlab: GitLab, path: str, name: str, value: Any, message: str
) -> None:
    lab.open(12).reviewers = {"bob": "unreviewed"}
    lab.approve(12, "bob")
    change(lab, path, name, value)
    ask = ASKS[path.rpartition("/")[2]]
    with pytest.raises(IntegrityError, match=message):
        ask(gitlab)


def test_another_member_is_a_lie(lab: FakeGitLab, gitlab: GitLab) -> None:
    lab.users["bob"] = 7
    lab.members["bob"] = 50
    change(lab, "/7", "id", 8)
    with pytest.raises(IntegrityError, match="an unexpected person"):
        gitlab.may_write(7)


def test_an_account_that_is_gone_approves_nothing(lab: FakeGitLab, gitlab: GitLab) -> None:
    lab.open(12)
    change(lab, "/approvals", "approved_by", [{"user": None}])
    assert gitlab.approvals(REQUEST) == []


def test_a_wrong_token(lab: FakeGitLab, clock: Clock) -> None:
    with (
        GitLab("acme/prompts", token="bad", url=lab.url, limits=clock.limits()) as gitlab,
        pytest.raises(DeniedError, match="is 401: '401 Unauthorized'"),
    ):
        gitlab.merge_request(12)
    assert lab.asked == ["/projects/acme%2Fprompts/merge_requests/12"]


def test_a_token_that_is_none() -> None:
    with pytest.raises(UsageError) as raised:
        GitLab("3", token="")
    assert raised.value.hint == snapshot("give one in PROMPTOPS_GITLAB_TOKEN")
