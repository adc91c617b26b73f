"""Every way in which GitHub can leave a gap, closed first and then opened one at a time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from promptops.forge.github import GitHub
from promptops.prompt.finding import Severity
from promptops.protection.doctor import AnswerState
from promptops.protection.doctor.github import GITHUB_CHECKS, ExpectedGate, read_github
from tests.cli.running import run
from tests.forge.conftest import description
from tests.prompts import prompt_text
from tests.protection.doctor.github.fake import ACTIONS, BRANCH_RULES, ProtectedGitHub
from tests.protection.doctor.pieces import DEPLOY, ERROR, GATE, NOTE, WARNING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from promptops.protection.doctor import DoctorAnswer
    from tests.forge.description import Description
    from tests.repositories import Repo

__all__ = ["description"]

EXPECTED = ExpectedGate(frozenset({"promptops"}), takes_queue=True, deploys=True)


@pytest.fixture
def forge(description: Description | None) -> Iterator[ProtectedGitHub]:
    fake = ProtectedGitHub()
    with fake.server.running():
        yield fake
    for request, response in fake.server.exchanges:
        if description is not None:
            description.judge(request, response)


def look(
    forge: ProtectedGitHub, expected: ExpectedGate = EXPECTED
) -> dict[str, list[DoctorAnswer]]:
    with GitHub("acme/prompts", token="good", url=forge.url) as github:
        settings = read_github(
            github, "acme/prompts", ("staging", "production"), deploys=expected.deploys
        )
    return {check: list(judge(settings, expected)) for check, judge in GITHUB_CHECKS.items()}


def faults(answers: dict[str, list[DoctorAnswer]]) -> list[tuple[str, Severity | None]]:
    return [
        (check, one.severity)
        for check, found in answers.items()
        for one in found
        if one.state is not AnswerState.FINE
    ]


# Whoever may push a workflow can set a status as GitHub Actions; this cannot be closed by settings
# of the repository, so it is always said.
ALWAYS = [("required-status", NOTE)]


def test_a_repository_that_is_protected_throughout(forge: ProtectedGitHub) -> None:
    answers = look(forge)
    assert faults(answers) == ALWAYS
    assert answers["merge-queue"] == []


def test_the_older_protection_of_a_branch_will_do_as_well(forge: ProtectedGitHub) -> None:
    forge.protect()
    assert faults(look(forge)) == ALWAYS


def of(forge: ProtectedGitHub, kind: str, branch: str = "main") -> dict[str, Any]:
    (rule,) = (rule for rule in forge.rules[branch] if rule["type"] == kind)
    parameters: dict[str, Any] = dict(rule["parameters"])
    rule["parameters"] = parameters
    return parameters


def drop(forge: ProtectedGitHub, kind: str, branch: str = "main") -> None:
    forge.rules[branch] = [rule for rule in forge.rules[branch] if rule["type"] != kind]


def no_pull_request(forge: ProtectedGitHub) -> None:
    drop(forge, "pull_request")


def no_owners(forge: ProtectedGitHub) -> None:
    of(forge, "pull_request")["require_code_owner_review"] = False


def stale(forge: ProtectedGitHub) -> None:
    of(forge, "pull_request")["dismiss_stale_reviews_on_push"] = False


def last_push(forge: ProtectedGitHub) -> None:
    of(forge, "pull_request")["require_last_push_approval"] = False


def no_status(forge: ProtectedGitHub) -> None:
    drop(forge, "required_status_checks")


def other_status(forge: ProtectedGitHub) -> None:
    of(forge, "required_status_checks")["required_status_checks"] = [{"context": "tests"}]


def any_source(forge: ProtectedGitHub) -> None:
    of(forge, "required_status_checks")["required_status_checks"] = [{"context": "promptops"}]


def not_strict(forge: ProtectedGitHub) -> None:
    of(forge, "required_status_checks")["strict_required_status_checks_policy"] = False


def rewriting(forge: ProtectedGitHub) -> None:
    drop(forge, "non_fast_forward")


def deleting(forge: ProtectedGitHub) -> None:
    drop(forge, "deletion")


def bypass(forge: ProtectedGitHub) -> None:
    forge.rulesets[1]["bypass_actors"] = [
        {"actor_type": "RepositoryRole", "actor_id": 5, "bypass_mode": "pull_request"}
    ]


def hidden_bypass(forge: ProtectedGitHub) -> None:
    del forge.rulesets[1]["bypass_actors"]


def admins(forge: ProtectedGitHub) -> None:
    forge.protect(enforce_admins={"url": f"{forge.url}/x", "enabled": False})


def old_force(forge: ProtectedGitHub) -> None:
    forge.protect(allow_force_pushes={"enabled": True})


def old_any_source(forge: ProtectedGitHub) -> None:
    forge.protect()
    assert forge.protection is not None
    checks = forge.protection["required_status_checks"]
    checks["checks"] = [{"context": "promptops", "app_id": None}]


def no_tags(forge: ProtectedGitHub) -> None:
    del forge.rulesets[3]


def evaluated_tags(forge: ProtectedGitHub) -> None:
    forge.rulesets[3]["enforcement"] = "evaluate"


def shallow_tags(forge: ProtectedGitHub) -> None:
    names = ["refs/tags/prompts/*", "refs/tags/yanked/**/*"]
    forge.rulesets[3]["conditions"]["ref_name"]["include"] = names


def excluded_tags(forge: ProtectedGitHub) -> None:
    forge.rulesets[3]["conditions"]["ref_name"]["exclude"] = ["refs/tags/prompts/a/**/*"]


def movable_tags(forge: ProtectedGitHub) -> None:
    forge.rulesets[3]["rules"] = [{"type": "deletion"}]


def open_environment(forge: ProtectedGitHub) -> None:
    forge.rules["promptops/production"] = []


def rewritable_environment(forge: ProtectedGitHub) -> None:
    drop(forge, "non_fast_forward", "promptops/production")


def workflows_deploy(forge: ProtectedGitHub) -> None:
    forge.rulesets[2]["bypass_actors"] = [
        {"actor_type": "Integration", "actor_id": ACTIONS, "bypass_mode": "always"}
    ]


def nobody_deploys(forge: ProtectedGitHub) -> None:
    forge.rulesets[2]["bypass_actors"] = []


def creatable_environment(forge: ProtectedGitHub) -> None:
    drop(forge, "creation", "promptops/production")


def updatable_environment(forge: ProtectedGitHub) -> None:
    drop(forge, "update", "promptops/production")


def key_rewrites(forge: ProtectedGitHub) -> None:
    forge.rulesets[4]["bypass_actors"] = forge.rulesets[2]["bypass_actors"]


def movable_by_some(forge: ProtectedGitHub) -> None:
    forge.rulesets[3]["bypass_actors"] = [
        {"actor_type": "Team", "actor_id": 9, "bypass_mode": "always"}
    ]


def other_workflow(forge: ProtectedGitHub) -> None:
    no_status(forge)
    parameters = {
        "workflows": [{"path": ".github/workflows/gateway.yml", "repository_id": 7}],
        "do_not_enforce_on_create": False,
    }
    forge.rules["main"].append({"type": "workflows", "parameters": parameters, "ruleset_id": 1})


def no_place(forge: ProtectedGitHub) -> None:
    del forge.environments["production"]


def no_reviewers(forge: ProtectedGitHub) -> None:
    forge.environments["production"]["protection_rules"] = []


def self_review(forge: ProtectedGitHub) -> None:
    forge.environments["production"]["protection_rules"][0]["prevent_self_review"] = False


def any_branch(forge: ProtectedGitHub) -> None:
    forge.environments["production"]["deployment_branch_policy"] = None


def approving_workflows(forge: ProtectedGitHub) -> None:
    forge.rights["can_approve_pull_request_reviews"] = True


def writing_workflows(forge: ProtectedGitHub) -> None:
    forge.rights["default_workflow_permissions"] = "write"


GAPS: list[tuple[Callable[[ProtectedGitHub], None], list[tuple[str, Severity | None]], str]] = [
    (no_pull_request, [("forge-reviews", ERROR), ("required-status", WARNING)], "without a pull"),
    (no_owners, [("forge-reviews", ERROR), ("required-status", WARNING)], "owners of a file"),
    (stale, [("forge-reviews", WARNING), *ALWAYS], "remain after new pushes"),
    (last_push, [("forge-reviews", WARNING), *ALWAYS], "the person who pushed last may approve"),
    (no_status, [("required-status", ERROR)], "(promptops) is not required"),
    (other_status, [("required-status", ERROR)], "(promptops) is not required"),
    (any_source, [("required-status", ERROR)], "anyone can set the status"),
    (not_strict, [*ALWAYS, ("required-status", WARNING)], "an older state of the branch"),
    (rewriting, [*ALWAYS, ("rewriting", ERROR)], "can be rewritten"),
    (deleting, [*ALWAYS, ("rewriting", ERROR)], "can be deleted"),
    (bypass, [*ALWAYS, ("bypass", WARNING)], "with the role admin may bypass the rules"),
    (hidden_bypass, [*ALWAYS, ("bypass", None)], "this token cannot see who may bypass"),
    (admins, [*ALWAYS, ("bypass", WARNING)], "administrators may bypass"),
    (old_force, [*ALWAYS, ("rewriting", ERROR)], "can be rewritten"),
    (old_any_source, [("required-status", ERROR)], "anyone can set the status"),
    (no_tags, [*ALWAYS, *[("release-tags", ERROR)] * 2], "release tags can be moved"),
    (evaluated_tags, [*ALWAYS, *[("release-tags", ERROR)] * 2], "release tags can be deleted"),
    (shallow_tags, [*ALWAYS, *[("release-tags", ERROR)] * 2], "prompts/a/b@1.0.0 can be moved"),
    (excluded_tags, [*ALWAYS, *[("release-tags", ERROR)] * 2], "prompts/a/b@1.0.0 can be moved"),
    (movable_tags, [*ALWAYS, ("release-tags", ERROR)], "release tags can be moved"),
    (
        open_environment,
        [*ALWAYS, *[("environment-branches", ERROR)] * 3],
        "anyone with push access can deploy to production",
    ),
    (
        rewritable_environment,
        [*ALWAYS, ("environment-branches", ERROR)],
        "promptops/production can be rewritten",
    ),
    (
        workflows_deploy,
        [*ALWAYS, *[("environment-branches", ERROR)] * 2],
        "every workflow (GitHub Actions) can write to promptops/staging",
    ),
    (
        nobody_deploys,
        [*ALWAYS, *[("environment-branches", WARNING)] * 2],
        "nobody can write to promptops/staging",
    ),
    (
        creatable_environment,
        [*ALWAYS, ("environment-branches", WARNING)],
        "can create the branch promptops/production",
    ),
    (
        updatable_environment,
        [*ALWAYS, ("environment-branches", ERROR)],
        "anyone with push access can deploy to production",
    ),
    (
        key_rewrites,
        [*ALWAYS, *[("environment-branches", WARNING)] * 2],
        "every deploy key may bypass the rules that keep promptops/production from being rewritten",
    ),
    (
        movable_by_some,
        [*ALWAYS, ("release-tags", WARNING)],
        "team 9 may bypass the rules of release tags",
    ),
    (other_workflow, [("required-status", ERROR)], "(promptops) is not required"),
    (no_place, [*ALWAYS, ("deploy-environments", ERROR)], "has no environment production"),
    (no_reviewers, [*ALWAYS, ("deploy-environments", ERROR)], "needs no reviewer"),
    (self_review, [*ALWAYS, ("deploy-environments", WARNING)], "may approve it"),
    (any_branch, [*ALWAYS, ("deploy-environments", ERROR)], "a workflow of any branch may deploy"),
    (approving_workflows, [*ALWAYS, ("workflow-rights", WARNING)], "may approve pull requests"),
    (writing_workflows, [*ALWAYS, ("workflow-rights", WARNING)], "workflows have write permission"),
]


@pytest.mark.parametrize(
    ("spoil", "found", "said"), GAPS, ids=lambda one: getattr(one, "__name__", "")
)
def test_each_gap_is_found_with_its_risk_and_its_remedy(
    forge: ProtectedGitHub,
    spoil: Callable[[ProtectedGitHub], None],
    found: list[tuple[str, Severity | None]],
    said: str,
) -> None:
    spoil(forge)
    answers = look(forge)
    assert faults(answers) == found
    gaps = [one for some in answers.values() for one in some if one.state is not AnswerState.FINE]
    assert any(said in one.seen for one in gaps), [one.seen for one in gaps]
    assert all(one.remedy and (one.risk or one.state is AnswerState.UNKNOWN) for one in gaps)


def test_a_workflow_that_an_organisation_requires_cannot_be_rewritten(
    forge: ProtectedGitHub,
) -> None:
    drop(forge, "required_status_checks")
    parameters = {
        "workflows": [{"path": ".github/workflows/promptops.yml", "repository_id": 7}],
        "do_not_enforce_on_create": False,
    }
    forge.rules["main"].append({"type": "workflows", "parameters": parameters, "ruleset_id": 1})
    assert faults(look(forge)) == []


@pytest.mark.parametrize("takes_queue", [True, False])
def test_a_queue_that_does_not_start_the_gate_waits_for_ever(
    forge: ProtectedGitHub, takes_queue: bool
) -> None:
    parameters = {
        "check_response_timeout_minutes": 60,
        "grouping_strategy": "ALLGREEN",
        "max_entries_to_build": 5,
        "max_entries_to_merge": 5,
        "merge_method": "MERGE",
        "min_entries_to_merge": 1,
        "min_entries_to_merge_wait_minutes": 5,
    }
    forge.rules["main"].append({"type": "merge_queue", "parameters": parameters, "ruleset_id": 1})
    expected = ExpectedGate(EXPECTED.statuses, takes_queue=takes_queue, deploys=True)
    gaps = [] if takes_queue else [("merge-queue", ERROR)]
    assert faults(look(forge, expected)) == [*ALWAYS, *gaps]


def test_who_passes_one_ruleset_is_held_by_another(forge: ProtectedGitHub) -> None:
    """The organisation's rule still holds for those who may pass the repository's."""
    bypass(forge)
    forge.rulesets[5] = {**forge.rulesets[1], "id": 5, "name": "organisation", "bypass_actors": []}
    forge.rules["main"] += [{**rule, "ruleset_id": 5} for rule in BRANCH_RULES]
    assert [one for one in faults(look(forge)) if one[0] == "bypass"] == []


def test_the_older_protection_of_an_environment_will_do_as_well(forge: ProtectedGitHub) -> None:
    forge.rules["promptops/production"] = []
    forge.protect()
    here = f"{forge.url}/repos/acme/prompts/branches/promptops/production/protection"
    lists = ("users", "teams", "apps")
    restrictions = {
        "url": here,
        **{f"{name}_url": here for name in lists},
        **{name: [] for name in lists},
        "users": [forge._user("deployer")],
    }
    forge.place_protection = {**(forge.protection or {}), "restrictions": restrictions}
    found = look(forge)["environment-branches"]
    assert [one.seen for one in found if one.severity is not None] == [
        "user 1 can write to promptops/production"
    ]
    forge.place_protection["allow_force_pushes"] = {"enabled": True}
    forge.place_protection["restrictions"] = {**restrictions, "users": []}
    found = look(forge)["environment-branches"]
    assert [one.seen for one in found if one.severity is not None] == [
        "promptops/production can be rewritten",
        "nobody can write to promptops/production",
    ]


def test_what_may_not_be_read_is_never_taken_for_fine(forge: ProtectedGitHub) -> None:
    forge.hidden = {"/protection", "/rulesets", "/rulesets/3", "/workflow"}
    answers = look(forge)
    # The rules for the branch are there for everybody, and they are enough for most of it.
    unknown = {
        check
        for check, some in answers.items()
        if any(one.state is AnswerState.UNKNOWN for one in some)
    }
    assert unknown == {"bypass", "release-tags", "environment-branches", "workflow-rights"}
    assert all(one.severity in {None, NOTE} for some in answers.values() for one in some)
    forge.rules["main"] = []
    answers = look(forge)
    for check in ("forge-reviews", "required-status", "rewriting"):
        assert [one.state for one in answers[check]] == [AnswerState.UNKNOWN], check


def test_without_a_workflow_that_deploys_its_places_do_not_matter(forge: ProtectedGitHub) -> None:
    forge.environments.clear()
    expected = ExpectedGate(EXPECTED.statuses, takes_queue=True, deploys=False)
    answers = look(forge, expected)
    assert answers["deploy-environments"] == []
    assert faults(answers) == [*ALWAYS, *[("environment-branches", NOTE)] * 2]


@pytest.fixture
def hosted(repo: Repo, monkeypatch: pytest.MonkeyPatch, forge: ProtectedGitHub) -> Repo:
    """A clone of a repository on GitHub, and the addresses that GitHub's own CI would give."""
    repo.commit(
        {
            "CODEOWNERS": "* @acme/everybody\n",
            "prompts/a.md": prompt_text(),
            "evals/a.yaml": "x",
            ".github/workflows/promptops.yml": GATE,
            ".github/workflows/promptops-deploy.yml": DEPLOY,
        }
    )
    repo.git("remote", "add", "origin", "git@github.com:acme/prompts.git")
    repo.git("update-ref", "refs/remotes/origin/main", "HEAD")
    monkeypatch.setenv("GITHUB_API_URL", forge.url)
    return repo


