"""Which token opens a forge, and what is said where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.errors import UsageError
from promptops.forge.connection import open_github, open_gitlab
from promptops.forge.event import ForgeEvent

if TYPE_CHECKING:
    from tests.forge.fake_github import FakeGitHub
    from tests.forge.fake_gitlab import FakeGitLab
    from tests.forge.server import Clock


@pytest.mark.parametrize(
    ("environment", "token"),
    [
        ({"GITHUB_TOKEN": "job"}, "job"),
        ({"PROMPTOPS_GITHUB_TOKEN": "", "GITHUB_TOKEN": "job"}, "job"),
        ({"PROMPTOPS_GITHUB_TOKEN": "own", "GITHUB_TOKEN": "job"}, "own"),
    ],
)
def test_a_token_of_ones_own_goes_before_the_jobs(
    forge: FakeGitHub, clock: Clock, environment: dict[str, str], token: str
) -> None:
    forge.tokens = {token: frozenset({"contents", "metadata", "pull_requests"})}
    forge.open(12)
    event = ForgeEvent("github", "pull_request", "acme/prompts", forge.url, number=12)
    with open_github(event, environment, clock.limits()) as github:
        assert github.pull_request(12).number == 12
    assert forge.server.exchanges[0][0].headers["authorization"] == f"Bearer {token}"


def test_a_job_of_gitlab_needs_a_token_of_the_project(lab: FakeGitLab, clock: Clock) -> None:
    event = ForgeEvent("gitlab", "merge_request", "3", lab.url, number=12)
    lab.open(12)
    with open_gitlab(event, {"PROMPTOPS_GITLAB_TOKEN": "good"}, clock.limits()) as gitlab:
        assert gitlab.merge_request(12).number == 12
    with pytest.raises(UsageError, match="approvals come from GitLab, and no token is set"):
        open_gitlab(event, {"CI_JOB_TOKEN": "job", "PROMPTOPS_GITLAB_TOKEN": " "})


def test_without_a_token_the_hint_says_how_a_workflow_passes_one() -> None:
    event = ForgeEvent("github", "pull_request", "acme/prompts", "https://api.github.com")
    with pytest.raises(UsageError, match="no token is set") as raised:
        open_github(event, {"GITHUB_TOKEN": " "})
    assert "env: {GITHUB_TOKEN:" in (raised.value.hint or "")
