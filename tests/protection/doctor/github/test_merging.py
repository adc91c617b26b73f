"""Every gap that GitHub can leave in front of the default branch, opened one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.protection.doctor.github import ExpectedGate
from tests.protection.doctor.github.pieces import (
    ALWAYS,
    EXPECTED,
    Fault,
    bypass,
    check_gap,
    drop,
    faults,
    look,
    of,
)
from tests.protection.doctor.pieces import ERROR, WARNING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.protection.doctor.github.fake import ProtectedGitHub


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


def other_workflow(forge: ProtectedGitHub) -> None:
    no_status(forge)
    parameters = {
        "workflows": [{"path": ".github/workflows/gateway.yml", "repository_id": 7}],
        "do_not_enforce_on_create": False,
    }
    forge.rules["main"].append({"type": "workflows", "parameters": parameters, "ruleset_id": 1})


GAPS: list[tuple[Callable[[ProtectedGitHub], None], list[Fault], str]] = [
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
    (other_workflow, [("required-status", ERROR)], "(promptops) is not required"),
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
