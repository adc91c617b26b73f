"""Fetch environments and releases before showing them, with a short timeout."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from promptops.delivery.environments import last_fetch, refresh_stamp
from promptops.delivery.places import explain_lost_history
from promptops.errors import ConflictError, GitError, RemoteError, UsageError
from promptops.git.limits import GitLimits
from promptops.git.remote import fetch

if TYPE_CHECKING:
    from promptops.repository.repository import Repository

_SECONDS = "PROMPTOPS_REFRESH_SECONDS"


def read_limits() -> GitLimits:
    """Return the timeouts for showing a state: 2 seconds, or `PROMPTOPS_REFRESH_SECONDS`.

    Raises UsageError if the variable is not a number.
    """
    value = os.environ.get(_SECONDS, "2")
    try:
        seconds = float(value)
    except ValueError as error:
        raise UsageError(
            f"{_SECONDS} is not a number: {value}", hint="give seconds, such as 5"
        ) from error
    return GitLimits(seconds, seconds, seconds)


class Freshness(NamedTuple):
    """The age of this clone's data.

    Attributes:
        is_current: whether the remote was asked just now, or there is no remote.
        seconds: when it was last asked, in seconds since 1970; None if unknown.
        fault: why the remote did not answer; empty if it was not asked.
    """

    is_current: bool
    seconds: float | None
    fault: str = ""


def refresh(
    repository: Repository, now_seconds: float, limits: GitLimits | None = None
) -> Freshness:
    """Fetch all environments and releases at once. An unreachable remote is not an error.

    `now_seconds` is the current time in seconds since 1970. `limits` are by default those of
    `read_limits`.

    Raises:
        IntegrityError: an environment lost deployments on the remote.
    """
    remote = repository.remote
    if remote is None:
        return Freshness(is_current=True, seconds=now_seconds)
    environments = f"refs/heads/promptops/*:refs/remotes/{remote}/promptops/*"
    tags = "refs/tags/prompts/*:refs/tags/prompts/*"
    yanks = "+refs/tags/yanked/prompts/*:refs/tags/yanked/prompts/*"
    try:
        fetch(repository.git, remote, [environments, tags, yanks], limits=limits or read_limits())
    except ConflictError as error:
        for environment in repository.config.environment_names:
            if f"promptops/{environment}" in error.message:
                raise explain_lost_history(repository, environment) from error
        return Freshness(is_current=False, seconds=last_fetch(repository), fault=error.message)
    except (RemoteError, GitError) as error:
        return Freshness(is_current=False, seconds=last_fetch(repository), fault=error.message)
    stamp = refresh_stamp(repository)
    stamp.parent.mkdir(exist_ok=True)
    stamp.touch()
    return Freshness(is_current=True, seconds=now_seconds)


def read_freshness(repository: Repository, now_seconds: float) -> Freshness:
    """Return how recent this clone's data is, without asking the remote."""
    if repository.remote is None:
        return Freshness(is_current=True, seconds=now_seconds)
    return Freshness(is_current=False, seconds=last_fetch(repository))
