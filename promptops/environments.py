"""Environments: append-only branches on which every commit is one numbered deployment.

Reading gives the state of a deployment. Writing is always the same movement: read the tip, let a
pure function from `lock` make the new state of it, write one commit on top, and move the branch
only if it still is where it was read. With a remote, the remote's branch is the environment and
the move is a push; without one it is the local branch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops import lock
from promptops.errors import (
    ConfigurationError,
    ConflictError,
    EnvironmentNotFoundError,
    GitError,
    IntegrityError,
    NotDeployedError,
    NotFoundError,
    RefusedError,
    RemoteError,
    RemoteRefNotFoundError,
    UsageError,
)
from promptops.git.history import ancestor, is_ancestor, rev_list, write_commit
from promptops.git.objects import parse_commit
from promptops.git.refs import RefUpdate, read_ref, short_name, update_refs
from promptops.git.remote import PushRef, PushStatus, list_remote, push
from promptops.git.remote import fetch as git_fetch
from promptops.git.trees import splice
from promptops.lock import Entry, Live, Point, State
from promptops.message import format_message, one_line, parse_message
from promptops.reference import PromptRef, Selector, SelectorKind
from promptops.releases import (
    find_yank,
    is_merged,
    load_released,
    offer_local,
    refused_by_remote,
    require_release,
    select_release,
    sync_releases,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from promptops.git.objects import Identity
    from promptops.release import Release
    from promptops.repository import Repository
    from promptops.version import Version

_RETRY_SECONDS = 60.0
_TREE_MODE = "040000"
_REMEDY_SEARCH = 100
_FEW = 5
_EDITED = "the branch was edited by hand: promptops verify says how"


@dataclass(frozen=True, slots=True)
class Change:
    """What a deployment did to one prompt, in words: versions with their shares, or `none`."""

    name: str
    before: str
    after: str

    def __str__(self) -> str:
        """`support/triage 1.3.0 -> 1.4.0`."""
        return f"{self.name} {self.before} -> {self.after}"


@dataclass(frozen=True, slots=True)
class Deployment:
    """One commit of an environment branch, as its message says.

    Attributes:
        environment: the environment.
        number: counted from 1.
        commit: the commit's object id.
        parent: the deployment before, or None for the first.
        tree: the commit's tree.
        action: promote, rollback, restore, retire, pause or resume.
        changes: what it did to which prompts.
        reason: why, or an empty text.
        operation: the random id of the run that made it.
        author: who deployed, when.
        signature: the commit's signature, or None.
        trailers: all trailers, in order.
    """

    environment: str
    number: int
    commit: str
    parent: str | None
    tree: str
    action: str
    changes: tuple[Change, ...]
    reason: str
    operation: str
    author: Identity
    signature: str | None
    trailers: tuple[tuple[str, str], ...]

    @property
    def point(self) -> Point:
        """Number and commit."""
        return Point(self.number, self.commit)


@dataclass(frozen=True, slots=True)
class Head:
    """The newest deployment of an environment and the state it left."""

    environment: str
    ref: str
    deployment: Deployment
    state: State


def branch(environment: str) -> str:
    """The full ref of an environment's branch where it is written."""
    return f"refs/heads/promptops/{environment}"


def tracking(repository: Repository, environment: str) -> str:
    """The full ref that readers take for the environment: the remote's where there is one."""
    if repository.remote is None:
        return branch(environment)
    return f"refs/remotes/{repository.remote}/promptops/{environment}"


def read_head(repository: Repository, environment: str) -> Head | None:
    """The newest deployment, as far as this clone knows; None when there is none."""
    return _read_head(repository, environment, tracking(repository, environment))


def require_head(repository: Repository, environment: str) -> Head:
    """The newest deployment; EnvironmentNotFoundError when there is none."""
    repository.config.environment(environment)
    head = read_head(repository, environment)
    if head is not None:
        return head
    hint = f"promptops promote NAME --to {environment} makes the first"
    if repository.remote is not None:
        pattern = f"refs/heads/promptops/*:refs/remotes/{repository.remote}/promptops/*"
        hint = f"git fetch {repository.remote} '{pattern}' gets what is there; {hint}"
        if read_ref(repository.git, branch(environment)) is not None:
            hint = "the local branch has deployments that were never pushed: "
            hint += f"git push {repository.remote} promptops/{environment}"
    raise EnvironmentNotFoundError(f"{environment} has no deployments", hint=hint)


