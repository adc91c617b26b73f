"""Opens the forge that an event is of, with the token from the environment."""

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
    """Open GitHub, to be closed by the caller.

    The token is `PROMPTOPS_GITHUB_TOKEN`, or else `GITHUB_TOKEN`, which a workflow hands on by
    `env: {GITHUB_TOKEN: "${{ github.token }}"}`. That one cannot read teams; with it, the groups
    file says who is in them.

    Args:
        event: what the run is about.
        environment: the process's environment.
        limits: what GitHub may ask of us.

    Raises:
        UsageError: there is no token.
    """
    token = environment.get("PROMPTOPS_GITHUB_TOKEN") or environment.get("GITHUB_TOKEN", "")
    if not token.strip():
        raise UsageError(
            "approvals come from GitHub, and there is no token to ask it with",
            hint="in the workflow's step: env: {GITHUB_TOKEN: '${{ github.token }}'}, and "
            "permissions: {contents: read, pull-requests: read}",
        )
    return GitHub(event.repository, token=token, url=event.url, limits=limits)


def open_gitlab(
    event: ForgeEvent, environment: Mapping[str, str], limits: ForgeLimits | None = None
) -> GitLab:
    """Open GitLab, to be closed by the caller.

    The token is `PROMPTOPS_GITLAB_TOKEN`: a project's or group's access token of the scope
    `read_api`, in a masked variable. A job's own token may not read approvals.

    Args:
        event: what the run is about.
        environment: the process's environment.
        limits: what GitLab may ask of us.

    Raises:
        UsageError: there is no token.
    """
    token = environment.get("PROMPTOPS_GITLAB_TOKEN", "")
    if not token.strip():
        raise UsageError(
            "approvals come from GitLab, and there is no token to ask it with",
            hint="give the variable PROMPTOPS_GITLAB_TOKEN an access token with the scope "
            "read_api: CI_JOB_TOKEN may not read approvals",
        )
    return GitLab(event.repository, token=token, url=event.url, limits=limits)
