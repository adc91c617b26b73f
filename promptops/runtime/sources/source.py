"""The interface of sources.

A source can return its local state (`look`) and ask for a newer one (`update`). The registry
decides when to do which, and how to handle failures.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from promptops.delivery.state import Point
    from promptops.errors import PromptopsError
    from promptops.git.signing.ssh import SshTrust
    from promptops.repository.repository import Repository
    from promptops.runtime.resolution import View
    from promptops.runtime.sources.copies import CacheFolder


@dataclass(frozen=True, slots=True)
class Look:
    """One state of a source.

    Attributes:
        view: resolves refs.
        age_seconds: the time since it was last known to be current, in seconds.
        is_doubtful: whether a newer state was refused, so that this one is no longer fresh.
        refusals: the errors of refused environments; the view raises them.
    """

    view: View
    age_seconds: float = 0.0
    is_doubtful: bool = False
    refusals: tuple[PromptopsError, ...] = ()


class Source(Protocol):
    """A source of prompts."""

    @property
    def text(self) -> str:
        """Its name for display, without credentials."""

    @property
    def is_local(self) -> bool:
        """Whether asking is cheap, so that stale answers are not needed."""

    @property
    def repository(self) -> Repository | None:
        """Its local repository with its configuration; None for others."""

    @property
    def folder(self) -> CacheFolder | None:
        """The folder of its copy on disk; None if it has none."""

    @property
    def seen(self) -> Mapping[str, Point]:
        """Environment -> newest deployment seen."""

    def look(self) -> Look | None:
        """Return the local state, or None. Never asks the remote."""

    def update(self) -> Look:
        """Ask now. Raises SourceUnavailableError without an answer, others if it is refused."""

    def repair(self) -> Look | None:
        """Recreate an unreadable copy; None if the source has none."""

    def close(self) -> None:
        """End processes."""

    def after_fork(self) -> None:
        """Detach from the parent's resources in a forked child."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options of all sources.

    Attributes:
        trust: the trusted keys, or None.
        cache: the folder for copies on disk.
        environment: the default environment; None: the source's own.
        max_fetch_age: the maximum age in seconds of the last fetch of a local repository that does
            not follow its remote; None: it follows.
    """

    trust: SshTrust | None
    cache: Path
    environment: str | None
    max_fetch_age: float | None = None


def measure_age(fetched_at_seconds: float) -> float:
    """Return how many seconds ago something was fetched."""
    # Not negative, even if the clock was set back.
    return max(0.0, time.time() - fetched_at_seconds)
