"""Deploy: apply an action to an environment's branch.

Read the tip, compute the new state by an action, write one commit on top, and update the branch by
compare-and-swap. With a remote, the update is a push, and it is successful only once the remote has
it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from promptops.delivery.environments import (
    Deployment,
    DeploymentChange,
    Head,
    branch,
    change_tree,
    count_pending,
    describe_changes,
    describe_entry,
    describe_title,
    list_trailers,
    parse_deployment,
    pending_remedy,
    read_head_at,
    tracking,
)
from promptops.delivery.state import State
from promptops.delivery.syncing import offer_local
from promptops.errors import (
    ConfigurationError,
    ConflictError,
    GitError,
    IntegrityError,
    RefusedError,
    RemoteError,
    UnclearPushError,
)
from promptops.git.history import is_ancestor, write_commit
from promptops.git.message import format_message
from promptops.git.objects import parse_commit
from promptops.git.refs import RefUpdate, read_ref, short_name, update_refs
from promptops.git.remote import PushRef, PushStatus, list_remote, push
from promptops.git.remote import fetch as git_fetch
from promptops.git.trees import splice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from promptops.git.limits import GitLimits
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

    place = _DeploymentPlace.of(repository, environment, local=local)
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


def _refuse_unnamed_remote(repository: Repository) -> None:
    """Refuse to deploy only locally in a repository that has remotes."""
    if repository.git.is_bare:
        return
    others = repository.remotes
    if others:
        raise ConfigurationError(
            f"this clone has no remote '{repository.config.remote}', where the environments are; "
            f"it has {', '.join(others)}",
            hint=f'write remote = "{others[0]}" into promptops.toml, or deploy with --local',
        )


class _DeploymentPlace:
    """The place of an environment's branch: reads and updates it."""

    is_pending = False
    lock_held = ""  # the remote's last message that the branch is locked

    def __init__(self, repository: Repository, environment: str) -> None:
        self._repository = repository
        self._environment = environment
        self._ref = branch(environment)
        self.limits = repository.config.timeouts.usual

    @staticmethod
    def of(repository: Repository, environment: str, *, local: bool) -> _DeploymentPlace:
        repository.config.environment(environment)
        if repository.remote is None:
            if not local:
                _refuse_unnamed_remote(repository)
            return _DeploymentPlace(repository, environment)
        return (_PendingPlace if local else _RemotePlace)(repository, environment)

    def refresh(self) -> None:
        """Read the branch before the first attempt."""

    def refresh_branch(self) -> None:
        """Read the branch again after a lost race."""

    def read(self) -> Head | None:
        return read_head_at(self._repository, self._environment, self._ref)

    def move(self, commit: str, head: Head | None) -> bool:
        """Update the branch from `head` to `commit`; return False if it has changed."""
        update = RefUpdate(self._ref, commit, head.deployment.commit if head else None)
        try:
            update_refs(self._repository.git, [update], "promptops deploy")
        except ConflictError:
            return False
        return True


