"""What a source of prompts is: what it has at hand, and how it is asked.

Each source knows two things: what it has at hand without asking anybody (`look`), and how to ask
(`update`). When to do which, and what to make of a failure, is the registry's business.
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
    from promptops.runtime.copies import CacheFolder
    from promptops.runtime.resolution import View


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a source.

    Attributes:
        view: what answers refs.
        age_seconds: how long ago the source was known to be so.
        is_doubtful: whether something newer was refused, so that it is no longer fresh.
        refusals: what was refused in it; the view raises these.
    """

    view: View
    age_seconds: float = 0.0
    is_doubtful: bool = False
    refusals: tuple[PromptopsError, ...] = ()


class Source(Protocol):
    """Where prompts come from."""

    @property
    def text(self) -> str:
        """Its name for people, without credentials."""

    @property
    def is_local(self) -> bool:
        """Whether asking costs next to nothing, so that nobody need be served something old."""

    @property
    def repository(self) -> Repository | None:
        """The repository on this machine that it is, with its configuration; None for others."""

    @property
    def folder(self) -> CacheFolder | None:
        """Where its copy on disk is; None for one that needs none."""

    @property
    def seen(self) -> Mapping[str, Point]:
        """The newest deployment that it showed, by environment."""

    def look(self) -> Look | None:
        """Return what is at hand; None when that is nothing. Never asks anybody else."""

    def update(self) -> Look:
        """Ask now. SourceUnavailableError when there is no answer, others when it is refused."""

    def repair(self) -> Look | None:
        """Make a copy that cannot be read anew; None when there is no copy to be made."""

    def close(self) -> None:
        """Let go of processes."""

    def after_fork(self) -> None:
        """In a forked child: forget what belongs to the parent."""


@dataclass(frozen=True, slots=True)
class Options:
    """What all sources are opened with.

    Attributes:
        trust: whom to believe, or None.
        cache: the folder for copies on disk.
        environment: the default environment, or None for the source's own.
    """

    trust: SshTrust | None
    cache: Path
    environment: str | None


def measure_age(fetched_at_seconds: float) -> float:
    """Return how many seconds ago something was fetched."""
    # A clock that was put back makes nothing fresher than fresh.
    return max(0.0, time.time() - fetched_at_seconds)
