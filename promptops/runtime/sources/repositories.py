"""Choose the source for an argument of `promptops.open`; repositories and mirrors as sources."""

from __future__ import annotations

import logging
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from promptops.delivery.environments import last_fetch
from promptops.delivery.refresh import refresh
from promptops.errors import (
    RefusedError,
    SourceUnavailableError,
    UsageError,
    quote,
)
from promptops.runtime.resolution import RepositoryView, SourceMemory, describe_repository
from promptops.runtime.sources.copies import (
    CacheFolder,
    default_cache,
)
from promptops.runtime.sources.download import without_credentials
from promptops.runtime.sources.source import Look, Options, measure_age

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptops.delivery.state import Point
    from promptops.repository.repository import Repository
    from promptops.runtime.sources.mirror import Mirror, MirrorState
    from promptops.runtime.sources.source import Source

_LOGGER = logging.getLogger("promptops")
_URL = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_SCP = re.compile(r"(?:[^/\s:@]+@)?[^/\s:@]{2,}:(?!//)\S+")
_CLONE_SCHEMES = frozenset({"file", "ssh", "git", "http", "https", "git+ssh", "ssh+git"})


class RepositorySource:
    """A local repository, bare or with a work tree, read as it is."""

    is_local = True
    folder: CacheFolder | None = None

    def __init__(self, repository: Repository, options: Options) -> None:
        self.text = describe_repository(repository)
        self.repository: Repository | None = repository
        self._repository = repository
        self._options = options
        self._memory = SourceMemory()
        self._is_warned = False

    @property
    def seen(self) -> Mapping[str, Point]:
        """Environment -> newest deployment seen."""
        return self._memory.seen

    def look(self) -> Look | None:
        """Return the same as `update`, because local data needs no request."""
        return self.update()

    def update(self) -> Look:
        """Read the current refs."""
        self._judge_age()
        return Look(self._view())

    def _judge_age(self) -> None:
        """Warn once that a clone does not follow its remote; raise an error if it is too old."""
        longest = self._options.max_fetch_age
        if longest is None or self._repository.remote is None:
            return
        age = _fetch_age(self._repository)
        told = "at an unknown time" if age is None else f"{int(age // 60):,} minutes ago"
        if age is not None and age > longest:
            raise RefusedError(
                f"{self.text} was last fetched {told}, which is longer than max_stale",
                hint="run git fetch, or follow its remote: promptops.open(..., follow=True)",
            )
        if not self._is_warned:
            self._is_warned = True
            _LOGGER.warning(
                "%s does not follow %s: it was last fetched %s, so pauses are not seen",
                self.text,
                self._repository.remote,
                told,
            )

    def _view(self) -> RepositoryView:
        git = self._repository.git
        if not git.git_dir.is_dir():
            raise SourceUnavailableError(
                f"the repository {self.text} is gone", hint="restore it, or open another source"
            )
        return RepositoryView(
            self._repository,
            source=self.text,
            memory=self._memory,
            trust=self._options.trust,
            environment=self._options.environment,
        )

    def repair(self) -> Look | None:
        """Do nothing: the user's own repository is not repaired."""
        return None

    def close(self) -> None:
        """Close the reader's git process."""
        self._repository.objects.close()

    def after_fork(self) -> None:
        """Detach from the parent's lock in a forked child. The reader detects the fork itself."""
        self._memory.after_fork()


def _fetch_age(repository: Repository) -> float | None:
    """Return how many seconds ago a clone was fetched; None if that is not known."""
    names = (None, *repository.config.environment_names)
    fetched = [at for at in (last_fetch(repository, name) for name in names) if at is not None]
    return measure_age(max(fetched)) if fetched else None


class FollowedSource(RepositorySource):
    """A local repository with a remote, followed like a clone URL, with itself as the mirror.

    Only environments and release tags are fetched; branches and work tree do not change.
    """

    is_local = False

    def look(self) -> Look | None:
        """Return the last fetched state."""
        age = _fetch_age(self._repository)
        return None if age is None else Look(self._view(), age)

    def update(self) -> Look:
        """Fetch from the remote."""
        self._view()  # raises an error if the repository is gone
        found = refresh(self._repository, time.time(), self._repository.config.timeouts.usual)
        if not found.is_current:
            raise SourceUnavailableError(
                f"{self._repository.remote} did not answer: {found.fault}",
                hint="use follow=False to read the clone without its remote",
            )
        return Look(self._view())