def _read_head(repository: Repository, environment: str, ref: str) -> Head | None:
    found = repository.objects.read(ref)
    if found is None:
        return None
    if found.kind != "commit":
        raise IntegrityError(
            f"{short_name(ref)} does not lead to a commit",
            hint="environment branches are written by promptops alone; put back the one there was",
        )
    try:
        deployment = parse_deployment(environment, found.oid, found.data)
        return Head(environment, ref, deployment, read_state(repository, found.oid))
    except IntegrityError as error:
        hint = _name_remedy(repository, environment, found.oid)
        raise IntegrityError(error.message, hint=hint or error.hint) from error


def _name_remedy(repository: Repository, environment: str, tip: str) -> str | None:
    """What gets an environment out of an edit by hand: back to its newest sound deployment."""
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
        return f"{_EDITED}; to go back to deployment {number}, the last sound one: {back}"
    return None


def count_pending(repository: Repository, environment: str) -> int:
    """How many deployments of the local branch the remote does not have."""
    if repository.remote is None or repository.objects.read(branch(environment)) is None:
        return 0
    local = read_ref(repository.git, branch(environment))
    if local is None:
        return 0
    known = read_ref(repository.git, tracking(repository, environment))
    return len(rev_list(repository.git, local, exclude=known))


def pending_remedy(repository: Repository, environment: str) -> str:
    """The command for pending deployments: push them, or drop them where others were faster."""
    known = read_ref(repository.git, tracking(repository, environment))
    if known is None or is_ancestor(repository.git, known, branch(environment)):
        return f"git push {repository.remote} promptops/{environment}"
    return f"others deployed meanwhile; git branch -D promptops/{environment} drops them"


def read_state(repository: Repository, commit: str) -> State:
    """The state that the deployment `commit` left; IntegrityError when its files are not valid."""
    lock_file, undo_file = repository.objects.read_many(
        [f"{commit}:{lock.LOCK_FILE}", f"{commit}:{lock.UNDO_FILE}"]
    )
    for name, found in ((lock.LOCK_FILE, lock_file), (lock.UNDO_FILE, undo_file)):
        if found is None or found.kind != "blob":
            raise IntegrityError(
                f"deployment {commit[:12]} has no {name}",
                hint="the branch was not written by promptops, or was edited by hand",
            )
    assert lock_file is not None  # noqa: S101 - just checked
    assert undo_file is not None  # noqa: S101 - just checked
    return State(lock.parse_lock(lock_file.data), lock.parse_undo(undo_file.data))


def parse_deployment(environment: str, oid: str, data: bytes) -> Deployment:
    """Read a deployment from its commit; IntegrityError when the commit is none."""
    commit = parse_commit(data)
    message = parse_message(commit.message)
    number = message.value("Deployment") or ""
    action = message.value("Action")
    is_number = number.isdigit() and number.isascii() and len(number) < 19
    if not is_number or action is None or len(commit.parents) > 1:
        raise IntegrityError(
            f"commit {oid[:12]} on {environment} is not a deployment",
            hint="environment branches are written by promptops alone; promptops verify says more",
        )
    if not message.title.startswith(f"{environment}: "):
        # Signed or not: what was decided for one environment is not decided for another.
        raise IntegrityError(
            f"commit {oid[:12]} on {environment} is a deployment of another environment",
            hint="the branch was moved by hand; promptops verify says more",
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


def _read_changes(trailers: Iterable[tuple[str, str]]) -> tuple[Change, ...]:
    changes: list[Change] = []
    for key, value in trailers:
        if key == "Prompt":
            changes.append(Change(value, "none", "none"))
        elif key == "From" and changes:
            changes[-1] = Change(changes[-1].name, value, changes[-1].after)
        elif key == "To" and changes:
            changes[-1] = Change(changes[-1].name, changes[-1].before, value)
    return tuple(changes)


def list_deployments(
    repository: Repository, environment: str, *, name: str | None = None, limit: int | None = None
) -> list[Deployment]:
    """The deployments of an environment, newest first; with `name`, those that changed it."""
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
    """The ancestor of `head` with that number; NotFoundError when there is none."""
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
            hint="git fetch --unshallow gets the whole history",
        )
    deployment = parse_deployment(head.environment, found.oid, found.data)
    if deployment.number != number:
        raise IntegrityError(
            f"the deployments of {head.environment} are not numbered one by one",
            hint="the branch was edited by hand; promptops verify says where",
        )
    return deployment


