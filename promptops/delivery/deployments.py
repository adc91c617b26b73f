"""Deploy: apply an action to an environment's branch.

Read the tip, compute the new state by an action, write one commit on top, and update the branch by
compare-and-swap; `places` says which branch.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from promptops.delivery.environments import (
    Deployment,
    DeploymentChange,
    Head,
    change_tree,
    describe_changes,
    describe_entry,
    describe_title,
    list_trailers,
    parse_deployment,
)
from promptops.delivery.places import choose_place
from promptops.delivery.state import State
from promptops.errors import (
    ConflictError,
)
from promptops.git.history import write_commit
from promptops.git.message import format_message
from promptops.git.trees import splice

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from promptops.repository.repository import Repository

_RETRY_SECONDS = 60.0
_FEW = 5


class DeploymentStep(NamedTuple):
    """The next state, computed by an action.

    Attributes:
        state: the new state.
        texts: folder -> texts of a release, as the id of an existing tree or as files.
        tree: the id of the whole tree if an older one is restored unchanged.
    """

    state: State
    texts: Mapping[str, str | Mapping[str, bytes]]
    tree: str | None = None


class Action(NamedTuple):
    """One action, to be applied to the current state.

    Attributes:
        verb: promote, rollback, restore, retire, pause or resume.
        names: the prompts it touches; None: all.
        apply: computes the step from the current state and deployment (None before the first).
        tags: the tag objects of the releases it makes live, by prompt name.
    """

    verb: str
    names: tuple[str, ...] | None
    apply: Callable[[State, Head | None], DeploymentStep]
    tags: Mapping[str, str]


class DeploymentOutcome(NamedTuple):
    """The result of a deployment, or of its dry run.

    Attributes:
        environment: the environment.
        changes: the change of each prompt; empty if there is nothing to do.
        deployment: the new deployment; None if there was nothing to do, or in a dry run.
        before: what was live.
        after: what is live now, or would be.
        pending: whether it is local only and must still be pushed.
        changed: whether the state changes, perhaps only in what a rollback would do.
    """

    environment: str
    changes: tuple[DeploymentChange, ...]
    deployment: Deployment | None
    before: State
    after: State
    pending: bool = False
    changed: bool = False


def deploy(
    repository: Repository,
    environment: str,
    action: Action,
    *,
    reason: str = "",
    local: bool = False,
    dry_run: bool = False,
    agreed: tuple[DeploymentChange, ...] | None = None,
) -> DeploymentOutcome:
    """Apply `action` to the environment as one deployment.

    With `local`, the deployment stays in this clone until it is pushed. With `dry_run`, nothing
    changes. `reason` goes into the commit's message. After a lost race, retry for up to a minute as
    long as the touched prompts are unchanged.

    Raises:
        ConflictError: a touched prompt changed meanwhile, or the changes differ from those
            `agreed`.
        RemoteError: the remote cannot be reached; nothing has changed.
        UnclearPushError: it is unknown whether the remote has the deployment.
    """
    import time

    place = choose_place(repository, environment, local=local)
    if action.verb == "pause":
        place.limits = repository.config.timeouts.pause
    place.refresh()
    deadline = time.monotonic() + _RETRY_SECONDS
    head = place.read()
    losses = 0
    while True:
        began = time.monotonic()
        state = head.state if head else State()
        step = action.apply(state, head)
        changes = describe_changes(state, step.state)
        if agreed is not None and changes != agreed:
            raise _overtaken(environment, head, tuple(change.name for change in agreed))
        if not changes and step.state == state:
            return DeploymentOutcome(environment, (), None, state, state)
        outcome = DeploymentOutcome(environment, changes, None, state, step.state, changed=True)
        if dry_run:
            return outcome
        commit = _write_deployment(
            repository, environment, action, head=head, step=step, changes=changes, reason=reason
        )
        if place.move(commit, head):
            found = repository.objects.read(commit)
            assert found is not None  # noqa: S101 - written above
            made = parse_deployment(environment, commit, found.data)
            return outcome._replace(deployment=made, pending=place.is_pending)
        if time.monotonic() > deadline:
            raise _out_of_time(environment, place.lock_held)
        losses += 1
        _wait(losses, time.monotonic() - began)
        place.refresh_branch()
        newer = place.read()
        _refuse_overtaken(environment, action, state, newer)
        head = newer


def _out_of_time(environment: str, lock_held: str) -> ConflictError:
    if lock_held:
        return ConflictError(
            f"the branch of {environment} stayed locked, so nothing was deployed: {lock_held}",
            hint="if no push is running, a crash left that file, and it may be removed there",
        )
    return ConflictError(
        f"{environment} kept changing for {_RETRY_SECONDS:.0f} s; nothing was deployed",
        hint="run the command again",
    )


def _wait(losses: int, attempt_seconds: float) -> None:
    """Wait a random time before the next attempt.

    The wait grows with the number of attempts and with the duration of one: the longer an attempt
    takes, the more likely simultaneous ones fail again.
    """
    import random
    import time

    seconds = max(0.05, min(losses, 4) * 0.5 * attempt_seconds)
    time.sleep(seconds * random.uniform(0.5, 1.5))  # noqa: S311 - jitter, not secrecy


def _refuse_overtaken(environment: str, action: Action, seen: State, newer: Head | None) -> None:
    now = newer.state if newer else State()
    names = action.names
    if names is None:
        names = tuple(sorted(seen.entries.keys() | now.entries.keys()))
    moved = tuple(name for name in names if seen.touches(name) != now.touches(name))
    if moved:
        raise _overtaken(environment, newer, moved)


def _overtaken(environment: str, newer: Head | None, names: Sequence[str]) -> ConflictError:
    hint = f"nothing was changed; check promptops history --env {environment}, then try again"
    if newer is None:
        return ConflictError(f"all deployments of {environment} are gone", hint=hint)
    entries = newer.state.entries
    live = ", ".join(f"{name} {describe_entry(entries.get(name))}" for name in names[:_FEW])
    return ConflictError(
        f"{newer.deployment.author.name} deployed to {environment} at the same time; "
        f"live now: {live} (deployment {newer.deployment.number})",
        hint=hint,
    )


def _write_deployment(
    repository: Repository,
    environment: str,
    action: Action,
    *,
    head: Head | None,
    step: DeploymentStep,
    changes: tuple[DeploymentChange, ...],
    reason: str,
) -> str:
    trailers = list_trailers(
        head.deployment.number + 1 if head else 1,
        action.verb,
        changes,
        tags=action.tags,
        reason=reason,
        operation=os.urandom(16).hex(),
    )
    message = format_message(describe_title(environment, action.verb, changes), "", trailers)
    tree = step.tree or _write_tree(repository, head, step)
    parents = [head.deployment.commit] if head else []
    is_signed = repository.signs_commits
    return write_commit(repository.git, tree, parents, message, is_signed=is_signed)


def _write_tree(repository: Repository, head: Head | None, step: DeploymentStep) -> str:
    changes = change_tree(head.state if head else State(), step.state, step.texts)
    root = head.deployment.tree if head else None
    return splice(repository.git, repository.objects, root, changes)
