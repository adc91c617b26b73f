"""Use several sources in order: each is asked if the ones before it are unreachable.

They are copies of one source, so the rule that environments never go back applies to all of them: a
source that is older than another one is skipped. A source with refused content is not skipped: that
is an error, which another source must not hide.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from promptops.delivery.state import Point
from promptops.errors import IntegrityError, NotFoundError, SourceUnavailableError
from promptops.runtime.live import accept_point

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.repository.repository import Repository
    from promptops.runtime.sources.copies import CacheFolder
    from promptops.runtime.sources.source import Look, Source

_LOGGER = logging.getLogger("promptops")


class SeveralSources:
    """A `Source` made of several, preferred one first.

    Args:
        sources: at least one.
    """

    # A failure of one source says little about the others, so it is not shared between processes.
    folder: CacheFolder | None = None

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = tuple(sources)
        self._used = self._sources[0]
        self._seen: dict[str, Point] = {}
        self._warned = ""
        self.text = ", else ".join(one.text for one in sources)
        self.is_local = all(one.is_local for one in sources)
        self.repository: Repository | None = next(
            (one.repository for one in sources if one.repository is not None), None
        )

    @property
    def seen(self) -> dict[str, Point]:
        """Environment -> newest deployment seen in any of them."""
        for source in self._sources:
            for environment, point in dict(source.seen).items():
                known = self._seen.get(environment)
                if known is None or point.deployment > known.deployment:
                    self._seen[environment] = point
        return self._seen

    def look(self) -> Look | None:
        """Return the local state of the preferred source, or of another one after that failed."""
        if self.is_local:
            return self.update()
        return self._sources[0].look()

    def update(self) -> Look:
        """Ask the sources in order until one answers.

        Raises:
            SourceUnavailableError: none answers, or all that answer are older than a state seen
                before.
            PromptopsError: the content of one is refused.
        """
        troubles: list[str] = []
        first: SourceUnavailableError | None = None
        for source in self._sources:
            try:
                look = source.update()
                self._check(source, look)
            except SourceUnavailableError as error:
                first = first or error
                troubles.append(error.message)
                continue
            self._used = source
            self._warn_once(f"{'; '.join(troubles)}; using {source.text}" if troubles else "")
            return look
        hint = None if first is None else first.hint
        raise SourceUnavailableError("; ".join(troubles), hint=hint)

    def _check(self, source: Source, look: Look) -> None:
        """Raise an error if a source is older than a state seen before, so that it is skipped."""
        for environment, known in self.seen.items():
            try:
                placement = look.view.live(environment).placement
            except NotFoundError:
                continue
            try:
                point = Point(placement.deployment, placement.commit)
                accept_point({environment: known}, environment, point)
            except IntegrityError as error:
                raise SourceUnavailableError(
                    f"{source.text} is skipped: {error.message}", hint=error.hint
                ) from error

    def _warn_once(self, what: str) -> None:
        """Log each failure once."""
        if what and what != self._warned:
            _LOGGER.warning(what)
        self._warned = what

    def repair(self) -> Look | None:
        """Recreate the copy of the source in use."""
        return self._used.repair()

    def close(self) -> None:
        """End processes."""
        for source in self._sources:
            source.close()

    def after_fork(self) -> None:
        """Detach from the parent's resources in a forked child."""
        for source in self._sources:
            source.after_fork()
