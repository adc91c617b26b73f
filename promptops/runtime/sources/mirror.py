"""Mirrors: bare clones of a URL in the cache folder, by which a library follows a repository.

A fetch writes the source's environments to a separate namespace. Each is verified (it must descend
from the deployment seen before and have a trusted signature) before it becomes the branch that is
read. Release tags are never overwritten: the first one seen is kept. One process at a time changes
a mirror. A broken mirror is recreated next to the old one and then replaces it.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from promptops.delivery.environments import parse_deployment
from promptops.errors import (
    ConflictError,
    GitError,
    IntegrityError,
    NotARepositoryError,
    PointError,
    PromptopsError,
    RemoteRefNotFoundError,
    SourceUnavailableError,
)
from promptops.git.process import Git
from promptops.git.refs import RefUpdate, list_refs, update_refs
from promptops.git.remote import fetch, list_remote, remote_head
from promptops.repository.repository import Repository
from promptops.runtime.live import accept_point, stands_on
from promptops.runtime.sources.copies import (
    CacheFolder,
    CacheState,
    read_cache_state,
    remembered,
    unusable_hint,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.delivery.state import Point
    from promptops.git.signing.ssh import SshTrust

_INCOMING = "refs/promptops/incoming/"
_BRANCHES = "refs/heads/promptops/"
_TAGS = (
    "refs/tags/prompts/*:refs/tags/prompts/*",
    "refs/tags/yanked/prompts/*:refs/tags/yanked/prompts/*",
)
_KIND = "mirrors"
_REPOSITORY = "repository.git"
_DOUBTFUL = "doubtful"
_REMADE = "the copy on disk was damaged and has been rebuilt"


@dataclass(frozen=True, slots=True)
class MirrorState:
    """The state of a mirror.

    Attributes:
        repository: the bare repository.
        fetched_at_seconds: when it was last known to be current.
        seen: the newest deployment seen of each environment.
        is_doubtful: whether the last fetch refused a newer state.
        refusals: environments whose new state was refused, with the reasons.
        warnings: warnings for readers.
    """

    repository: Repository
    fetched_at_seconds: float
    seen: dict[str, Point]
    is_doubtful: bool = False
    refusals: dict[str, PromptopsError] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def list_mirrors(cache: Path) -> list[tuple[Path, CacheState | None]]:
    """Return (folder, state) of all mirrors in a cache folder; the state is None if never
    completed.
    """
    folders = sorted(path for path in (cache / _KIND).glob("*") if path.is_dir())
    return [(folder, read_cache_state(folder)) for folder in folders]


def is_doubtful(state: CacheState) -> bool:
    """Return whether the last fetch refused a newer state."""
    return _DOUBTFUL in state.facts


class Mirror:
    """The copy of one URL."""

    def __init__(self, url: str, cache: Path, trust: SshTrust | None) -> None:
        # Each trust needs a separate mirror, because other states are accepted.
        self.folder = CacheFolder(cache, _KIND, url, str(trust.signers) if trust else "")
        self._url = url
        self._trust = trust
        self._repository: Repository | None = None
        self._warnings: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """The bare repository's folder."""
        return self.folder.path / _REPOSITORY

    def read(self) -> MirrorState | None:
        """Return the mirror on disk; None if there is no usable one."""
        state = self.folder.read_state()
        if state is None:
            return None
        try:
            return self._make_state(state, self._open())
        except GitError:
            return None

    def update(self) -> MirrorState:
        """Fetch from the source.

        Raises SourceUnavailableError if it is unreachable. Refused environments are in the result;
        their branches stay unchanged.
        """
        begun = time.time()
        with _raise_unavailable(self.folder.path), self.folder.locked():
            state = self.folder.read_state()
            if state is not None and state.fetched_at_seconds > begun and not is_doubtful(state):
                # Another process fetched while this one waited for the lock.
                with contextlib.suppress(GitError):
                    return self._make_state(state, self._open())
            return self._update(state, begun)

    def recreate(self) -> MirrorState:
        """Recreate the mirror from its source, because the one on disk is unreadable."""
        begun = time.time()
        with _raise_unavailable(self.folder.path), self.folder.locked():
            state = self._build(self.folder.read_state(), begun)
            self._say(_REMADE)
            return replace(state, warnings=self._warnings)

    def close(self) -> None:
        """Close the reader's git process."""
        if self._repository is not None:
            self._repository.objects.close()

    def forget_lock(self) -> None:
        """Detach from the parent's lock in a forked child."""
        self.folder.forget_lock()

    def _open(self) -> Repository:
        if self._repository is None:
            self._repository = Repository(Git.foreign(self.path))
        return self._repository

    def _make_state(
        self,
        state: CacheState,
        repository: Repository,
        refusals: dict[str, PromptopsError] | None = None,
    ) -> MirrorState:
        return MirrorState(
            repository,
            state.fetched_at_seconds,
            dict(state.seen),
            is_doubtful(state),
            refusals or {},
            self._warnings,
        )

    def _say(self, warning: str) -> None:
        if warning not in self._warnings:
            self._warnings = (*self._warnings, warning)

    def _update(self, state: CacheState | None, begun: float) -> MirrorState:
        try:
            git = self._open().git
            default = self._fetch(git, state.facts.get("default_branch") if state else None)
            return self._accept(git, state, default, begun)
        except NotARepositoryError:
            if not self.path.exists():
                return self._build(state, begun)
        except GitError:
            # Ask the remote, to distinguish a broken mirror from an unreachable source.
            list_remote(None, self._url, ["HEAD"])
        self._say(_REMADE)
        return self._build(state, begun)

    def _build(self, state: CacheState | None, begun: float) -> MirrorState:
        """Create a mirror next to the old one, then replace it. The caller holds the lock."""
        import shutil
        import tempfile

        folder = self.folder.path
        for leftover in folder.glob(f"{_REPOSITORY}.*"):
            shutil.rmtree(leftover, ignore_errors=True)
        self.close()
        self._repository = None
        fresh = Path(tempfile.mkdtemp(prefix=f"{_REPOSITORY}.", dir=folder))
        try:
            git = Git.create(fresh, object_format=self._object_format())
            default = self._fetch(git, None)
            if self.path.exists():
                old = Path(tempfile.mkdtemp(prefix=f"{_REPOSITORY}.", dir=folder))
                self.path.replace(old / "old")
            fresh.replace(self.path)
        finally:
            for leftover in folder.glob(f"{_REPOSITORY}.*"):
                shutil.rmtree(leftover, ignore_errors=True)
        return self._accept(self._open().git, state, default, begun)

    def _object_format(self) -> str:
        refs = list_remote(None, self._url)
        return "sha256" if any(len(oid) == 64 for oid in refs.values()) else "sha1"

    def _fetch(self, git: Git, default: str | None) -> str | None:
        """Fetch into the incoming namespace; return the source's default branch."""
        stale = list_refs(git, _INCOMING, peel=False)
        update_refs(git, [RefUpdate(ref.name, None, ref.oid) for ref in stale], "promptops")
        if default is None:
            default = remote_head(git, self._url)
        refspecs = [f"+{_BRANCHES}*:{_INCOMING}*", *_TAGS]
        try:
            self._fetch_refs(git, refspecs, default)
        except RemoteRefNotFoundError:
            # The branch was renamed or does not exist yet.
            default = remote_head(git, self._url)
            try:
                self._fetch_refs(git, refspecs, default)
            except RemoteRefNotFoundError:
                default = None
                self._fetch_refs(git, refspecs, None)
        if default is not None:
            git.run("symbolic-ref", "HEAD", f"refs/heads/{default}")
        return default

    def _fetch_refs(self, git: Git, refspecs: list[str], default: str | None) -> None:
        wanted = list(refspecs)
        if default is not None:
            wanted.append(f"+refs/heads/{default}:refs/heads/{default}")
        try:
            fetch(git, self._url, wanted)
        except ConflictError as error:
            # Only the moved tags were rejected; everything else was fetched, and the first tag seen
            # is kept.
            self._say(f"the source moved a tag, which is ignored: {error.message}")

    def _accept(
        self, git: Git, state: CacheState | None, default: str | None, begun: float
    ) -> MirrorState:
        """Verify the fetched environments, and update the branches of accepted ones."""
        repository = self._fresh_repository(git)
        seen = dict(state.seen) if state else {}
        incoming = {
            ref.name.removeprefix(_INCOMING): ref.oid
            for ref in list_refs(git, _INCOMING, peel=False)
        }
        present = {
            ref.name.removeprefix(_BRANCHES): ref.oid
            for ref in list_refs(git, _BRANCHES, peel=False)
        }
        refusals: dict[str, PromptopsError] = {}
        moves = []
        for environment, oid in incoming.items():
            try:
                self._judge(repository, environment, oid, seen)
            except PointError as error:
                refusals[environment] = remembered(error, self.folder.path)
                continue
            except PromptopsError as error:
                refusals[environment] = error
                continue
            old = present.get(environment)
            if old != oid:
                moves.append(RefUpdate(f"{_BRANCHES}{environment}", oid, old))
        for environment in seen.keys() - incoming.keys():
            gone = PointError(
                f"{environment} is missing from the source, which had deployment "
                f"{seen[environment].deployment}",
                hint="check who removed the branch: environments only grow",
            )
            refusals[environment] = remembered(gone, self.folder.path)
        update_refs(git, moves, "promptops: accepted")
        facts = {} if default is None else {"default_branch": default}
        accepted = CacheState(begun, seen, facts)
        if refusals:
            # Do not store it as fresh, so that other processes ask by themselves.
            before = state.fetched_at_seconds if state else 0.0
            self.folder.write_state(CacheState(before, seen, {**facts, _DOUBTFUL: "yes"}))
        else:
            self.folder.write_state(accepted)
        return self._make_state(accepted, repository, refusals)

    def _fresh_repository(self, git: Git) -> Repository:
        """Return the repository without cached configuration, with the same reader."""
        repository = Repository(git)
        if self._repository is not None:
            repository.objects = self._repository.objects
        self._repository = repository
        return repository

    def _judge(
        self, repository: Repository, environment: str, oid: str, seen: dict[str, Point]
    ) -> None:
        found = repository.objects.read(oid)
        if found is None or found.kind != "commit":
            raise IntegrityError(f"the branch of {environment} does not point to a commit")
        deployment = parse_deployment(environment, oid, found.data)
        if self._trust is not None:
            what = f"deployment {deployment.number} of {environment}"
            self._trust.authenticate_object(what, oid, found.data)
        accept_point(
            seen,
            environment,
            deployment.point,
            lambda later, earlier: stands_on(repository.git, later, earlier),
        )


@contextlib.contextmanager
def _raise_unavailable(folder: Path) -> Iterator[None]:
    """Convert failures of updating a mirror to SourceUnavailableError."""
    try:
        yield
    except GitError as error:
        raise SourceUnavailableError(error.message, hint=error.hint) from error
    except OSError as error:
        raise SourceUnavailableError(
            f"the cache folder cannot be used: {error.strerror or error}: {error.filename}",
            hint=unusable_hint(folder),
        ) from error