# Writing


@dataclass(frozen=True, slots=True)
class Step:
    """What an action makes of the tip it finds.

    Attributes:
        state: the new state.
        texts: the texts of releases, by their folder: the id of a tree that exists, or the files.
        tree: the whole tree, where an older one is restored as it was.
    """

    state: State
    texts: Mapping[str, str | Mapping[str, bytes]]
    tree: str | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """One kind of deployment, ready to be applied to whatever the tip turns out to be.

    Attributes:
        verb: promote, rollback, restore, retire, pause or resume.
        names: the prompts it touches; None when it touches everything.
        apply: makes the step from the tip's state and its point (None before the first).
        tags: the tag objects of the releases it makes live, by prompt name.
    """

    verb: str
    names: tuple[str, ...] | None
    apply: Callable[[State, Head | None], Step]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a deployment did, or would do.

    Attributes:
        environment: the environment.
        changes: what changes for which prompts; empty when all was so already.
        deployment: the deployment made, or None (nothing to change, or a dry run).
        pending: whether it was made locally and still has to be pushed.
        changed: whether the state changes, if only in what a rollback would do.
    """

    environment: str
    changes: tuple[Change, ...]
    deployment: Deployment | None
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
    agreed: tuple[Change, ...] | None = None,
) -> Outcome:
    """Apply `action` to the environment as one deployment, all or nothing.

    A lost race is repeated while what the action touches is unchanged, for up to a minute; else
    ConflictError says what is live now, as it does when the changes are not those `agreed` to
    beforehand. RemoteError when the remote cannot be reached: nothing has changed then.
    """
    import time

    place = _Place.of(repository, environment, local=local)
    place.refresh()
    deadline = time.monotonic() + _RETRY_SECONDS
    head = place.read()
    pause_seconds = 0.05
    while True:
        state = head.state if head else State()
        step = action.apply(state, head)
        changes = describe_changes(state, step.state)
        if agreed is not None and changes != agreed:
            raise _overtaken(environment, head, tuple(change.name for change in agreed))
        if not changes and step.state == state:
            return Outcome(environment, (), None)
        if dry_run:
            return Outcome(environment, changes, None, changed=True)
        commit = _write_deployment(
            repository, environment, action, head=head, step=step, changes=changes, reason=reason
        )
        if place.move(commit, head):
            found = repository.objects.read(commit)
            assert found is not None  # noqa: S101 - written above
            made = parse_deployment(environment, commit, found.data)
            return Outcome(environment, changes, made, place.is_pending, changed=True)
        if time.monotonic() > deadline:
            raise _out_of_time(environment, place.lock_held)
        pause_seconds = _wait(pause_seconds)
        place.refresh_branch()
        newer = place.read()
        _refuse_overtaken(environment, action, state, newer)
        head = newer


def _out_of_time(environment: str, lock_held: str) -> ConflictError:
    if lock_held:
        return ConflictError(
            f"the branch of {environment} stayed locked, so nothing was deployed: {lock_held}",
            hint="where no push is running, that file was left by a crash and may be removed there",
        )
    return ConflictError(
        f"{environment} kept changing for {_RETRY_SECONDS:.0f} s; nothing was deployed",
        hint="run the command again",
    )


def _wait(seconds: float) -> float:
    """Wait about that long, never quite as long as the others; return the next wait."""
    import random
    import time

    time.sleep(seconds * random.uniform(0.5, 1.5))  # noqa: S311 - jitter, not secrecy
    return min(seconds * 1.5, 1.0)


def _refuse_overtaken(environment: str, action: Action, seen: State, newer: Head | None) -> None:
    now = newer.state if newer else State()
    names = action.names
    if names is None:
        names = tuple(sorted(seen.entries.keys() | now.entries.keys()))
    moved = tuple(name for name in names if seen.touches(name) != now.touches(name))
    if moved:
        raise _overtaken(environment, newer, moved)


def _overtaken(environment: str, newer: Head | None, names: Sequence[str]) -> ConflictError:
    hint = f"nothing was changed; look at promptops history --env {environment}, then decide again"
    if newer is None:
        return ConflictError(f"all deployments of {environment} are gone", hint=hint)
    entries = newer.state.entries
    live = ", ".join(f"{name} {_describe(entries.get(name))}" for name in names[:_FEW])
    return ConflictError(
        f"{newer.deployment.author.name} deployed to {environment} at the same time; "
        f"live now: {live} (deployment {newer.deployment.number})",
        hint=hint,
    )


def _describe(entry: Entry | None) -> str:
    if entry is None:
        return "none"
    return entry.describe() + (" (paused)" if entry.paused is not None else "")


def describe_changes(before: State, after: State) -> tuple[Change, ...]:
    """What a deployment that made `after` of `before` has to say in its trailers."""
    return tuple(
        Change(name, _describe(before.entries.get(name)), _describe(after.entries.get(name)))
        for name in lock.changed_names(before, after)
    )


def _write_deployment(
    repository: Repository,
    environment: str,
    action: Action,
    *,
    head: Head | None,
    step: Step,
    changes: tuple[Change, ...],
    reason: str,
) -> str:
    import secrets

    number = head.deployment.number + 1 if head else 1
    trailers = [("Deployment", str(number)), ("Action", action.verb)]
    for change in changes:
        trailers += [("Prompt", change.name), ("From", change.before), ("To", change.after)]
        if change.name in action.tags:
            trailers.append(("Release-Tag", action.tags[change.name]))
    if one_line(reason):
        trailers.append(("Reason", reason))
    trailers.append(("Operation", secrets.token_hex(16)))
    what = (
        f"{changes[0].name} {changes[0].after}" if len(changes) == 1 else f"{len(changes)} prompts"
    )
    message = format_message(f"{environment}: {action.verb} {what}", "", trailers)
    tree = step.tree or _write_tree(repository, head, step)
    parents = [head.deployment.commit] if head else []
    return write_commit(repository.git, tree, parents, message)


def _write_tree(repository: Repository, head: Head | None, step: Step) -> str:
    before = _folders(head.state) if head else frozenset()
    after = _folders(step.state)
    entries: dict[str, bytes | tuple[str, str] | None] = {
        lock.LOCK_FILE: lock.format_lock(step.state),
        lock.UNDO_FILE: lock.format_undo(step.state),
    }
    entries.update(dict.fromkeys(before - after))
    for folder in after - before:
        source = step.texts[folder]
        if isinstance(source, str):
            entries[folder] = (_TREE_MODE, source)
        else:
            entries.update({f"{folder}/{path}": data for path, data in source.items()})
    return splice(
        repository.git, repository.objects, head.deployment.tree if head else None, entries
    )


def _folders(state: State) -> frozenset[str]:
    return frozenset(
        lock.release_folder(name, live.version)
        for name, entry in state.entries.items()
        for live in entry.live
    )


def _refuse_unnamed_remote(repository: Repository) -> None:
    """Refuse to call a deployment done that reached none of the repository's remotes."""
    if repository.git.is_bare:
        return
    others = repository.git.run("remote").text.split()
    if others:
        raise ConfigurationError(
            f"this clone has no remote '{repository.config.remote}', where the environments are; "
            f"it has {', '.join(others)}",
            hint=f'write remote = "{others[0]}" into promptops.toml, or deploy with --local',
        )