def test_the_doctor_asks_the_forge_that_the_remote_is_on(
    hosted: Repo, forge: ProtectedGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPTOPS_GITHUB_TOKEN", "good")
    result = run(hosted, "doctor", "--format", "json")
    assert result.exit_code == 0, result.output
    answers = json.loads(result.stdout)["answers"]
    assert set(GITHUB_CHECKS) - {one["check"] for one in answers} == {"merge-queue"}
    shallow_tags(forge)
    assert run(hosted, "doctor").exit_code == 1
    assert run(hosted, "doctor", "--forge", "off").exit_code == 0


def test_without_a_token_that_is_said_and_is_no_yes(hosted: Repo, forge: ProtectedGitHub) -> None:
    result = run(hosted, "doctor")
    assert result.exit_code == 2
    assert "the protection of acme/prompts on GitHub was not checked" in result.stdout
    assert forge.asked == []


def test_a_wrong_token_is_said(
    hosted: Repo, forge: ProtectedGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPTOPS_GITHUB_TOKEN", "wrong")
    forge.hidden = {"/repos/acme/prompts"}
    result = run(hosted, "doctor")
    assert result.exit_code == 2
    assert "unknown  GitHub's answer to /repos/acme/prompts is 403" in result.stdout


def test_a_token_goes_nowhere_only_because_a_remote_says_so(
    hosted: Repo, forge: ProtectedGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPTOPS_GITHUB_TOKEN", "good")
    monkeypatch.delenv("GITHUB_API_URL")
    hosted.config("remote.origin.url", "https://github.evil.example.com/acme/prompts.git")
    result = run(hosted, "doctor")
    assert result.exit_code == 2
    assert "the API address of github.evil.example.com is unknown" in result.stdout
    hosted.config("remote.origin.url", "https://git.example.com/acme/prompts.git")
    assert "git.example.com is not a known forge" in run(hosted, "doctor").stdout


def test_a_release_that_writes_numbers_needs_a_key_that_may_push(forge: ProtectedGitHub) -> None:
    expected = ExpectedGate(EXPECTED.statuses, takes_queue=True, deploys=True, numbers=True)
    (answer,) = look(forge, expected)["bypass"]
    assert (answer.severity, answer.seen) == (
        Severity.WARNING,
        snapshot(
            "no deploy key may bypass the rules of the default branch, and releases push version numbers there"
        ),
    )
    for ruleset in forge.rulesets.values():
        if ruleset.get("target") == "branch":
            ruleset["bypass_actors"] = [{"actor_type": "DeployKey", "bypass_mode": "always"}]
    (answer,) = look(forge, expected)["bypass"]
    assert (answer.severity, answer.seen) == (
        Severity.NOTE,
        snapshot(
            "every deploy key may bypass the rules of the default branch: releases push version numbers with one"
        ),
    )
    (answer,) = look(forge)["bypass"]
    assert answer.severity is Severity.WARNING