class MirrorSource:
    """A clone URL, followed in a mirror on disk."""

    is_local = False
    repository: Repository | None = None

    def __init__(self, url: str, options: Options) -> None:
        from promptops.runtime.sources.mirror import Mirror

        self.text = without_credentials(url)
        self._options = options
        self._memory = SourceMemory()
        self._mirror: Mirror = Mirror(url, options.cache, options.trust)
        self.folder: CacheFolder | None = self._mirror.folder

    @property
    def seen(self) -> Mapping[str, Point]:
        """Environment -> newest deployment seen."""
        return self._memory.seen

    def look(self) -> Look | None:
        """Return the mirror on disk."""
        state = self._mirror.read()
        return None if state is None else self._look(state)

    def update(self) -> Look:
        """Fetch from the URL."""
        return self._look(self._mirror.update())

    def repair(self) -> Look | None:
        """Recreate the mirror."""
        return self._look(self._mirror.recreate())

    def _look(self, state: MirrorState) -> Look:
        self._memory.seen.update(state.seen)
        view = RepositoryView(
            state.repository,
            source=self.text,
            memory=self._memory,
            trust=self._options.trust,
            environment=self._options.environment,
            fetched_at_seconds=state.fetched_at_seconds,
            refusals=state.refusals,
            warnings=state.warnings,
        )
        refusals = tuple(state.refusals.values())
        return Look(view, measure_age(state.fetched_at_seconds), state.is_doubtful, refusals)

    def close(self) -> None:
        """Close the reader's git process."""
        self._mirror.close()

    def after_fork(self) -> None:
        """Detach from the parent's lock in a forked child."""
        self._mirror.forget_lock()
        self._memory.after_fork()


def choose_source(
    source: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None, options: Options
) -> Source:
    """Return the source for an argument of `promptops.open`.

    Raises UsageError for an invalid source, and NotARepositoryError if there is no repository.
    """
    if isinstance(source, list | tuple):
        if not source:
            raise UsageError("the list of sources is empty", hint="pass at least one source")
        from promptops.runtime.sources.several import SeveralSources

        return SeveralSources([_choose_one(one, options) for one in source])
    return _choose_one(source, options)  # type: ignore[arg-type]  # a text is no list of texts


def _choose_one(source: str | os.PathLike[str] | None, options: Options) -> Source:
    from promptops.repository.repository import open_repository

    if source is None:
        return _choose_repository(open_repository(Path.cwd(), is_named=False), options)
    text = os.fspath(source)
    if not isinstance(source, str) or not _is_address(text):
        path = Path(text).expanduser()
        if path.is_dir():
            return _choose_repository(open_repository(path), options)
        if path.is_file():
            from promptops.runtime.sources.snapshot_sources import SnapshotFileSource

            return SnapshotFileSource(path.absolute(), options)
        raise UsageError(
            f"source of prompts not found: {quote(text)}",
            hint="use a repository's folder, a clone URL, or a snapshot's file or URL",
        )
    if re.match(r"https?://[^?#]*\.json(?:[?#]|\Z)", text, re.IGNORECASE):
        from promptops.runtime.sources.snapshot_sources import SnapshotUrlSource

        return SnapshotUrlSource(text, options)
    return MirrorSource(text, options)


def _choose_repository(repository: Repository, options: Options) -> Source:
    if options.max_fetch_age is None and repository.remote is not None:
        return FollowedSource(repository, options)
    return RepositorySource(repository, options)


def _is_address(text: str) -> bool:
    """Return whether a text is a URL or scp-like address. Raises UsageError if unsupported."""
    scheme = _URL.match(text)
    if scheme is None:
        # An existing path wins, as in git.
        return bool(_SCP.fullmatch(text)) and not text.startswith("-") and not Path(text).exists()
    if scheme[1].lower() not in _CLONE_SCHEMES:
        raise UsageError(
            f"{quote(without_credentials(text))} is not a supported address of prompts",
            hint=f"use one of the schemes: {', '.join(sorted(_CLONE_SCHEMES))}",
        )
    if any(ord(character) < 33 or ord(character) == 127 for character in text):
        raise UsageError(f"{quote(text)} is not a URL", hint="write spaces as %20")
    return True


def open_options(
    *,
    trust: str | os.PathLike[str] | None,
    cache: str | os.PathLike[str] | None,
    environment: str | None,
    max_fetch_age: float | None = None,
) -> Options:
    """Return the options of a source from the caller's arguments."""
    from promptops.prompt.reference import check_environment

    known = None
    if trust is not None:
        from promptops.git.signing.ssh import open_trust

        known = open_trust(Path(trust))
    if environment is not None:
        check_environment(environment)
    folder = default_cache() if cache is None else Path(cache).expanduser().absolute()
    return Options(known, folder, environment, max_fetch_age)
