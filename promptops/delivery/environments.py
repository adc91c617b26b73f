"""Read environments: append-only branches on which every commit is one numbered deployment.

With a remote, the environment is the remote's branch, otherwise the local branch. `deployments`
writes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptops.delivery import state as lock
from promptops.delivery.state import Entry, Point, State
from promptops.errors import (
    EnvironmentNotFoundError,
    GitError,
    IntegrityError,
    NotFoundError,
    RefusedError,
)
from promptops.git.history import ancestor, is_ancestor, rev_list
from promptops.git.message import one_line, parse_message
from promptops.git.objects import parse_commit
from promptops.git.refs import read_ref, short_name
from promptops.git.trees import FOLDER_MODE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from promptops.git.objects import Identity
    from promptops.git.trees import Change as TreeChange
    from promptops.prompt.version import Version
    from promptops.repository.repository import Repository

_REMEDY_SEARCH = 100
_EDITED = "the branch was edited by hand; run promptops verify"


NOTHING = "none"
"""The word for a prompt that is not deployed, in a deployment's message."""


class DeploymentChange(NamedTuple):
    """One prompt's change by a deployment, as text: versions with shares, or `none`."""

    name: str
    before: str
    after: str

    @property
    def sides(self) -> tuple[str, str]:
        """What was live and what is, for a person."""
        before, after = (
            "(not deployed)" if side == NOTHING else side for side in (self.before, self.after)
        )
        return before, after

    def __str__(self) -> str:
        """`support/triage 1.3.0 -> 1.4.0`, or `support/triage (not deployed) -> 1.0.0`."""
        return f"{self.name} {' -> '.join(self.sides)}"


class Deployment(NamedTuple):
    """One deployment: a commit of an environment branch, parsed from its message.

    Attributes:
        environment: the environment.
        number: its number, from 1.
        commit: the commit's object id.
        parent: the commit of the previous deployment; None for the first.
        tree: the commit's tree.
        action: promote, rollback, restore, retire, pause or resume.
        changes: its changes, by prompt.
        reason: the reason; may be empty.
        operation: a random id.
        author: who deployed it, and when.
        signature: the commit's signature, or None.
        trailers: all trailers, in order.
    """

    environment: str
    number: int
    commit: str
    parent: str | None
    tree: str
    action: str
    changes: tuple[DeploymentChange, ...]
    reason: str
    operation: str
    author: Identity
    signature: str | None
    trailers: tuple[tuple[str, str], ...]

    @property
    def point(self) -> Point:
        """Number and commit."""
        return Point(self.number, self.commit)


class Head(NamedTuple):
    """The newest deployment of an environment, and the state after it."""

    environment: str
    ref: str
    deployment: Deployment
    state: State


def branch(environment: str) -> str:
    """Return the full ref of an environment's branch in the repository that is written to."""
    return f"refs/heads/promptops/{environment}"


def tracking(repository: Repository, environment: str) -> str:
    """Return the full ref from which the environment is read: the remote-tracking branch if there
    is a remote.
    """
    if repository.remote is None:
        return branch(environment)
    return f"refs/remotes/{repository.remote}/promptops/{environment}"


def read_head(repository: Repository, environment: str) -> Head | None:
    """Return the newest deployment known to this clone; None if there is none."""
    return read_head_at(repository, environment, tracking(repository, environment))


def require_head(repository: Repository, environment: str) -> Head:
    """Return the newest deployment. Raises EnvironmentNotFoundError if there is none."""
    repository.config.environment(environment)
    head = read_head(repository, environment)
    if head is None:
        raise EnvironmentNotFoundError(
            f"{environment} has no deployments", hint=first_step(repository, environment)
        )
    return head


def first_step(repository: Repository, environment: str, *, is_current: bool = False) -> str:
    """Return the hint for an environment without a deployment known to this clone.

    Args:
        repository: the repository.
        environment: the environment's name.
        is_current: whether the remote was asked just now, so that a fetch brings nothing.
    """
    hint = f"create the first with promptops promote NAME --to {environment}"
    if repository.remote is not None:
        pattern = f"refs/heads/promptops/*:refs/remotes/{repository.remote}/promptops/*"
        if not is_current:
            hint = f"git fetch {repository.remote} '{pattern}' gets what is there; {hint}"
        if read_ref(repository.git, branch(environment)) is not None:
            hint = "the local branch has deployments that were never pushed: "
            hint += f"git push {repository.remote} promptops/{environment}"
    return hint


