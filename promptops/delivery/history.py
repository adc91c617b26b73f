"""Look back: the deployments of several environments in one list, and what was live at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptops.delivery.environments import (
    first_step,
    list_deployments,
    read_head,
    read_state,
)
from promptops.errors import EnvironmentNotFoundError
from promptops.repository.repository import list_names, not_found

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.delivery.environments import Deployment
    from promptops.delivery.state import Entry
    from promptops.repository.repository import Repository


class PastPrompt(NamedTuple):
    """The live versions of one prompt, and the deployment that made them live."""

    name: str
    entry: Entry
    since: Deployment


class PastState(NamedTuple):
    """The state of an environment at a time, by prompt name, and its newest deployment then."""

    deployment: Deployment
    prompts: tuple[PastPrompt, ...]


def list_recent(
    repository: Repository,
    environments: Sequence[str],
    *,
    name: str | None = None,
    limit: int | None = None,
    oldest: float | None = None,
    is_current: bool = False,
) -> list[Deployment]:
    """Return the deployments of environments in one list, newest first.

    Within an environment the order is that of the deployments, not of their times.

    Args:
        repository: the repository.
        environments: their names, in order of promotion.
        name: only deployments that changed this prompt.
        limit: the maximum number.
        oldest: only deployments since this time, in seconds.
        is_current: whether the clone was just fetched, for the hint of an error.

    Raises:
        EnvironmentNotFoundError: no environment has a deployment.
        PromptNotFoundError: there is no such prompt, and there never was one.
    """
    found: list[tuple[int, Deployment]] = []
    known = [one for one in environments if read_head(repository, one) is not None]
    if not known:
        is_one = len(environments) == 1
        message = f"{environments[0]} has no deployments" if is_one else "nothing was ever deployed"
        hint = first_step(repository, environments[0], is_current=is_current)
        raise EnvironmentNotFoundError(message, hint=hint)
    # Within one second, the environment that is later in promotion order is newer.
    for environment in reversed(known):
        newest = None
        for deployment in list_deployments(repository, environment, name=name, limit=limit):
            seconds = deployment.author.time_seconds
            newest = seconds if newest is None else min(newest, seconds)
            if oldest is None or seconds >= oldest:
                found.append((newest, deployment))
    if name is not None and not found:
        _require_known(repository, name)
    found.sort(key=lambda pair: -pair[0])
    return [deployment for _, deployment in found][:limit]


def find_past_state(
    repository: Repository, deployments: Sequence[Deployment], seconds: int
) -> PastState | None:
    """Return what was live at a time: the state of the last deployment, in graph order, by then.

    Args:
        repository: the repository.
        deployments: all of an environment, newest first.
        seconds: the time.

    Returns:
        the state; None if there was no deployment yet.
    """
    until = [one for one in deployments if one.author.time_seconds <= seconds]
    if not until:
        return None
    then = until[0]
    earlier = deployments[deployments.index(then) :]
    entries = read_state(repository, then.commit).entries
    prompts = tuple(
        PastPrompt(name, entries[name], _find_origin(earlier, name)) for name in sorted(entries)
    )
    return PastState(then, prompts)


def _find_origin(deployments: Sequence[Deployment], name: str) -> Deployment:
    """Return the newest of these deployments that changed a prompt."""
    for deployment in deployments:
        if any(change.name == name for change in deployment.changes):
            return deployment
    return deployments[0]


def _require_known(repository: Repository, name: str) -> None:
    from promptops.delivery.releases import list_releases

    if list_releases(repository, name):
        return
    has_work_tree = repository.git.work_tree is not None
    names = list_names(repository.working if has_work_tree else repository.at("HEAD"))
    if name not in names:
        raise not_found(name, names, "here, and none was ever deployed")
