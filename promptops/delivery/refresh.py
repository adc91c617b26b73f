"""Ask the remote what is live before a person looks, within a bound."""

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
"""How long a person who looks waits for the remote."""


class Freshness(NamedTuple):
    """How old what this clone knows is.

    Attributes:
        is_current: whether the remote was asked just now, or there is none to ask.
        seconds: when it was last asked; None where that is not known.
        fault: what kept it from answering; empty where it was not asked.
    """

    is_current: bool
    seconds: float | None
    fault: str = ""


def refresh(repository: Repository, now_seconds: float, limits: GitLimits = LIMITS) -> Freshness:
    """Fetch all environments and releases at once; what cannot be reached is no error.

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
    """Return how old what this clone knows is, without asking anybody."""
    if repository.remote is None:
        return Freshness(is_current=True, seconds=now_seconds)
    return Freshness(is_current=False, seconds=last_fetch(repository))
