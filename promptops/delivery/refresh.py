"""Fetch environments and releases before showing them, with a short timeout."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptops.delivery.deployments import explain_lost_history
from promptops.delivery.environments import last_fetch, refresh_stamp
from promptops.errors import ConflictError, GitError, RemoteError
from promptops.git.limits import GitLimits
from promptops.git.remote import fetch

if TYPE_CHECKING:
    from promptops.repository.repository import Repository

LIMITS = GitLimits(2.0, 2.0, 2.0)
"""The timeouts for showing a state."""


class Freshness(NamedTuple):
    """How recent this clone's data is.

    Attributes:
        is_current: whether the remote was asked just now, or there is no remote.
        seconds: when it was last asked, in seconds since 1970; None if unknown.
        fault: why it did not answer; empty if it was not asked.
    """

    is_current: bool
    seconds: float | None
    fault: str = ""


def refresh(repository: Repository, now_seconds: float, limits: GitLimits = LIMITS) -> Freshness:
    """Fetch all environments and releases at once. An unreachable remote is no error.

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
        fetch(repository.git, remote, [environments, tags, yanks], limits=limits)
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
