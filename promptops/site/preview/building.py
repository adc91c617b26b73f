"""Build the site, and rebuild it after changes of the work tree, refs or run log."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from promptops.checks.watching import INTERVAL_SECONDS, list_watched, look
from promptops.errors import PromptopsError
from promptops.site.writing import WrittenSite, write_site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from promptops.readiness.checklist import Readiness
    from promptops.repository.repository import Repository
    from promptops.site.facts import SiteExtras

# How long run statistics and the checklist, which reads all code, are cached.
GOOD_SECONDS = 60.0


def _ignore(_: WrittenSite, __: float) -> None:
    """Report nothing."""


@dataclass
class SiteBuilder:
    """Builds one site.

    Attributes:
        open_repository: opens the repository as it is now.
        folder: the site's folder.
        title: the site's name.
        read_extras: reads the data that is not from the repository.
        watched: the files and folders of that data, watched for changes.
        report: called after a build that wrote something, with the result and the seconds taken.
        built: the newest site; None before the first build.
        fault: why the newest build failed, in words; None if it succeeded.
    """

    open_repository: Callable[[], Repository]
    folder: Path
    title: str
    read_extras: Callable[[Repository], SiteExtras]
    watched: tuple[Path, ...] = ()
    report: Callable[[WrittenSite, float], None] = _ignore
    built: WrittenSite | None = None
    fault: str | None = None
    _paths: tuple[Path, ...] = ()
    _readiness: Readiness | None = None
    _stop: threading.Event = field(default_factory=threading.Event)

    def build(self) -> WrittenSite:
        """Build once. Raises what `write_site` raises."""
        begun = time.monotonic()
        is_first = self.built is None
        repository = self.open_repository()
        try:
            self._paths = tuple(_list_paths(repository))
            extras = self.read_extras(repository)
            self.built = write_site(
                *(repository, self.folder),
                title=self.title,
                extras=extras,
                readiness=self._readiness,
            )
        finally:
            repository.objects.close()
        self._readiness = self.built.site.readiness
        # A rebuild without changes is not reported.
        if is_first or self.built.written or self.built.removed:
            self.report(self.built, time.monotonic() - begun)
        return self.built

    def follow(self) -> None:
        """Rebuild after each change until `stop`. Errors are stored in `fault`, not raised."""
        # Take the state before building, so that a change during the build is not missed.
        seen = None
        good_until = time.monotonic() + GOOD_SECONDS
        while not self._stop.wait(INTERVAL_SECONDS):
            state = look((*self._paths, *self.watched))
            is_old = time.monotonic() >= good_until
            if state == seen and not is_old:
                continue
            seen = state
            if is_old:
                self._readiness = None
                good_until = time.monotonic() + GOOD_SECONDS
            try:
                self.build()
                self.fault = None
            except PromptopsError as error:
                self.fault = error.message
            except OSError as error:
                # While a branch is switched, files appear and disappear; try again.
                self.fault = f"{error.strerror}: {error.filename}"
                seen = None

    def stop(self) -> None:
        """Make `follow` return soon."""
        self._stop.set()


def _list_paths(repository: Repository) -> Iterable[Path]:
    """Return the files and folders on which the site depends."""
    git = repository.git
    yield from list_watched(repository, with_owners=True)
    yield repository.require_work_tree() / ".promptops"
    yield git.git_dir / "HEAD"
    for name in ("refs", "packed-refs", "reftable"):
        yield git.common_dir / name