class _Place:
    """Where an environment is written: how its branch is read anew and moved."""

    is_pending = False
    lock_held = ""  # what the other side said when it last found the branch locked

    def __init__(self, repository: Repository, environment: str) -> None:
        self._repository = repository
        self._environment = environment
        self._ref = branch(environment)

    @staticmethod
    def of(repository: Repository, environment: str, *, local: bool) -> _Place:
        repository.config.environment(environment)
        if repository.remote is None:
            if not local:
                _refuse_unnamed_remote(repository)
            return _Place(repository, environment)
        return (_PendingPlace if local else _RemotePlace)(repository, environment)

    def refresh(self) -> None:
        """Learn what others did since, before the first try."""

    def refresh_branch(self) -> None:
        """Learn where the branch is now, after a lost race."""

    def read(self) -> Head | None:
        return _read_head(self._repository, self._environment, self._ref)

    def move(self, commit: str, head: Head | None) -> bool:
        """Move the branch from `head` to `commit`; False when it is no longer there."""
        update = RefUpdate(self._ref, commit, head.deployment.commit if head else None)
        try:
            update_refs(self._repository.git, [update], "promptops deploy")
        except ConflictError:
            return False
        return True


class _PendingPlace(_Place):
    """The local branch beside a remote: deployments wait there until they are pushed."""

    is_pending = True

    def read(self) -> Head | None:
        repository = self._repository
        local = read_ref(repository.git, self._ref)
        known = read_ref(repository.git, tracking(repository, self._environment))
        if local is None or (known is not None and is_ancestor(repository.git, local, known)):
            return _read_head(
                repository, self._environment, tracking(repository, self._environment)
            )
        if known is not None and not is_ancestor(repository.git, known, local):
            raise GitError(
                f"the local branch promptops/{self._environment} and the one of "
                f"{repository.remote} went separate ways",
                hint=f"git branch -D promptops/{self._environment} drops the local deployments",
            )
        return super().read()

    def move(self, commit: str, head: Head | None) -> bool:
        local = read_ref(self._repository.git, self._ref)
        expected = head.deployment.commit if head else None
        if (
            local is not None
            and local != expected
            and not is_ancestor(self._repository.git, local, expected or local)
        ):
            return False
        try:
            update_refs(
                self._repository.git, [RefUpdate(self._ref, commit, local)], "promptops deploy"
            )
        except ConflictError:
            return False
        return True