def read_head_at(repository: Repository, environment: str, ref: str) -> Head | None:
    """Return the newest deployment of `environment` on the branch `ref`; None if the branch is
    missing.
    """
    found = repository.objects.read(ref)
    if found is None:
        return None
    if found.kind != "commit":
        raise IntegrityError(
            f"{short_name(ref)} does not point to a commit",
            hint="restore the branch: only promptops writes environment branches",
        )
    try:
        deployment = parse_deployment(environment, found.oid, found.data)
        return Head(environment, ref, deployment, read_state(repository, found.oid))
    except IntegrityError as error:
        hint = _name_remedy(repository, environment, found.oid)
        raise IntegrityError(error.message, hint=hint or error.hint) from error


def _name_remedy(repository: Repository, environment: str, tip: str) -> str | None:
    """Return the command that repairs a manually edited environment: restore its newest valid
    deployment.
    """
    for oid in rev_list(repository.git, tip, limit=_REMEDY_SEARCH)[1:]:
        found = repository.objects.read(oid)
        if found is None:
            return None
        try:
            number = parse_deployment(environment, oid, found.data).number
            read_state(repository, oid)
        except IntegrityError:
            continue
        ref = branch(environment)
        if repository.remote is None:
            back = f"git update-ref {ref} {oid}"
        else:
            back = f"git push --force-with-lease={ref}:{tip} {repository.remote} {oid}:{ref}"
        return f"{_EDITED}; to go back to deployment {number}, the last valid one: {back}"
    return None


def count_pending(repository: Repository, environment: str) -> int:
    """Return the number of local deployments that are not on the remote."""
    if repository.remote is None or repository.objects.read(branch(environment)) is None:
        return 0
    local = read_ref(repository.git, branch(environment))
    if local is None:
        return 0
    known = read_ref(repository.git, tracking(repository, environment))
    return len(rev_list(repository.git, local, exclude=known))


def pending_remedy(repository: Repository, environment: str) -> str:
    """Return the command for pending deployments: push them, or drop them.

    They must be dropped if other deployments were faster, or if the remote refuses them. Until then
    no other deployment is possible.
    """
    drops = "drop "
    drops += "it" if count_pending(repository, environment) == 1 else "them"
    drops += f" with git branch -D promptops/{environment}"
    known = read_ref(repository.git, tracking(repository, environment))
    if known is None or is_ancestor(repository.git, known, branch(environment)):
        push = f"git push {repository.remote} promptops/{environment}"
        return f"{push}; if that is refused, {drops}"
    return f"others deployed meanwhile; {drops}"


def read_state(repository: Repository, commit: str) -> State:
    """Return the state after the deployment `commit`. Raises IntegrityError if its files are
    invalid.
    """
    lock_file, undo_file = repository.objects.read_many(
        [f"{commit}:{lock.LOCK_FILE}", f"{commit}:{lock.UNDO_FILE}"]
    )
    for name, found in ((lock.LOCK_FILE, lock_file), (lock.UNDO_FILE, undo_file)):
        if found is None or found.kind != "blob":
            raise IntegrityError(
                f"deployment {commit[:12]} has no {name}",
                hint="restore the branch: it was edited by hand or not written by promptops",
            )
    assert lock_file is not None  # noqa: S101 - just checked
    assert undo_file is not None  # noqa: S101 - just checked
    return State(lock.parse_lock(lock_file.data), lock.parse_undo(undo_file.data))