class _PendingPlace(_DeploymentPlace):
    """The local branch of a repository with a remote: deployments wait there to be pushed."""

    is_pending = True

    def read(self) -> Head | None:
        repository = self._repository
        local = read_ref(repository.git, self._ref)
        known = read_ref(repository.git, tracking(repository, self._environment))
        if local is None or (known is not None and is_ancestor(repository.git, local, known)):
            return read_head_at(
                repository, self._environment, tracking(repository, self._environment)
            )
        if known is not None and not is_ancestor(repository.git, known, local):
            raise GitError(
                f"the local branch promptops/{self._environment} and the one of "
                f"{repository.remote} have diverged",
                hint=f"to drop the local deployments: git branch -D promptops/{self._environment}",
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


class _RemotePlace(_DeploymentPlace):
    """The remote's branch, updated by a push that fails if another one was faster."""

    def __init__(self, repository: Repository, environment: str) -> None:
        super().__init__(repository, environment)
        self._tracking = tracking(repository, environment)

    def refresh(self) -> None:
        fetch_environments(self._repository, [self._environment], self.limits)
        pending = count_pending(self._repository, self._environment)
        if pending:
            # A concurrent deployment would drop them, and one may be a pause.
            many = "1 deployment here that was"
            if pending > 1:
                many = f"{pending} deployments here that were"
            raise RefusedError(
                f"{self._environment} has {many} never pushed to {self._repository.remote}",
                hint=pending_remedy(self._repository, self._environment),
            )

    def refresh_branch(self) -> None:
        repository = self._repository
        before = read_ref(repository.git, self._tracking)
        self.refresh()
        if before is None or read_ref(repository.git, self._tracking) != before:
            return
        # A fetch does not report that the branch was deleted.
        assert repository.remote is not None  # noqa: S101 - this place is chosen by it
        there = list_remote(repository.git, repository.remote, [self._ref], limits=self.limits)
        if self._ref not in there:
            raise IntegrityError(
                f"somebody deleted promptops/{self._environment} on {repository.remote}",
                hint=f"to restore it: git push {repository.remote} {self._tracking}:{self._ref}",
            )

    def read(self) -> Head | None:
        return read_head_at(self._repository, self._environment, self._tracking)

    def move(self, commit: str, head: Head | None) -> bool:
        repository = self._repository
        assert repository.remote is not None  # noqa: S101 - this place is chosen by it
        old = head.deployment.commit if head else None
        # A push with a lease is forced. This one still only appends, since the parent is the
        # expected commit.
        found = repository.objects.read(commit)
        if found is None or parse_commit(found.data).parents != ((old,) if old else ()):
            raise GitError(
                "the new deployment is not based on the one it replaces",
                hint="nothing was deployed; run the command again",
            )
        refs = [PushRef(commit, self._ref, old)]
        result, doubt = None, None
        try:
            (result,) = push(
                repository.git, repository.remote, refs, atomic=False, limits=self.limits
            )
        except UnclearPushError as error:
            doubt = error
            # Push again to learn the result: the commit is added once or not at all.
            with suppress(GitError):
                (result,) = push(
                    repository.git, repository.remote, refs, atomic=False, limits=self.limits
                )
        if result is not None and result.status in {PushStatus.PUSHED, PushStatus.UP_TO_DATE}:
            self._follow(commit)
            return True
        # If the first push succeeded and its answer was lost, the second one is refused.
        has_landed = self._has_arrived(commit, old, doubt)
        if has_landed:
            return True
        if result is not None and result.status is PushStatus.REFUSED:
            from promptops.delivery.pushing import refused_by_remote

            raise refused_by_remote(repository.remote, "deployment", result.reason)
        if has_landed is None and doubt is not None:
            raise self._unclear(doubt)
        is_locked = result is not None and result.status is PushStatus.BUSY
        self.lock_held = result.reason if result is not None and is_locked else ""
        return False

    def _has_arrived(
        self, commit: str, old: str | None, doubt: UnclearPushError | None
    ) -> bool | None:
        """Return whether the remote has our deployment; None: not yet, but it may still arrive.

        The commit's id is unique, since its `Operation` is random. It can arrive only while the
        remote has its parent.
        """
        git, remote = self._repository.git, self._repository.remote
        assert remote is not None  # noqa: S101 - this place is chosen by it
        try:
            tip = list_remote(git, remote, [self._ref], limits=self.limits).get(self._ref)
            if tip == old:
                return None
            has_landed = False
            if tip is not None:
                if tip != commit:
                    git_fetch(
                        git, remote, [self._ref], limits=self.limits
                    )  # works even if the local ref cannot be updated
                has_landed = is_ancestor(git, commit, tip)
        except GitError as error:
            raise self._unclear(doubt or error) from error
        if has_landed:
            self._follow(commit)
        return has_landed

    def _unclear(self, doubt: GitError) -> UnclearPushError:
        environment = self._environment
        return UnclearPushError(
            f"the deployment to {environment} may have landed: {doubt.message}",
            hint=f"git fetch {self._repository.remote}, then promptops history --env {environment} "
            "shows whether it did" + (f"; {doubt.hint}" if doubt.hint else ""),
        )

    def _follow(self, commit: str) -> None:
        """Update the remote-tracking branch after a push."""
        known = read_ref(self._repository.git, self._tracking)
        if known == commit or (
            known is not None and is_ancestor(self._repository.git, commit, known)
        ):
            return
        # Failing is harmless, since the remote has the commit: a concurrent fetch may have updated
        # the ref further, or the ref is locked.
        with suppress(ConflictError, GitError):
            update_refs(
                self._repository.git,
                [RefUpdate(self._tracking, commit, known)],
                "promptops deploy",
            )


def fetch_environments(
    repository: Repository, environments: Iterable[str], limits: GitLimits | None = None
) -> None:
    """Fetch environments from the remote. Raises IntegrityError for a branch that lost history."""
    remote = repository.remote
    if remote is None:
        return
    for environment in dict.fromkeys(environments):
        ref = tracking(repository, environment)
        _refuse_in_the_way(repository, f"refs/remotes/{remote}/promptops", ref)
        # A pattern, because a missing branch is not an error.
        try:
            git_fetch(
                repository.git,
                remote,
                [f"{branch(environment)}*:{ref}*"],
                limits=limits or repository.config.timeouts.usual,
            )
        except ConflictError as error:
            raise explain_lost_history(repository, environment) from error
        except RemoteError as error:
            raise offer_local(error) from error


def explain_lost_history(repository: Repository, environment: str) -> IntegrityError:
    """Return the error for an environment whose branch was rewritten on the remote."""
    remote, ref = repository.remote, tracking(repository, environment)
    return IntegrityError(
        f"{environment} lost deployments on {remote} since the last fetch: "
        "somebody rewrote the branch there",
        hint=f"to restore them: git push {remote} {ref}:{branch(environment)}; or, if this was "
        f"intended: git update-ref -d {ref}",
    )


def _refuse_in_the_way(repository: Repository, ref: str, wanted: str) -> None:
    """Refuse a deployment that would fail locally after the push."""
    if repository.objects.read(ref) is not None:
        raise GitError(
            f"the branch {short_name(ref)} conflicts with {short_name(wanted)}",
            hint=f"git push {repository.remote} --delete refs/heads/promptops removes it there; "
            f"then git remote prune {repository.remote}",
        )