class _RemotePlace(_Place):
    """The remote's branch, moved by a push that fails when somebody was faster."""

    def __init__(self, repository: Repository, environment: str) -> None:
        super().__init__(repository, environment)
        self._tracking = tracking(repository, environment)

    def refresh(self) -> None:
        fetch_environments(self._repository, [self._environment])
        pending = count_pending(self._repository, self._environment)
        if pending:
            # A deployment beside them would leave them behind, a pause among them.
            count = "1 deployment" if pending == 1 else f"{pending} deployments"
            raise RefusedError(
                f"{self._environment} has {count} here that were never pushed to "
                f"{self._repository.remote}",
                hint=pending_remedy(self._repository, self._environment),
            )

    def refresh_branch(self) -> None:
        repository = self._repository
        before = read_ref(repository.git, self._tracking)
        self.refresh()
        if before is None or read_ref(repository.git, self._tracking) != before:
            return
        # A fetch does not tell that the branch is no longer there.
        assert repository.remote is not None  # noqa: S101 - this place is chosen by it
        if self._ref not in list_remote(repository.git, repository.remote, [self._ref]):
            raise IntegrityError(
                f"somebody deleted promptops/{self._environment} on {repository.remote}",
                hint="to put it back as it was: "
                f"git push {repository.remote} {self._tracking}:{self._ref}",
            )

    def read(self) -> Head | None:
        return _read_head(self._repository, self._environment, self._tracking)

    def move(self, commit: str, head: Head | None) -> bool:
        repository = self._repository
        assert repository.remote is not None  # noqa: S101 - this place is chosen by it
        old = head.deployment.commit if head else None
        # A lease is a forced push: only the parent makes this an append.
        found = repository.objects.read(commit)
        if found is None or parse_commit(found.data).parents != ((old,) if old else ()):
            raise GitError(
                "the new deployment does not stand on the one it replaces",
                hint="nothing was deployed; run the command again",
            )
        try:
            (result,) = push(
                repository.git, repository.remote, [PushRef(commit, self._ref, old)], atomic=False
            )
        except RemoteError:
            # The connection may have broken after the remote took it: ask before saying no.
            self.refresh()
            tip = read_ref(repository.git, self._tracking)
            if tip is not None and is_ancestor(repository.git, commit, tip):
                return True
            raise
        if result.status in {PushStatus.PUSHED, PushStatus.UP_TO_DATE}:
            self._follow(commit)
            return True
        if result.status in {PushStatus.STALE, PushStatus.BUSY}:
            self.lock_held = result.reason if result.status is PushStatus.BUSY else ""
            return False
        raise refused_by_remote(repository.remote, "deployment", result.reason)

    def _follow(self, commit: str) -> None:
        """Let the remote-tracking branch show what was just pushed."""
        known = read_ref(self._repository.git, self._tracking)
        if known != commit:
            try:
                update_refs(
                    self._repository.git,
                    [RefUpdate(self._tracking, commit, known)],
                    "promptops deploy",
                )
            except ConflictError:
                return  # another fetch moved it on, which is as good


