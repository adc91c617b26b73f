"""What a forge's reviews are worth, before the gate judges them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from promptops.errors import DeniedError, RemoteError, UsageError
from promptops.forge.codeowners import Dialect, parse_owners
from promptops.gate.approvals.forge import find_forge, list_owners
from promptops.gate.approvals.github import read_github
from promptops.gate.policy import Policy
from promptops.gate.rules import (
    Approval,
    ApprovalEntry,
    Approvals,
    Change,
    ChangedPath,
    PathKind,
    Proposal,
)
from promptops.gate.rules.people import Groups, names_of, parse_groups
from promptops.repository.repository import open_repository
from tests.forge.fake_github import commit
from tests.forge.server import Response
from tests.screens import masked

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.forge.github import GitHub
    from tests.forge.fake_github import FakeGitHub
    from tests.forge.server import Clock
    from tests.repositories import Repo


def ask(github: GitHub, *numbers: int, **others: Any) -> Approvals:
    """Ask about pull request 12, as the gate does."""
    options = {"target": "main", "owners": [], "groups": Groups(), **others}
    return read_github(github, numbers or (12,), **options)


def names(approvals: Approvals) -> dict[str, bool | None]:
    return {one.approver: one.may_write for one in approvals.found}


def test_an_approval(forge: FakeGitHub, github: GitHub) -> None:
    forge.open(12, author="jane")
    forge.roles["bob"] = "write"
    forge.review(12, "bob", on="an earlier commit")
    assert ask(github) == Approvals(
        sources=("github",),
        found=(
            Approval(
                approver="@bob",
                source="github",
                commit=commit("an earlier commit"),
                may_write=True,
                where="https://github.com/acme/prompts/pull/12#r80",
            ),
        ),
        author="@jane",
        committers=("@jane",),
    )


def test_nobody_approved(forge: FakeGitHub, github: GitHub) -> None:
    forge.open(12)
    found = ask(github)
    assert found == Approvals(sources=("github",), author="@jane")
    assert found.is_checked
    assert not any("/commits" in path or "/collaborators" in path for path in forge.asked)


def test_the_latest_word_of_each_person_counts(forge: FakeGitHub, github: GitHub) -> None:
    forge.open(12)
    forge.page_size = 2
    forge.roles = dict.fromkeys(("bob", "eve", "kim", "joe", "ann", "Max"), "write")
    for user, state in [
        ("bob", "APPROVED"),
        ("eve", "APPROVED"),
        ("kim", "CHANGES_REQUESTED"),
        ("joe", "APPROVED"),
        ("bob", "COMMENTED"),
        ("eve", "CHANGES_REQUESTED"),
        ("kim", "APPROVED"),
        ("joe", "DISMISSED"),
        ("ann", "APPROVED"),
        ("ann", "RETRACTED"),
        (None, "APPROVED"),
        ("max", "CHANGES_REQUESTED"),
        ("Max", "APPROVED"),
        ("ida", "PENDING"),
    ]:
        forge.review(12, user, state)
    found = ask(github)
    assert names(found) == {"@bob": True, "@kim": True, "@Max": True}
    assert found.objections == ("@eve",)


def test_who_may_not_write(forge: FakeGitHub, github: GitHub) -> None:
    forge.open(12)
    forge.roles = {"bob": "triage", "eve": "maintain"}
    for user in ("bob", "eve", "stranger"):
        forge.review(12, user)
    assert names(ask(github)) == {"@bob": False, "@eve": True, "@stranger": False}


def test_only_those_who_approved_are_looked_up(forge: FakeGitHub, github: GitHub) -> None:
    forge.open(12)
    forge.review(12, "bob")
    forge.review(12, "eve", "CHANGES_REQUESTED")
    ask(github)
    asked = [path for path in forge.asked if "collaborators" in path]
    assert asked == ["/repos/acme/prompts/collaborators/bob/permission"]


def test_an_app_is_nobody(forge: FakeGitHub, github: GitHub) -> None:
    forge.open(12)
    forge.review(12, "approver[bot]")
    found = ask(github)
    assert names(found) == {"@approver[bot]": False}
    assert masked(found.notes) == snapshot(
        ["approval by @approver[bot] does not count: it is an app"]
    )
    assert not any("collaborators" in path for path in forge.asked)


def test_a_commit_that_is_gone_is_no_content(forge: FakeGitHub, github: GitHub) -> None:
    forge.open(12)
    forge.review(12, "bob", on=None)
    found = ask(github)
    assert [one.commit for one in found.found] == [None]
    assert masked(found.notes) == snapshot(
        ["approval by @bob does not count: its commit no longer exists"]
    )


@pytest.mark.parametrize("event", ["base_ref_changed", "automatic_base_change_succeeded"])
def test_what_was_shown_against_another_branch_is_not_what_was_approved(
    forge: FakeGitHub, github: GitHub, event: str
) -> None:
    moments = [f"2026-01-0{day}T00:00:00Z" for day in range(1, 8)]
    pull = forge.open(12)
    forge.page_size = 2
    pull.events = [(event, moments[1]), ("labeled", moments[2]), (event, moments[4])]
    pull.events.append(("renamed", moments[6]))
    times = {"bob": moments[3], "eve": moments[4], "kim": moments[5], "joe": None}
    for user, at in times.items():
        forge.review(12, user).at = at
    found = ask(github)
    assert list(names(found)) == ["@kim"]
    assert found.notes == tuple(
        f"approval by {user} does not count: it was given before the pull request was "
        "retargeted to main"
        for user in ("@bob", "@eve", "@joe")
    )


def test_an_objection_outlives_another_branch(forge: FakeGitHub, github: GitHub) -> None:
    forge.open(12).events = [("base_ref_changed", "2026-02-01T00:00:00Z")]
    forge.review(12, "eve", "CHANGES_REQUESTED")
    assert ask(github).objections == ("@eve",)


def test_whose_commits_these_are(forge: FakeGitHub, github: GitHub) -> None:
    forge.open(12).commits = [("bob", "web-flow"), (None, "eve")]
    forge.review(12, "bob")
    assert ask(github).committers == ("@bob", "@eve", "@web-flow")
    assert ask(github, committers_may=True).committers == ()


def test_merges_that_add_nothing_are_nobodys(forge: FakeGitHub, github: GitHub) -> None:
    pull = forge.open(12)
    pull.commits, pull.ids = [("jane", "jane"), ("bob", "web-flow")], [commit("x"), commit("y")]
    forge.review(12, "bob")
    assert ask(github, merges={commit("y")}).committers == ("@jane",)
    assert ask(github, merges={commit("z")}).committers == ("@bob", "@jane", "@web-flow")


def test_a_pull_request_to_another_branch(forge: FakeGitHub, github: GitHub) -> None:
    forge.open(12, base="main")
    forge.review(12, "bob")
    with pytest.raises(UsageError, match="12 targets 'main', and this run is for 'we"):
        ask(github, target="weak")


# --- teams


def test_teams_that_the_forge_shows(forge: FakeGitHub, github: GitHub) -> None:
    forge.open(12)
    forge.teams = {"prompts": {"bob"}, "writers": {"eve"}, "others": {"joe"}}
    forge.parents = {"writers": "prompts"}
    found = ask(github, owners=["@acme/prompts", "@bob", "x@example.com"])
    assert found.teams == {"@acme/prompts": frozenset({"@bob", "@eve"})}
    assert not any("others" in path for path in forge.asked)


GROUPS = parse_groups(
    b'[teams]\n"@acme/prompts" = ["@Bob", "@acme/writers"]\n"@acme/writers" = ["@eve"]'
)


@pytest.mark.parametrize("way", ["may not", "not shown"])
def test_teams_that_it_does_not_show(forge: FakeGitHub, github: GitHub, way: str) -> None:
    forge.open(12)
    if way == "may not":
        forge.tokens["good"] -= {"members"}
    found = ask(github, owners=["@acme/prompts"], groups=GROUPS)
    assert found.teams == {"@acme/prompts": frozenset({"@bob", "@eve"})}


def test_a_team_that_nobody_knows_is_an_error(forge: FakeGitHub, github: GitHub) -> None:
    forge.open(12)
    with pytest.raises(DeniedError, match="the members of @acme/prompts cannot be read") as raised:
        ask(github, owners=["@acme/prompts"])
    assert raised.value.hint == snapshot(
        "list its members in the groups file on the target branch, or use another token; it does not exist, or the token may not read it; it needs: organization members: read"
    )


@pytest.mark.parametrize("status", [401, 500])
def test_the_groups_file_mends_no_failure(forge: FakeGitHub, github: GitHub, status: int) -> None:
    forge.open(12)
    forge.instead.append(
        lambda request: Response.of({}, status) if "/teams/" in request.path else None
    )
    with pytest.raises(RemoteError):
        ask(github, owners=["@acme/prompts"], groups=GROUPS)


# --- a merge queue

PEOPLE = frozenset({"@jane", "@local"})


def look(name: str, head: str) -> Proposal:
    """What the clone knows of a pull request."""
    merges = frozenset({commit("a merge")})
    return Proposal(name, head, {}, committers=frozenset({"@local"}), merges=merges)


def test_pull_requests_that_merge_together(forge: FakeGitHub, github: GitHub) -> None:
    forge.open(12, author="jane").commits = [("jane", "jane")]
    forge.open(13, author="bob").commits = [("bob", "bob")]
    forge.roles = dict.fromkeys(("jane", "bob", "eve"), "write")
    forge.review(12, "bob")
    forge.review(12, "eve", "CHANGES_REQUESTED")
    forge.review(13, "jane")
    found = ask(github, 13, 12, read_proposal=look)
    assert [(one.approver, one.commit, one.proposal) for one in found.found] == [
        ("@jane", commit("head of 13"), "#13"),
        ("@bob", commit("head of 12"), "#12"),
    ]
    assert (found.author, found.committers) == (None, ())
    assert found.proposals == (
        replace(
            look("#13", commit("head of 13")),
            authors=names_of("@bob"),
            committers=PEOPLE - {"@jane"} | {"@bob"},
        ),
        replace(look("#12", commit("head of 12")), authors=names_of("@jane"), committers=PEOPLE),
    )
    assert found.objections == ("@eve",)
    assert found.notes == ()


def test_of_an_entry_with_one_pull_request_its_own_commits_say_whose_it_is(
    forge: FakeGitHub, github: GitHub
) -> None:
    forge.open(12).commits = [("jane", "jane"), ("eve", "web-flow")]
    forge.pulls[12].ids = [commit("x"), commit("a merge")]
    forge.review(12, "eve")
    (one,) = ask(github, read_proposal=look).proposals
    assert (one.authors, one.committers) == (names_of("@jane"), PEOPLE)
    (one,) = ask(github, read_proposal=look, committers_may=True).proposals
    assert one.committers == {"@local"}


def test_a_pull_request_that_is_not_here_is_told_of(forge: FakeGitHub, github: GitHub) -> None:
    forge.open(12)
    found = ask(github, read_proposal=Proposal)
    (note,) = found.notes
    assert note == (
        "#12 cannot be compared with its target: its commit "
        f"{commit('head of 12')[:12]} is not in this clone"
    )


def test_the_author_of_one_is_left_to_the_gate(forge: FakeGitHub, github: GitHub) -> None:
    forge.open(12, author="jane")
    forge.review(12, "jane")
    found = ask(github)
    assert (list(names(found)), found.author) == (["@jane"], "@jane")


def test_an_author_whose_account_is_gone_is_nobody(
    forge: FakeGitHub, github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = github.pull_request
    # GitHub documents that there always is one, and for reviews and commits that there may be none.
    monkeypatch.setattr(github, "pull_request", lambda number: replace(read(number), author=None))
    forge.open(12)
    forge.open(13)
    forge.review(12, "eve")
    forge.review(13, "jane")
    found = ask(github, 12, 13, read_proposal=Proposal)
    assert list(names(found)) == ["@eve", "@jane"]
    assert [one.authors for one in found.proposals] == [frozenset(), frozenset()]
    assert ask(github, 12).author is None


# --- errors are errors


@pytest.mark.parametrize("part", ["pulls/12", "reviews", "collaborators", "commits", "teams"])
@pytest.mark.parametrize("status", [401, 403, 404, 500, 418])
def test_no_failure_is_an_empty_answer(
    forge: FakeGitHub, github: GitHub, part: str, status: int
) -> None:
    forge.open(12)
    forge.review(12, "bob")
    forge.roles["bob"] = "write"
    forge.teams["prompts"] = {"bob"}
    forge.instead.append(
        lambda request: (
            Response.of({"message": "no"}, status)
            if request.path.endswith(part) or f"/{part}/" in request.path
            else None
        )
    )
    if (part, status) == ("collaborators", 404):
        # The one answer that says something: there is no such person here.
        assert names(ask(github, owners=["@acme/prompts"])) == {"@bob": False}
    else:
        with pytest.raises(RemoteError):
            ask(github, owners=["@acme/prompts"])


# --- from an event to approvals


CHANGE = Change(
    target="main",
    base="0" * 40,
    head=commit("head of 12"),
    merge_base="0" * 40,
    tree="0" * 40,
    folder="prompts",
    paths=(
        ChangedPath(
            "prompts/a.md", PathKind.PROMPTS, None, ApprovalEntry("100644", "1" * 40), None
        ),
        ChangedPath("evals/a.yaml", PathKind.EVALS, None, ApprovalEntry("100644", "2" * 40), None),
    ),
    others=0,
    prompts=(),
    authors=frozenset(),
    committers=frozenset(),
)


def policy(owners: str, groups: Groups = GROUPS) -> Policy:
    from promptops.repository.config import Config

    parsed = parse_owners(owners, Dialect.GITHUB)
    return Policy("0" * 40, Config(), parsed, "CODEOWNERS", groups, None)


def test_whose_approval_may_be_needed() -> None:
    rules = "* @joe\n/prompts/ @acme/prompts @bob\n/evals/ @bob\n/docs/ @acme/docs\n"
    assert list_owners(policy(rules), CHANGE) == ["@bob", "@acme/prompts"]
    assert list_owners(replace(policy(""), owners=None), CHANGE) == []


def environment(forge: FakeGitHub, folder: Path, name: str, event: Any) -> dict[str, str]:
    path = folder / "event.json"
    path.write_text(json.dumps(event))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": forge.url,
        "GITHUB_REPOSITORY": "acme/prompts",
        "GITHUB_EVENT_NAME": name,
        "GITHUB_EVENT_PATH": str(path),
        "GITHUB_SHA": commit("x"),
        "GITHUB_TOKEN": "good",
    }


def pull_request(number: int = 12) -> dict[str, Any]:
    sides = {"base": {"ref": "main", "sha": commit("x")}, "head": {"sha": commit("y")}}
    return {"pull_request": {"number": number, "user": {"login": "jane"}, **sides}}


def test_a_run_for_a_pull_request(
    forge: FakeGitHub, clock: Clock, repo: Repo, tmp_path: Path
) -> None:
    forge.open(12)
    forge.review(12, "bob")
    given = environment(forge, tmp_path, "pull_request", pull_request())
    for wanted in (None, "github"):
        read = find_forge(given, name=wanted, limits=clock.limits())
        assert read is not None
        found = read(open_repository(repo.path), policy("* @acme/prompts\n"), CHANGE)
        assert names(found) == {"@bob": False}
        assert found.teams == {"@acme/prompts": frozenset({"@bob", "@eve"})}


def test_a_run_for_a_merge_queue(
    forge: FakeGitHub, clock: Clock, repo: Repo, tmp_path: Path
) -> None:
    first = forge.enqueue(12, commit("tip of main"))
    second = forge.enqueue(13, commit(first))
    forge.open(12)
    forge.open(13)
    forge.review(12, "bob")
    forge.review(13, "eve")
    group = {"head_ref": second, "base_ref": "refs/heads/main", "head_sha": commit(second)}
    given = environment(forge, tmp_path, "merge_group", {"merge_group": group})
    read = find_forge(given, limits=clock.limits())
    assert read is not None
    found = read(open_repository(repo.path), policy(""), CHANGE)
    assert list(names(found)) == ["@eve", "@bob"]
    assert [one.name for one in found.proposals] == ["#13", "#12"]
    assert [one.contents for one in found.proposals] == [None, None]


@pytest.mark.parametrize("name", ["push", "workflow_dispatch"])
def test_a_run_for_no_proposal(forge: FakeGitHub, tmp_path: Path, name: str) -> None:
    event = {"ref": "refs/heads/main", "before": commit("x"), "after": commit("y")}
    assert find_forge(environment(forge, tmp_path, name, event)) is None


def test_a_run_elsewhere() -> None:
    assert find_forge({}) is None


def test_a_run_of_another_forge(forge: FakeGitHub, tmp_path: Path) -> None:
    given = environment(forge, tmp_path, "pull_request", pull_request())
    with pytest.raises(UsageError, match="approvals come from gitlab, and this is github's CI"):
        find_forge(given, name="gitlab")


def test_the_better_token_is_used(
    forge: FakeGitHub, clock: Clock, repo: Repo, tmp_path: Path
) -> None:
    forge.open(12)
    given = environment(forge, tmp_path, "pull_request", pull_request())
    given |= {"GITHUB_TOKEN": "bad", "PROMPTOPS_GITHUB_TOKEN": "good"}
    read = find_forge(given, limits=clock.limits())
    assert read is not None
    assert read(open_repository(repo.path), policy(""), CHANGE).is_checked


def test_a_run_without_a_token(forge: FakeGitHub, clock: Clock, repo: Repo, tmp_path: Path) -> None:
    given = environment(forge, tmp_path, "pull_request", pull_request())
    del given["GITHUB_TOKEN"]
    read = find_forge(given, limits=clock.limits())
    assert read is not None
    with pytest.raises(UsageError, match="no token is set") as raised:
        read(open_repository(repo.path), policy(""), CHANGE)
    assert raised.value.hint == snapshot(
        "in the workflow's step: env: {GITHUB_TOKEN: '${{ github.token }}'}, and permissions: {contents: read, pull-requests: read}"
    )