def read_point(repository: Repository, environment: str, point: Point) -> State:
    """Return the state after an older deployment.

    Raises GitError if this clone lacks it, and IntegrityError if it has another number.
    """
    found = repository.objects.read(point.commit)
    if found is None:
        raise GitError(
            f"deployment {point.deployment} of {environment} is not in this clone",
            hint="run git fetch --unshallow to get the whole history",
        )
    deployment = parse_deployment(environment, found.oid, found.data)
    if deployment.number != point.deployment:
        raise IntegrityError(
            f"{lock.UNDO_FILE} says deployment {point.deployment}, "
            f"its commit says {deployment.number}",
            hint="restore a whole state with promptops rollback --to-deployment N; "
            "run promptops verify",
        )
    return read_state(repository, point.commit)


def parse_deployment(environment: str, oid: str, data: bytes) -> Deployment:
    """Parse a deployment from its commit. Raises IntegrityError if the commit is not one."""
    commit = parse_commit(data)
    message = parse_message(commit.message)
    number = message.value("Deployment") or ""
    action = message.value("Action")
    is_number = number.isdigit() and number.isascii() and len(number) < 19
    if not is_number or action is None or len(commit.parents) > 1:
        raise IntegrityError(
            f"commit {oid[:12]} on {environment} is not a deployment",
            hint="only promptops writes environment branches; run promptops verify",
        )
    if not message.title.startswith(f"{environment}: "):
        # Even a signed deployment of one environment is not valid for another.
        raise IntegrityError(
            f"commit {oid[:12]} on {environment} is a deployment of another environment",
            hint="the branch was moved by hand; run promptops verify",
        )
    return Deployment(
        environment=environment,
        number=int(number),
        commit=oid,
        parent=commit.parents[0] if commit.parents else None,
        tree=commit.tree,
        action=action,
        changes=_read_changes(message.trailers),
        reason=message.value("Reason") or "",
        operation=message.value("Operation") or "",
        author=commit.author,
        signature=commit.signature,
        trailers=message.trailers,
    )


def _read_changes(trailers: Iterable[tuple[str, str]]) -> tuple[DeploymentChange, ...]:
    changes: list[DeploymentChange] = []
    for key, value in trailers:
        if key == "Prompt":
            changes.append(DeploymentChange(value, NOTHING, NOTHING))
        elif key == "From" and changes:
            changes[-1] = DeploymentChange(changes[-1].name, value, changes[-1].after)
        elif key == "To" and changes:
            changes[-1] = DeploymentChange(changes[-1].name, changes[-1].before, value)
    return tuple(changes)


def list_deployments(
    repository: Repository, environment: str, *, name: str | None = None, limit: int | None = None
) -> list[Deployment]:
    """Return the deployments of an environment, newest first, at most `limit`; with `name`, those
    that changed this prompt.
    """
    head = require_head(repository, environment)
    oids = rev_list(repository.git, head.deployment.commit, limit=None if name else limit)
    deployments = [
        parse_deployment(environment, found.oid, found.data)
        for found in repository.objects.read_many(oids)
        if found is not None
    ]
    if name is not None:
        deployments = [one for one in deployments if any(c.name == name for c in one.changes)]
    return deployments[:limit]


def find_deployment(repository: Repository, head: Head, number: int) -> Deployment:
    """Return deployment `number`, an ancestor of `head`. Raises NotFoundError if there is none."""
    newest = head.deployment.number
    if not 1 <= number <= newest:
        raise NotFoundError(
            f"{head.environment} has no deployment {number}",
            hint=f"they are numbered from 1 to {newest}: "
            f"promptops history --env {head.environment}",
        )
    oid = ancestor(repository.git, head.deployment.commit, newest - number)
    found = None if oid is None else repository.objects.read(oid)
    if found is None:
        raise GitError(
            f"deployment {number} of {head.environment} is not in this clone",
            hint="run git fetch --unshallow to get the whole history",
        )
    deployment = parse_deployment(head.environment, found.oid, found.data)
    if deployment.number != number:
        raise IntegrityError(
            f"the deployments of {head.environment} are not numbered one by one",
            hint="the branch was edited by hand; run promptops verify",
        )
    return deployment


def describe_title(environment: str, action: str, changes: Sequence[DeploymentChange]) -> str:
    """Return the title of a deployment's message."""
    what = (
        f"{changes[0].name} {changes[0].after}" if len(changes) == 1 else f"{len(changes)} prompts"
    )
    return f"{environment}: {action} {what}"