def fetch_environments(repository: Repository, environments: Iterable[str]) -> None:
    """Fetch environments from the remote. A branch that lost history is an IntegrityError."""
    remote = repository.remote
    if remote is None:
        return
    for environment in dict.fromkeys(environments):
        ref = tracking(repository, environment)
        _refuse_in_the_way(repository, f"refs/remotes/{remote}/promptops", ref)
        # A pattern, since a branch that is not there yet is no error.
        try:
            git_fetch(repository.git, remote, [f"{branch(environment)}*:{ref}*"])
        except ConflictError as error:
            raise IntegrityError(
                f"{environment} lost deployments on {remote} since the last fetch: "
                "somebody rewrote the branch there",
                hint=f"to put them back: git push {remote} {ref}:{branch(environment)}; "
                f"or, if it was meant: git update-ref -d {ref}",
            ) from error
        except RemoteError as error:
            raise offer_local(error) from error


def _refuse_in_the_way(repository: Repository, ref: str, wanted: str) -> None:
    """Refuse before the push what would else fail after it."""
    if repository.objects.read(ref) is not None:
        raise GitError(
            f"the branch {short_name(ref)} is in the way of {short_name(wanted)}",
            hint=f"rename it on the remote, then git remote prune {repository.remote}",
        )


# Actions


def promote_action(
    repository: Repository, environment: str, releases: Sequence[Release], share: int = 100
) -> Action:
    """Make `releases` live in `environment`. Checks what may be checked before the tip is known.

    RefusedError for a yanked release, one that is not merged where that is asked for, or one that
    is not live in the environment it must come from.
    """
    rules = repository.config.environment(environment)
    texts: dict[str, Mapping[str, bytes]] = {}
    for release in releases:
        reason = find_yank(repository, release.name, release.version)
        if reason is not None:
            raise RefusedError(f"{release} is yanked: {reason}", hint="promote another version")
        if rules.merged and not is_merged(repository, release.commit):
            where = _remote_branch(repository, repository.default_branch or "the default branch")
            hint = f"merge it first; {environment} takes merged releases only"
            if repository.git.is_shallow:
                hint = "this clone is shallow and cannot tell: git fetch --unshallow, then again"
            raise RefusedError(f"{release} is not merged: its commit is not on {where}", hint=hint)
        if rules.source is not None:
            _refuse_skipped(repository, release, rules.source, environment)
        prompt = load_released(repository, release)
        texts[lock.release_folder(release.name, release.version)] = prompt.closure.files

    def apply(state: State, head: Head | None) -> Step:
        tip = head.deployment.point if head else None
        for release in releases:
            live = Live(release.version, release.digest, release.commit, share)
            state = lock.promote(state, tip, release.name, live)
        return Step(state, texts)

    return Action(
        "promote",
        tuple(release.name for release in releases),
        apply,
        {release.name: release.tag for release in releases},
    )


