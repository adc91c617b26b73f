"""Build the site, and again whenever the work tree, a ref or the log of runs has changed."""

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

# For how long statistics of runs, and the checklist, which reads all code, are good.
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
        read_extras: reads what is shown besides the repository.
        watched: files and folders of that, to watch as well.
        report: is told what a build wrote, and in how many seconds; not of one without news.
        built: the newest site; None: there is none yet.
        fault: why the newest build failed, in words; None: it did not.
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
        # A second build without news is not worth a line.
        if is_first or self.built.written or self.built.removed:
            self.report(self.built, time.monotonic() - begun)
        return self.built

    def follow(self) -> None:
        """Build again after each change, until `stop`. Errors are kept, not raised."""
        # Look before the first build is compared with, so that a change during it is not missed.
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
                # Files come and go while a branch is switched; look again.
                self.fault = f"{error.strerror}: {error.filename}"
                seen = None

    def stop(self) -> None:
        """End `follow` soon."""
        self._stop.set()


def _list_paths(repository: Repository) -> Iterable[Path]:
    """Return the files and folders on which the site depends."""
    git = repository.git
    yield from list_watched(repository, with_owners=True)
    yield repository.require_work_tree() / ".promptops"
    yield git.git_dir / "HEAD"
    for name in ("refs", "packed-refs", "reftable"):
        yield git.common_dir / name
