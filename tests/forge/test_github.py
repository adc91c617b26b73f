"""What the client makes of what GitHub says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.errors import DeniedError, IntegrityError, UsageError
from promptops.forge.github import GitHub, PullRequest
from promptops.gate.rules import Review
from tests.forge.fake_github import commit
from tests.forge.server import Response

if TYPE_CHECKING:
    from tests.forge.fake_github import FakeGitHub
    from tests.forge.server import Clock


def test_a_pull_request(forge: FakeGitHub, github: GitHub) -> None:
    forge.open(12, author="jane", base="release/1.x")
    assert github.pull_request(12) == PullRequest(
        number=12,
        author="@jane",
        base_ref="release/1.x",
        base=commit("tip of release/1.x"),
        head=commit("head of 12"),
        commits=1,
        url="https://github.com/acme/prompts/pull/12",
    )


def test_when_it_was_last_sent_to_another_branch(forge: FakeGitHub, github: GitHub) -> None:
    pull = forge.open(12)
    pull.events = [("labeled", "2026-01-03T00:00:00Z")]
    assert github.find_last_retarget(12) is None
    pull.events += [("base_ref_changed", f"2026-01-0{day}T00:00:00Z") for day in (2, 1)]
    assert github.find_last_retarget(12) == datetime(2026, 1, 2, tzinfo=UTC)


def test_when_a_review_was_given(forge: FakeGitHub, github: GitHub) -> None:
    forge.open(12)
    forge.review(12, "bob").at = "2026-01-02T00:00:00Z"
    assert [one.at for one in github.reviews(12)] == [datetime(2026, 1, 2, tzinfo=UTC)]


def test_reviews_come_from_every_page_in_their_order(forge: FakeGitHub, github: GitHub) -> None:
    forge.open(12)
    forge.page_size = 3
    for index in range(10):
        forge.review(12, f"user{index}", on=f"commit {index}")
    found = github.reviews(12)
    assert [review.user for review in found] == [f"@user{index}" for index in range(10)]
    assert [review.commit for review in found] == [commit(f"commit {n}") for n in range(10)]
    assert found[0].url == "https://github.com/acme/prompts/pull/12#r80"
    assert len(forge.asked) == 4


def test_a_page_holds_a_hundred(forge: FakeGitHub, github: GitHub) -> None:
    forge.open(12)
    for index in range(201):
        forge.review(12, f"user{index}")
    assert len(github.reviews(12)) == 201
    assert len(forge.asked) == 3


def test_accounts_and_commits_may_be_gone(forge: FakeGitHub, github: GitHub) -> None:
    forge.open(12)
    forge.review(12, None)
    forge.review(12, "bob", on=None)
    forge.review(12, "eve", state="SHRUGGED")
    assert [replace(one, at=None) for one in github.reviews(12)] == [
        Review(
            None, "APPROVED", commit("head of 12"), "https://github.com/acme/prompts/pull/12#r80"
        ),
        Review("@bob", "APPROVED", None, "https://github.com/acme/prompts/pull/12#r81"),
        Review(
            "@eve", "SHRUGGED", commit("head of 12"), "https://github.com/acme/prompts/pull/12#r82"
        ),
    ]


def test_whose_commits_are_proposed(forge: FakeGitHub, github: GitHub) -> None:
    forge.open(12).commits = [("jane", "web-flow"), ("bob", None), (None, "bob")]
    assert github.committers(github.pull_request(12)) == {"@jane", "@bob", "@web-flow"}


@pytest.mark.slow
def test_more_commits_than_are_listed(forge: FakeGitHub, github: GitHub) -> None:
    forge.open(12).commits = [("jane", "jane")] * 250
    assert github.committers(github.pull_request(12)) == {"@jane"}
    forge.pulls[12].commits.append(("bob", "bob"))
    with pytest.raises(UsageError, match="250 of the 251 commits of pull request 12"):
        github.committers(github.pull_request(12))


def test_a_list_inside_an_object(forge: FakeGitHub, github: GitHub) -> None:
    forge.instead.append(
        lambda request: Response.of({"total_count": 1, "environments": [{"name": "production"}]})
    )
    path = github.at("environments")
    (found,) = github.records(path, needs="actions: read", key="environments")
    assert found.text("name") == "production"
    with pytest.raises(IntegrityError, match="'others' is missing"):
        github.records(path, needs="actions: read", key="others")


@pytest.mark.parametrize(
    ("role", "may_write"),
    [
        ("admin", True),
        ("maintain", True),
        ("write", True),
        ("triage", False),
        ("read", False),
        ("prompt-engineer", True),  # a role of one's own, built on write
        (None, False),
    ],
)
def test_who_may_write(
    forge: FakeGitHub, github: GitHub, role: str | None, may_write: bool
) -> None:
    if role is not None:
        forge.roles["bob"] = role
    assert github.may_write("@bob") is may_write


def test_a_team_has_the_members_of_its_child_teams(forge: FakeGitHub, github: GitHub) -> None:
    forge.teams = {"prompts": {"bob"}, "writers": {"eve"}, "poets": {"kim"}, "others": {"joe"}}
    forge.parents = {"writers": "prompts", "poets": "writers"}
    assert github.team_members("acme", "prompts") == {"@bob", "@eve", "@kim"}


def test_a_queue_entry_merges_those_before_it_too(forge: FakeGitHub, github: GitHub) -> None:
    tip = commit("tip of main")
    first = forge.enqueue(7, tip)
    second = forge.enqueue(9, commit(first))
    third = forge.enqueue(8, commit(second))
    forge.enqueue(5, tip)
    assert github.queued(third) == (8, 9, 7)
    assert github.queued(first) == (7,)
    # Somebody's own branch, of a name that only looks like it.
    forge.queue.append(("refs/heads/gh-readonly-queue/main/pr-7-mine", commit(tip)))
    assert github.queued(first) == (7,)
    # What came before was merged meanwhile.
    forge.queue = forge.queue[1:]
    assert github.queued(third.removeprefix("refs/heads/")) == (8, 9)


def test_a_queue_that_bites_its_tail_ends(forge: FakeGitHub, github: GitHub) -> None:
    one, other = commit("one"), commit("other")
    forge.queue = [
        (f"refs/heads/gh-readonly-queue/main/pr-1-{other}", one),
        (f"refs/heads/gh-readonly-queue/main/pr-2-{one}", other),
    ]
    assert github.queued(f"gh-readonly-queue/main/pr-1-{other}") == (1, 2)


@pytest.mark.parametrize(
    "ref",
    ["refs/heads/main", "gh-readonly-queue/main/pr-x-1", "gh-readonly-queue/main/pr-1-abc", ""],
)
def test_a_branch_of_no_queue(github: GitHub, ref: str) -> None:
    with pytest.raises(UsageError, match="not a branch of a merge queue"):
        github.queued(ref)


def test_a_branch_that_climbs_is_never_asked_for(forge: FakeGitHub, github: GitHub) -> None:
    with pytest.raises(UsageError, match="not a valid name"):
        github.queued(f"gh-readonly-queue/../../x/pr-1-{commit('x')}")
    assert forge.asked == []


def test_names_cannot_lead_elsewhere(forge: FakeGitHub, github: GitHub) -> None:
    assert github.may_write("../../admin") is False
    with pytest.raises(DeniedError):
        github.team_members("acme", "x?role=all")
    with pytest.raises(UsageError):
        github.team_members("acme", "..")
    assert forge.asked == [
        "/repos/acme/prompts/collaborators/..%2F..%2Fadmin/permission",
        "/orgs/acme/teams/x%3Frole%3Dall/members",
    ]


@pytest.mark.parametrize("repository", ["", "acme", "acme/", "acme/a/b", "acme/prompts?x", "a b/c"])
def test_what_is_no_repository(repository: str) -> None:
    with pytest.raises(UsageError, match="not a GitHub repository"):
        GitHub(repository, token="good")


@pytest.mark.parametrize("repository", ["../prompts", "acme/.."])
def test_a_repository_that_climbs(repository: str) -> None:
    with (
        GitHub(repository, token="good") as github,
        pytest.raises(UsageError, match="not a valid name"),
    ):
        github.may_write("bob")


def test_a_pull_request_of_another_number_is_a_lie(forge: FakeGitHub, github: GitHub) -> None:
    forge.open(12).number = 13
    with pytest.raises(IntegrityError, match="an unexpected pull request"):
        github.pull_request(12)


@pytest.mark.parametrize(
    ("permission", "ask"),
    [
        ("pull_requests", lambda github: github.pull_request(12)),
        ("pull_requests", lambda github: github.reviews(12)),
        ("metadata", lambda github: github.may_write("bob")),
        ("members", lambda github: github.team_members("acme", "prompts")),
        ("contents", lambda github: github.queued(f"gh-readonly-queue/main/pr-1-{commit('x')}")),
    ],
)
def test_a_token_that_may_not_is_told_what_it_needs(
    forge: FakeGitHub, github: GitHub, permission: str, ask: object
) -> None:
    forge.tokens["good"] -= {permission}
    assert callable(ask)
    with pytest.raises(DeniedError, match="403: 'Resource not accessible") as raised:
        ask(github)
    assert raised.value.status == 403
    assert raised.value.hint is not None
    assert permission.replace("_", " ") in raised.value.hint


def test_a_wrong_token(forge: FakeGitHub, clock: Clock) -> None:
    with (
        GitHub("acme/prompts", token="bad", url=forge.url, limits=clock.limits()) as github,
        pytest.raises(DeniedError, match="is 401: 'Bad credentials'") as raised,
    ):
        github.pull_request(12)
    assert raised.value.hint == snapshot("the token is wrong, expired or revoked")


def test_what_is_not_there(github: GitHub) -> None:
    with pytest.raises(DeniedError) as raised:
        github.reviews(404)
    assert raised.value.status == 404
    assert raised.value.hint == snapshot(
        "it does not exist, or the token may not read it; it needs: pull requests: read"
    )
