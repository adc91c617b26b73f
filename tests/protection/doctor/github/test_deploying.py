"""Every gap that GitHub can leave around releases and environments, opened one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.protection.doctor.github import ExpectedGate
from tests.protection.doctor.github.fake import ACTIONS, ProtectedGitHub
from tests.protection.doctor.github.pieces import (
    ALWAYS,
    EXPECTED,
    Fault,
    check_gap,
    drop,
    faults,
    look,
    shallow_tags,
)
from tests.protection.doctor.pieces import ERROR, NOTE, WARNING

if TYPE_CHECKING:
    from collections.abc import Callable


def no_tags(forge: ProtectedGitHub) -> None:
    del forge.rulesets[3]


def evaluated_tags(forge: ProtectedGitHub) -> None:
    forge.rulesets[3]["enforcement"] = "evaluate"


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


GAPS: list[tuple[Callable[[ProtectedGitHub], None], list[Fault], str]] = [
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
    found: list[Fault],
    said: str,
) -> None:
    check_gap(forge, spoil, found, said)


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


def test_without_a_workflow_that_deploys_its_places_do_not_matter(forge: ProtectedGitHub) -> None:
    forge.environments.clear()
    expected = ExpectedGate(EXPECTED.statuses, takes_queue=True, deploys=False)
    answers = look(forge, expected)
    assert answers["deploy-environments"] == []
    assert faults(answers) == [*ALWAYS, *[("environment-branches", NOTE)] * 2]
