"""Where deployments are written: the branch on the remote, or a local one.

With a remote, the update is a push, and it is successful only once the remote has it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from promptops.delivery.environments import (
    Head,
    branch,
    count_pending,
    pending_remedy,
    read_head_at,
    tracking,
)
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
from promptops.git.history import is_ancestor
from promptops.git.objects import parse_commit
from promptops.git.refs import RefUpdate, read_ref, short_name, update_refs
from promptops.git.remote import PushRef, PushStatus, list_remote, push
from promptops.git.remote import fetch as git_fetch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptops.git.limits import GitLimits
    from promptops.repository.repository import Repository


def choose_place(repository: Repository, environment: str, *, local: bool) -> DeploymentPlace:
    """Return the place where an environment's branch is updated.

    Raises ConfigurationError for an unknown environment, and for a clone without its remote.
    """
    repository.config.environment(environment)
    if repository.remote is None:
        if not local:
            _refuse_unnamed_remote(repository)
        return DeploymentPlace(repository, environment)
    return (_PendingPlace if local else _RemotePlace)(repository, environment)


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


class DeploymentPlace:
    """The place of an environment's branch, local and alone: reads and updates it."""

    is_pending = False
    lock_held = ""  # the remote's last message that the branch is locked

    def __init__(self, repository: Repository, environment: str) -> None:
        self._repository = repository
        self._environment = environment
        self._ref = branch(environment)
        self.limits = repository.config.timeouts.usual

    def refresh(self) -> None:
        """Read the branch before the first attempt."""

    def refresh_branch(self) -> None:
        """Read the branch again after a lost race."""

    def read(self) -> Head | None:
        """Return the newest deployment; None before the first."""
        return read_head_at(self._repository, self._environment, self._ref)

    def move(self, commit: str, head: Head | None) -> bool:
        """Update the branch from `head` to `commit`; return False if it has changed."""
        update = RefUpdate(self._ref, commit, head.deployment.commit if head else None)
        try:
            update_refs(self._repository.git, [update], "promptops deploy")
        except ConflictError:
            return False
        return True


class _PendingPlace(DeploymentPlace):
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


class _RemotePlace(DeploymentPlace):
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
