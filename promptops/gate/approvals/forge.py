"""Choose the forge to ask for approvals, and the owners whose approval may be needed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from promptops.errors import UsageError
from promptops.forge.event import read_event
from promptops.gate.approvals.proposals import read_proposal
from promptops.git.history import is_ancestor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from promptops.forge.event import ForgeEvent
    from promptops.forge.limits import ForgeLimits
    from promptops.gate.policy import Policy
    from promptops.gate.rules import Approvals, Change, Proposal
    from promptops.repository.repository import Repository

    ForgeReader = Callable[[Repository, Policy, Change], Approvals]
    """Asks the forge about a change."""


def find_forge(
    environment: Mapping[str, str],
    *,
    name: str | None = None,
    limits: ForgeLimits | None = None,
    fetch: bool = True,
) -> ForgeReader | None:
    """Return the source of approvals for the current CI run.

    Args:
        environment: the process's environment.
        name: `github` or `gitlab`, if one is requested by name.
        limits: timeouts and maximum sizes.
        fetch: whether to fetch missing commits from the remote.

    Returns:
        A function that reads the approvals; None outside of a forge's CI, and in a run without a
            proposal.

    Raises:
        UsageError: the run belongs to another forge, or its environment is malformed.
        IntegrityError: the event is not as the forge documents it.
    """
    event = read_event(environment)
    if event is None or not event.is_change:
        return None
    if name is not None and name != event.forge:
        raise UsageError(
            f"approvals come from {name}, and this is {event.forge}'s CI",
            hint="set approvals in [gate] to the forge that hosts this repository",
        )
    if event.forge == "gitlab":

        def ask_gitlab(repository: Repository, policy: Policy, change: Change) -> Approvals:
            is_merged = partial(_is_merged, repository, change.base)
            return _ask_gitlab(event, environment, limits, policy, change, is_merged=is_merged)

        return ask_gitlab

    def ask_github(repository: Repository, policy: Policy, change: Change) -> Approvals:
        look = partial(read_proposal, repository, change, fetch=fetch)
        return _ask_github(event, environment, limits, policy, change, look=look)

    return ask_github


def _is_merged(repository: Repository, tip: str, oid: str) -> bool:
    """Return whether a commit is reachable from a tip. If it is not in this clone, it is not."""
    return repository.objects.read(oid) is not None and is_ancestor(repository.git, oid, tip)


def list_owners(policy: Policy, change: Change) -> list[str]:
    """Return the owners whose approval a change may need, as written in CODEOWNERS, each once."""
    if policy.owners is None:
        return []
    paths = {*(one.path for one in change.paths), *(one.path for one in change.prompts)}
    rules = (rule for path in sorted(paths) for rule in policy.owners.match(path).required)
    return list(dict.fromkeys(owner for rule in rules for owner in rule.owners))


def _ask_github(
    event: ForgeEvent,
    environment: Mapping[str, str],
    limits: ForgeLimits | None,
    policy: Policy,
    change: Change,
    *,
    look: Callable[[str, str], Proposal],
) -> Approvals:
    from promptops.forge.connection import open_github
    from promptops.gate.approvals.github import read_github

    with open_github(event, environment, limits) as client:
        numbers = [] if event.number is None else [event.number]
        if event.queue is not None:
            numbers += client.queued(event.queue)
        return read_github(
            client,
            numbers,
            target=change.target,
            owners=list_owners(policy, change),
            groups=policy.groups,
            committers_may=policy.config.gate.committers,
            merges=change.merges,
            read_proposal=None if event.queue is None else look,
        )


def _ask_gitlab(
    event: ForgeEvent,
    environment: Mapping[str, str],
    limits: ForgeLimits | None,
    policy: Policy,
    change: Change,
    *,
    is_merged: Callable[[str], bool],
) -> Approvals:
    from promptops.forge.connection import open_gitlab
    from promptops.gate.approvals.gitlab import read_gitlab

    with open_gitlab(event, environment, limits) as client:
        return read_gitlab(
            client,
            event.number or 0,
            target=change.target,
            owners=list_owners(policy, change),
            groups=policy.groups,
            is_merged=is_merged,
        )
