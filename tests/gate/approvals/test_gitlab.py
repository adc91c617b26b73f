"""What a merge request's approvals are worth, before the gate judges them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from promptops.errors import DeniedError, RemoteError, UsageError
from promptops.gate.approvals.forge import find_forge
from promptops.gate.approvals.gitlab import read_gitlab
from promptops.gate.rules import Approval, Approvals
from promptops.gate.rules.people import Groups, parse_groups
from promptops.repository.repository import open_repository
from tests.forge.fake_github import commit
from tests.forge.server import Response
from tests.gate.approvals.test_github import CHANGE, policy
from tests.screens import masked

if TYPE_CHECKING:
    from promptops.forge.gitlab import GitLab
    from tests.forge.fake_gitlab import FakeGitLab
    from tests.forge.server import Clock
    from tests.repositories import Repo

URL = "https://gitlab.example.com/acme/prompts/-/merge_requests/12"


def ask(gitlab: GitLab, **others: Any) -> Approvals:
    """Ask about merge request 12, as the gate does."""
    options = {"target": "main", "owners": [], "groups": Groups(), "is_merged": is_of_main}
    return read_gitlab(gitlab, 12, **{**options, **others})


def is_of_main(oid: str) -> bool:
    return oid == commit("tip of main")


def commits(approvals: Approvals) -> dict[str, str | None]:
    return {one.approver: one.commit for one in approvals.found}


def test_an_approval(lab: FakeGitLab, gitlab: GitLab) -> None:
    lab.open(12, author="jane")
    lab.members["bob"] = 30
    lab.approve(12, "bob")
    assert ask(gitlab) == Approvals(
        sources=("gitlab",),
        found=(Approval("@bob", "gitlab", commit("head of 12"), may_write=True, where=URL),),
        author="@jane",
    )


def test_nobody_approved(lab: FakeGitLab, gitlab: GitLab) -> None:
    lab.open(12)
    assert ask(gitlab) == Approvals(sources=("gitlab",), author="@jane")
    assert not any("versions" in path or "members" in path for path in lab.asked)


@pytest.mark.parametrize("says_when", [True, False])
def test_an_approval_is_of_what_was_proposed_before_it(
    lab: FakeGitLab, gitlab: GitLab, says_when: bool
) -> None:
    lab.says_when = says_when
    lab.open(12)
    lab.approve(12, "bob")
    second = lab.push(12, "second")
    lab.approve(12, "eve")
    lab.push(12, "third")
    assert commits(ask(gitlab)) == {"@bob": commit("head of 12"), "@eve": second}


def test_where_one_time_is_missing_the_notes_are_asked(lab: FakeGitLab, gitlab: GitLab) -> None:
    lab.open(12)
    lab.approve(12, "bob")
    second = lab.push(12, "second")
    lab.approve(12, "eve")
    lab.untimed = {"eve"}
    assert commits(ask(gitlab)) == {"@bob": commit("head of 12"), "@eve": second}


def test_an_approval_that_crosses_a_push_is_of_what_was_there(
    lab: FakeGitLab, gitlab: GitLab
) -> None:
    merge = lab.open(12)
    lab.approve(12, "bob")
    # To the millisecond at the same time.
    merge.versions.append((commit("pushed"), merge.approvals["bob"]))
    assert commits(ask(gitlab)) == {"@bob": commit("head of 12")}


def test_an_approval_of_before_anything_is_of_nothing(lab: FakeGitLab, gitlab: GitLab) -> None:
    merge = lab.open(12)
    lab.approve(12, "bob")
    merge.approvals["bob"] = merge.versions[0][1] - 1
    found = ask(gitlab)
    assert commits(found) == {"@bob": None}
    assert masked(found.notes) == snapshot(
        [
            "approval by @bob does not count: GitLab does not report when it was given, or for which commit"
        ]
    )


@pytest.mark.parametrize("base", [commit("tip of a branch of one's own"), None])
def test_what_was_shown_against_another_branch_is_not_what_was_approved(
    lab: FakeGitLab, gitlab: GitLab, base: str | None
) -> None:
    merge = lab.open(12)
    merge.bases[merge.versions[0][0]] = base
    lab.approve(12, "bob")
    second = lab.push(12, "second")
    lab.approve(12, "eve")
    found = ask(gitlab)
    assert commits(found) == {"@bob": None, "@eve": second}
    (note,) = found.notes
    assert note == snapshot(
        "approval by @bob does not count: it was given against a commit that is not on main"
    )


def test_without_a_time_it_is_of_nothing(lab: FakeGitLab, gitlab: GitLab) -> None:
    merge = lab.open(12)
    lab.approve(12, "bob")
    lab.says_when = False
    merge.notes = [("bob", "approved this merge request", lab.clock.now(), False)]
    found = ask(gitlab)
    assert commits(found) == {"@bob": None}
    assert len(found.notes) == 1


def test_notes_are_read_only_where_times_are_missing(lab: FakeGitLab, gitlab: GitLab) -> None:
    lab.open(12)
    lab.approve(12, "bob")
    ask(gitlab)
    assert not any("notes" in path for path in lab.asked)


def test_who_asks_for_changes_does_not_approve(lab: FakeGitLab, gitlab: GitLab) -> None:
    lab.open(12).reviewers = {"Bob": "requested_changes", "kim": "reviewed"}
    lab.approve(12, "bob")
    lab.approve(12, "kim")
    found = ask(gitlab)
    assert list(commits(found)) == ["@kim"]
    assert found.objections == ("@Bob",)


def test_who_may_not_write(lab: FakeGitLab, gitlab: GitLab) -> None:
    lab.open(12)
    lab.members = {"bob": 20}
    lab.inherited = {"eve": 40}
    for user in ("bob", "eve", "stranger"):
        lab.approve(12, user)
    may = {one.approver: one.may_write for one in ask(gitlab).found}
    assert may == {"@bob": False, "@eve": True, "@stranger": False}


def test_a_merge_request_to_another_branch(lab: FakeGitLab, gitlab: GitLab) -> None:
    lab.open(12, target="main")
    with pytest.raises(UsageError, match="targets 'main', and this run is for 'weak'"):
        ask(gitlab, target="weak")


# --- roles and groups


def test_roles_and_groups(lab: FakeGitLab, gitlab: GitLab) -> None:
    lab.open(12)
    lab.members = {"bob": 30, "eve": 40}
    lab.groups = {"acme/writers": {"kim"}, "acme": {"joe"}}
    owners = ["@@Developers", "@@maintainer", "@@reporter", "@acme/writers", "@acme", "x@y.example"]
    assert ask(gitlab, owners=owners).teams == {
        "@@developer": frozenset({"@bob"}),
        "@@maintainer": frozenset({"@eve"}),
        "@acme/writers": frozenset({"@kim"}),
        "@acme": frozenset({"@joe"}),
    }


def test_a_name_that_is_no_group_may_be_a_person(lab: FakeGitLab, gitlab: GitLab) -> None:
    lab.open(12)
    lab.approve(12, "bob")
    assert ask(gitlab, owners=["@Bob", "@ann"]).teams == {}
    # Who approved is a person, and need not be looked up as a group.
    assert [path for path in lab.asked if "groups" in path] == ["/groups/ann/members"]


GROUPS = parse_groups(b"""
[teams]
"@acme/writers" = ["@bob"]
"@writers" = ["@eve"]
""")


def test_groups_that_are_not_shown(lab: FakeGitLab, gitlab: GitLab) -> None:
    lab.open(12)
    owners = ["@acme/writers", "@writers"]
    assert ask(gitlab, owners=owners, groups=GROUPS).teams == {
        "@acme/writers": frozenset({"@bob"}),
        "@writers": frozenset({"@eve"}),
    }


@pytest.mark.parametrize(
    ("owner", "status"), [("@acme/poets", 404), ("@acme/poets", 403), ("@poets", 403)]
)
def test_a_group_that_nobody_knows_is_an_error(
    lab: FakeGitLab, gitlab: GitLab, owner: str, status: int
) -> None:
    lab.open(12)
    lab.instead.append(
        lambda request: Response.of({}, status) if "/groups/" in request.path else None
    )
    with pytest.raises(DeniedError, match=f"the members of {owner} cannot be read") as raised:
        ask(gitlab, owners=[owner], groups=GROUPS)
    assert "groups file" in (raised.value.hint or "")


@pytest.mark.parametrize("status", [401, 500])
def test_the_groups_file_mends_no_failure(lab: FakeGitLab, gitlab: GitLab, status: int) -> None:
    lab.open(12)
    lab.instead.append(
        lambda request: Response.of({}, status) if "/groups/" in request.path else None
    )
    with pytest.raises(RemoteError):
        ask(gitlab, owners=["@acme/writers"], groups=GROUPS)


# --- from an event to approvals


def environment(lab: FakeGitLab) -> dict[str, str]:
    return {
        "GITLAB_CI": "true",
        "CI_API_V4_URL": lab.url,
        "CI_COMMIT_SHA": commit("head of 12"),
        "CI_PROJECT_ID": "99",
        "CI_MERGE_REQUEST_IID": "12",
        "CI_MERGE_REQUEST_PROJECT_ID": "3",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "CI_JOB_TOKEN": "job",
        "PROMPTOPS_GITLAB_TOKEN": "good",
    }


@pytest.mark.slow
def test_a_pipeline_for_a_merge_request(lab: FakeGitLab, clock: Clock, repo: Repo) -> None:
    first = repo.commit({"a": "1"})
    change = replace(CHANGE, base=repo.commit({"a": "2"}))
    apart = repo.commit({"a": "3"})
    merge = lab.open(12)
    lab.approve(12, "bob")
    read = find_forge(environment(lab), name="gitlab", limits=clock.limits())
    assert read is not None
    for base, head in (
        (first, commit("head of 12")),
        (change.base, commit("head of 12")),
        (apart, None),
        (commit("of which nothing is here"), None),
    ):
        merge.base = base
        found = read(open_repository(repo.path), policy("* @bob\n"), change)
        assert commits(found) == {"@bob": head}


def test_a_pipeline_without_a_token(lab: FakeGitLab, clock: Clock, repo: Repo) -> None:
    given = environment(lab)
    del given["PROMPTOPS_GITLAB_TOKEN"]
    read = find_forge(given, limits=clock.limits())
    assert read is not None
    with pytest.raises(UsageError, match="no token is set") as raised:
        read(open_repository(repo.path), policy(""), CHANGE)
    assert raised.value.hint == snapshot(
        "set PROMPTOPS_GITLAB_TOKEN to an access token with the scope read_api: CI_JOB_TOKEN may not read approvals"
    )