def _remote_branch(repository: Repository, name: str) -> str:
    return f"{repository.remote}/{name}" if repository.remote else name


def _refuse_skipped(
    repository: Repository, release: Release, source: str, environment: str
) -> None:
    head = read_head(repository, source)
    entry = head.state.entries.get(release.name) if head else None
    if entry is None or release.version not in entry.versions:
        raise RefusedError(
            f"{release} is not live in {source}, from where {environment} takes its versions",
            hint=f"promptops promote {release} --to {source}",
        )


def retire_action(environment: str, names: Sequence[str]) -> Action:
    """Take prompts out of the environment."""

    def apply(state: State, head: Head | None) -> Step:
        tip = head.deployment.point if head else None
        for name in names:
            state = lock.retire(state, tip, name, environment)
        return Step(state, {})

    return Action("retire", tuple(names), apply, {})


def pause_action(environment: str, names: Sequence[str] | None, reason: str) -> Action:
    """Throw the kill switch of prompts, or of everything that is live."""

    def apply(state: State, head: Head | None) -> Step:  # noqa: ARG001 - an action's shape
        if names is None and not state.entries:
            raise NotDeployedError(
                f"nothing is live in {environment}", hint="is it the environment you mean?"
            )
        wanted = tuple(state.entries) if names is None else names
        return Step(lock.pause(state, wanted, environment, one_line(reason)), {})

    return Action("pause", None if names is None else tuple(names), apply, {})


def resume_action(environment: str, names: Sequence[str] | None) -> Action:
    """Take the kill switch back."""

    def apply(state: State, head: Head | None) -> Step:  # noqa: ARG001 - an action's shape
        wanted = (
            tuple(name for name, entry in state.entries.items() if entry.paused is not None)
            if names is None
            else names
        )
        return Step(lock.resume(state, wanted, environment), {})

    return Action("resume", None if names is None else tuple(names), apply, {})


def rollback_action(
    repository: Repository, environment: str, names: Sequence[str], to: Version | None = None
) -> Action:
    """Go back to what was live before, or to `to` among what was live before."""

    def apply(state: State, head: Head | None) -> Step:  # noqa: ARG001 - an action's shape
        texts: dict[str, str] = {}
        for name in names:
            state, point = lock.rollback(
                state, name, environment, lambda at: _state_at(repository, environment, at), to
            )
            entry = state.entries.get(name)
            for live in entry.live if entry else ():
                _refuse_yanked(repository, name, live, environment)
                folder = lock.release_folder(name, live.version)
                texts[folder] = _stored_tree(repository, point, folder)
        return Step(state, texts)

    return Action("rollback", tuple(names), apply, {})


def _refuse_yanked(repository: Repository, name: str, live: Live, environment: str) -> None:
    reason = find_yank(repository, name, live.version)
    if reason is not None:
        raise RefusedError(
            f"{name}@{live.version}, live in {environment} before, is yanked: {reason}",
            hint=f"promptops rollback {name} --env {environment} --to VERSION "
            "goes back to a version that is not",
        )


def _state_at(repository: Repository, environment: str, point: Point) -> State:
    found = repository.objects.read(point.commit)
    if found is None:
        raise GitError(
            f"deployment {point.deployment} of {environment} is not in this clone",
            hint="git fetch --unshallow gets the whole history",
        )
    deployment = parse_deployment(environment, found.oid, found.data)
    if deployment.number != point.deployment:
        raise IntegrityError(
            f"{lock.UNDO_FILE} says deployment {point.deployment}, "
            f"its commit says {deployment.number}",
            hint="promptops verify says more; "
            "promptops rollback --to-deployment N restores a whole state",
        )
    return read_state(repository, point.commit)


