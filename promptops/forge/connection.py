"""Open the forge of a CI event, with the token from the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.errors import UsageError
from promptops.forge.github import GitHub
from promptops.forge.gitlab import GitLab

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.forge.event import ForgeEvent
    from promptops.forge.limits import ForgeLimits


def open_github(
    event: ForgeEvent, environment: Mapping[str, str], limits: ForgeLimits | None = None
) -> GitHub:
    """Open GitHub; the caller closes it.

    The token is `PROMPTOPS_GITHUB_TOKEN`, or else `GITHUB_TOKEN`, which a workflow passes by `env:
    {GITHUB_TOKEN: "${{ github.token }}"}`. `GITHUB_TOKEN` cannot read teams; their members then
    come from the groups file.

    Args:
        event: the CI event.
        environment: the process's environment.
        limits: timeouts and maximum sizes.

    Raises:
        UsageError: there is no token.
    """
    token = environment.get("PROMPTOPS_GITHUB_TOKEN") or environment.get("GITHUB_TOKEN", "")
    if not token.strip():
        raise UsageError(
            "approvals come from GitHub, and no token is set",
            hint="in the workflow's step: env: {GITHUB_TOKEN: '${{ github.token }}'}, and "
            "permissions: {contents: read, pull-requests: read}",
        )
    return GitHub(event.repository, token=token, url=event.url, limits=limits)


def open_gitlab(
    event: ForgeEvent, environment: Mapping[str, str], limits: ForgeLimits | None = None
) -> GitLab:
    """Open GitLab; the caller closes it.

    The token is `PROMPTOPS_GITLAB_TOKEN`: a project's or group's access token of the scope
    `read_api`, in a masked variable. A job's own token may not read approvals.

    Args:
        event: the CI event.
        environment: the process's environment.
        limits: timeouts and maximum sizes.

    Raises:
        UsageError: there is no token.
    """
    token = environment.get("PROMPTOPS_GITLAB_TOKEN", "")
    if not token.strip():
        raise UsageError(
            "approvals come from GitLab, and no token is set",
            hint="set PROMPTOPS_GITLAB_TOKEN to an access token with the scope read_api: "
            "CI_JOB_TOKEN may not read approvals",
        )
    return GitLab(event.repository, token=token, url=event.url, limits=limits)
