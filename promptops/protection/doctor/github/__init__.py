"""Check how GitHub protects a repository. Reading and judging are separate; judging is pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.protection.doctor.github.deploying import (
    look_at_deploy_places,
    look_at_environment_branches,
    look_at_release_tags,
    look_at_workflow_rights,
)
from promptops.protection.doctor.github.expected import ExpectedGate
from promptops.protection.doctor.github.merging import (
    look_at_bypass,
    look_at_merge_queue,
    look_at_required_status,
    look_at_reviews,
    look_at_rewriting,
)
from promptops.protection.doctor.github.reading import read_github

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from promptops.protection.doctor.answer import DoctorAnswer
    from promptops.protection.doctor.github.settings import GitHubSettings

__all__ = ["GITHUB_CHECKS", "ExpectedGate", "read_github"]

GITHUB_CHECKS: Mapping[str, Callable[[GitHubSettings, ExpectedGate], Iterator[DoctorAnswer]]] = {
    "forge-reviews": look_at_reviews,
    "required-status": look_at_required_status,
    "bypass": look_at_bypass,
    "rewriting": look_at_rewriting,
    "merge-queue": look_at_merge_queue,
    "release-tags": look_at_release_tags,
    "environment-branches": look_at_environment_branches,
    "deploy-environments": look_at_deploy_places,
    "workflow-rights": look_at_workflow_rights,
}
"""The checks that need a GitHub token."""