def _stored_tree(repository: Repository, point: Point, folder: str) -> str:
    found = repository.objects.read(f"{point.commit}:{folder}")
    if found is None or found.kind != "tree":
        raise IntegrityError(
            f"deployment {point.deployment} does not have the texts in {folder}",
            hint="promptops verify says more",
        )
    return found.oid


def restore_action(repository: Repository, environment: str, number: int) -> Action:
    """Restore the whole state that deployment `number` left: prompts, pauses, undo and all."""

    def apply(state: State, head: Head | None) -> Step:
        if head is None:
            raise EnvironmentNotFoundError(
                f"{environment} has no deployments",
                hint=f"promptops promote NAME --to {environment} makes the first",
            )
        target = find_deployment(repository, head, number)
        if target.tree == head.deployment.tree:
            return Step(state, {})
        restored = read_state(repository, target.commit)
        for name, entry in restored.entries.items():
            for live in entry.live:
                if state.entries.get(name) != entry:
                    _refuse_yanked(repository, name, live, environment)
        return Step(restored, {}, target.tree)

    return Action("restore", None, apply, {})


# Choosing what to promote


def choose_releases(
    repository: Repository,
    environment: str,
    refs: Sequence[PromptRef],
    *,
    source: str | None = None,
    local: bool = False,
) -> list[Release]:
    """The releases that `promote` means by `refs`, checked against the remote.

    Without a selector: the version in `source`, or in the environment before; `latest` for the
    first environment.
    """
    rules = repository.config.environment(environment)
    if source is None:
        before = repository.config.environment_before(environment)
        source = before.name if before else None
    if not local:
        sync_releases(repository, [ref.name for ref in refs])
        asked = [
            ref.selector.text
            for ref in refs
            if ref.selector is not None and ref.selector.kind is SelectorKind.ENVIRONMENT
        ]
        fetch_environments(repository, [one for one in (source, rules.source, *asked) if one])
    chosen: dict[str, Release] = {}
    for ref in refs:
        release = _choose(repository, ref, source, environment)
        other = chosen.setdefault(ref.name, release)
        if other.version != release.version:
            raise UsageError(
                f"{ref.name} is named twice, as {other.version} and as {release.version}",
                hint="name the one that shall be live",
            )
    releases = list(chosen.values())
    if not local:
        _refuse_unpublished(repository, releases)
    return releases


def _choose(
    repository: Repository, ref: PromptRef, source: str | None, environment: str
) -> Release:
    selector = ref.selector
    if selector is not None and selector.kind is SelectorKind.WORKING:
        raise UsageError(
            "the work tree cannot be promoted",
            hint=f"promptops release {ref.name} freezes it first",
        )
    if selector is not None and selector.kind is SelectorKind.ENVIRONMENT:
        return require_release(
            repository, ref.name, live_version(repository, ref.name, selector.text)
        )
    if selector is None and source is not None and source != environment:
        return require_release(repository, ref.name, live_version(repository, ref.name, source))
    latest = Selector(SelectorKind.LATEST, "latest")
    return select_release(repository, ref.name, selector or latest)


def live_version(repository: Repository, name: str, environment: str) -> Version:
    """The one version of `name` that is live in `environment`.

    NotDeployedError when there is none; RefusedError while traffic is split between two.
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
    """The names of all prompts that are live in `environment`, sorted."""
    return sorted(require_head(repository, environment).state.entries)


def _refuse_unpublished(repository: Repository, releases: Sequence[Release]) -> None:
    """Refuse releases that the remote does not have: others could not trace them."""
    if repository.remote is None:
        return
    known = {
        (name, live.version)
        for environment in repository.config.environment_names
        if (head := read_head(repository, environment)) is not None
        for name, entry in head.state.entries.items()
        for live in entry.live
    }
    unknown = [r for r in releases if (r.name, r.version) not in known]
    if not unknown:
        return
    try:
        git_fetch(repository.git, repository.remote, [release.ref for release in unknown])
    except RemoteRefNotFoundError as error:
        missing = next((r for r in unknown if r.ref in error.message), unknown[0])
        raise RefusedError(
            f"{missing} is not on {repository.remote}",
            hint=f"git push {repository.remote} {missing.ref}",
        ) from error
