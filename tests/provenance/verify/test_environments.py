"""Branches of environments: numbers, messages and what is pending."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.provenance.verify.pieces import TAG, told, verify
from tests.screens import masked
from tests.showcase import TRIAGE, Showcase

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_deleted_tag_of_something_live_is_missed(showcase: Showcase) -> None:
    showcase.repo.git("tag", "-d", f"{TAG}@1.0.0")

    assert masked(told(verify(showcase))) == snapshot(
        [
            "error prompts/support/triage@1.1.0: it was compared with support/triage@1.0.0, which has no tag here",
            "error prompts/support/triage@1.0.0: the tag is gone, but deployment 1 made it live (promptops/staging)",
        ]
    )


def test_a_moved_tag_is_named_with_both_ids(showcase: Showcase) -> None:
    old = showcase.repo.rev(f"refs/tags/{TAG}@1.1.0")
    new = showcase.move_tag(f"{TAG}@1.1.0", f"{TAG}@1.1.0^{{}}", lambda text: f"Again\n{text}")

    result = verify(showcase)

    assert told(result) == [
        (
            f"error {TAG}@1.1.0: the tag was moved: deployment 2 of staging took it as "
            f"{old[:12]}, now it is {new[:12]}"
        )
    ]
    assert f"git update-ref refs/tags/{TAG}@1.1.0 {old[:12]}" in (result.findings[0].hint or "")


def test_a_lost_deployment_is_damage(showcase: Showcase) -> None:
    oid = showcase.repo.lose("promptops/staging~2")

    (message,) = told(verify(showcase, "staging"))

    assert masked(message) == snapshot(
        "error promptops/staging: the history of staging is damaged: git rev-list failed: Could not read <id>"
    )
    assert oid in message


def test_an_amended_message_without_trailers_is_no_deployment(showcase: Showcase) -> None:
    commit = showcase.rewrite(message=lambda _: "tidy up\n")

    assert told(verify(showcase))[0] == (
        f"error promptops/staging: commit {commit[:12]} on staging is not a deployment"
    )


@pytest.mark.slow
def test_swapped_numbers_are_found(showcase: Showcase) -> None:
    third = showcase.rewrite(
        revision="promptops/staging~1",
        message=lambda text: text.replace("Deployment: 3", "Deployment: 4"),
    )
    old = showcase.repo.rev(f"{third}")
    assert old == third
    showcase.promote("1.0.0")
    showcase.rewrite(message=lambda text: text.replace("Deployment: 5", "Deployment: 3"))

    messages = [line for line in told(verify(showcase)) if " follows " in line]

    assert [line.partition(" (commit ")[0] for line in messages] == [
        "error promptops/staging: deployment 4",
        "error promptops/staging: deployment 3",
    ]
    assert [line.rpartition(" follows ")[2] for line in messages] == [
        "deployment 2",
        "deployment 4",
    ]


def test_history_must_begin_with_one(showcase: Showcase) -> None:
    showcase.rewrite(parents=())

    messages = told(verify(showcase))

    assert masked(messages) == snapshot(
        [
            "error promptops/staging: the history begins with deployment 4, not with 1",
            "error promptops/staging: deployment 4: a rollback of support/triage would go to deployment 1 (<id>), which this branch does not have",
            "error promptops/staging: deployment 4: says support/triage 2.0.0 -> 1.1.0, but its lock has none -> 1.1.0",
        ]
    )


def test_a_merge_is_no_deployment(showcase: Showcase) -> None:
    commit = showcase.rewrite(parents=("promptops/staging~1", "main"))

    assert (
        f"error promptops/staging: commit {commit[:12]} is a merge, and a deployment has one parent"
    ) in told(verify(showcase))


def test_a_branch_of_ordinary_commits_is_no_environment(showcase: Showcase) -> None:
    showcase.repo.git("branch", "promptops/preview", "main~3")

    messages = told(verify(showcase))

    commit = showcase.repo.rev("main~3")
    assert messages[0] == (
        f"error promptops/preview: commit {commit[:12]} on preview is not a deployment"
    )


@pytest.mark.slow
def test_a_promotion_must_name_its_tag(showcase: Showcase) -> None:
    showcase.promote("2.0.0")
    showcase.rewrite(
        message=lambda text: "\n".join(
            line for line in text.split("\n") if not line.startswith("Release-Tag")
        )
    )

    assert masked(told(verify(showcase))) == snapshot(
        ["error promptops/staging: deployment 5 promotes support/triage without a Release-Tag"]
    )


@pytest.mark.slow
def test_a_tag_of_something_else_in_a_trailer_is_found(showcase: Showcase) -> None:
    other = showcase.repo.rev("refs/tags/prompts/support/reply@1.0.0")
    mine = showcase.repo.rev(f"refs/tags/{TAG}@2.0.0")
    showcase.promote("2.0.0")
    showcase.rewrite(message=lambda text: text.replace(mine, other))

    assert told(verify(showcase)) == [
        (
            f"error promptops/staging: deployment 5 names the tag object {other[:12]} for "
            f"{TRIAGE} 2.0.0, which is prompts/support/reply@1.0.0"
        )
    ]


@pytest.mark.slow
def test_pending_deployments_are_checked_too_and_said(clone: Callable[..., Showcase]) -> None:
    here = clone()
    here.promote("2.0.0")
    result = verify(here, "staging")
    assert masked(told(result)) == snapshot(
        ["note promptops/staging: 1 local deployment not pushed yet"]
    )
    assert (result.errors, result.unchecked, result.deployments) == (0, 0, 5)

    here.rewrite(files={"README.md": "hello"})
    assert told(verify(here))[1] == snapshot(
        "error promptops/staging: deployment 5: README.md does not belong in a deployment"
    )


@pytest.mark.slow
def test_an_amended_deployment_beside_a_remote_went_separate_ways(
    clone: Callable[..., Showcase],
) -> None:
    here = clone()
    here.repo.git("branch", "promptops/staging", "origin/promptops/staging")
    here.rewrite(message=lambda text: text.replace("Deployment: 4", "Deployment: 4\nReason: x"))

    assert masked(told(verify(here))) == snapshot(
        ["error promptops/staging: the local branch and the one of origin have diverged"]
    )