def describe_entry(entry: Entry | None) -> str:
    """Return the text for a prompt in a deployment's message: versions with shares, or `none`."""
    if entry is None:
        return NOTHING
    return entry.describe() + (" (paused)" if entry.paused is not None else "")


def describe_changes(before: State, after: State) -> tuple[DeploymentChange, ...]:
    """Return the changes between two states, for a deployment's trailers."""
    return tuple(
        DeploymentChange(
            name, describe_entry(before.entries.get(name)), describe_entry(after.entries.get(name))
        )
        for name in lock.changed_names(before, after)
    )


def change_tree(
    before: State, after: State, texts: Mapping[str, str | Mapping[str, bytes]]
) -> dict[str, TreeChange]:
    """Return the changes to the tree of a deployment with the state `before`: path -> change.

    `texts`: folder -> texts of a release, as the id of an existing tree or as files.
    """
    old, new = lock.release_folders(before), lock.release_folders(after)
    changes: dict[str, TreeChange] = {
        lock.LOCK_FILE: lock.format_lock(after),
        lock.UNDO_FILE: lock.format_undo(after),
    }
    changes.update(dict.fromkeys(old - new))
    for folder in new - old:
        source = texts[folder]
        if isinstance(source, str):
            changes[folder] = (FOLDER_MODE, source)
        else:
            changes.update({f"{folder}/{path}": data for path, data in source.items()})
    return changes


def list_trailers(
    number: int,
    action: str,
    changes: Iterable[DeploymentChange],
    *,
    tags: Mapping[str, str],
    reason: str,
    operation: str,
) -> list[tuple[str, str]]:
    """Return the trailers of a deployment, in their order.

    `tags` are the tag objects of the releases that a promotion makes live, by prompt name; the
    other arguments become trailers.
    """
    trailers = [("Deployment", str(number)), ("Action", action)]
    for change in changes:
        trailers += [("Prompt", change.name), ("From", change.before), ("To", change.after)]
        if change.name in tags:
            trailers.append(("Release-Tag", tags[change.name]))
    if one_line(reason):
        trailers.append(("Reason", one_line(reason)))
    return [*trailers, ("Operation", operation)]


def live_version(repository: Repository, name: str, environment: str) -> Version:
    """Return the only live version of `name` in `environment`.

    Raises NotDeployedError if there is none, and RefusedError if traffic is split between two.
    """
    head = require_head(repository, environment)
    entry = head.state.require(name, environment)
    if len(entry.live) > 1:
        raise RefusedError(
            f"{name} splits its traffic in {environment}: {entry.describe()}",
            hint=f"say which version is meant: {name}@{entry.live[-1].version}",
        )
    return entry.live[0].version


def live_names(repository: Repository, environment: str) -> list[str]:
    """Return the names of all prompts that are live in `environment`, sorted."""
    return sorted(require_head(repository, environment).state.entries)


def last_fetch(repository: Repository, environment: str | None = None) -> float | None:
    """Return when this clone last fetched from its remote, by the times of its files.

    Args:
        repository: the clone.
        environment: the fetched environment; None: all of them.

    Returns:
        Seconds since 1970; None if unknown, or if there is no remote.
    """
    if repository.remote is None:
        return None
    git = repository.git
    places = [
        refresh_stamp(repository),
        git.git_dir / "FETCH_HEAD",
        git.common_dir / "FETCH_HEAD",
        # The only one of these files in a fresh clone.
        git.common_dir / f"refs/remotes/{repository.remote}/HEAD",
    ]
    if environment is not None:
        ref = f"refs/remotes/{repository.remote}/promptops/{environment}"
        places += [git.common_dir / ref, git.common_dir / "logs" / ref]
    times = []
    for place in places:
        try:
            times.append(place.stat().st_mtime)
        except OSError:
            continue
    return max(times, default=None)


def refresh_stamp(repository: Repository) -> Path:
    """Return the file whose time records the last fetch of all environments and releases."""
    return repository.git.common_dir / "promptops" / "refreshed"
