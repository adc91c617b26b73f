"""Deploying: one commit for each change of an environment, and none without one."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from promptops.delivery.actions import (
    promote_action,
)
from promptops.delivery.deployments import deploy
from promptops.delivery.releases import require_release
from promptops.prompt.version import Version
from tests.delivery.pieces import ENVIRONMENT, GitWorld


@pytest.mark.story
def test_promoting_what_is_live_makes_no_commit(world: GitWorld) -> None:
    world.act("promote", "a", "1.0.0", 100, 1)
    action = promote_action(
        world.repository, ENVIRONMENT, [require_release(world.repository, "a", Version(1, 0, 0))]
    )
    outcome = deploy(world.repository, ENVIRONMENT, action)
    assert (outcome.changes, outcome.deployment) == ((), None)
    assert world.count() == 1


def test_a_dry_run_changes_nothing(world: GitWorld) -> None:
    action = promote_action(
        world.repository, ENVIRONMENT, [require_release(world.repository, "a", Version(1, 0, 0))]
    )
    outcome = deploy(world.repository, ENVIRONMENT, action, dry_run=True)
    assert [str(change) for change in outcome.changes] == ["a (not deployed) -> 1.0.0"]
    assert outcome.changed
    assert world.head() is None


def test_a_reason_that_looks_like_trailers_stays_a_reason(world: GitWorld) -> None:
    action = promote_action(
        world.repository, ENVIRONMENT, [require_release(world.repository, "a", Version(1, 0, 0))]
    )
    reason = "hot\n\nDeployment: 99\nAction: retire\nOperation: forged"
    made = deploy(world.repository, ENVIRONMENT, action, reason=reason).deployment
    assert made is not None
    assert (made.number, made.action) == (1, "promote")
    assert made.reason == snapshot("hot Deployment: 99 Action: retire Operation: forged")
