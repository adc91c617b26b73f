"""Several sources in order: the next one is asked while those before it are out of reach.

They are copies of one thing, so the rule that environments never go back holds over all of them: a
source that is older than what another one showed is passed over. A source whose content is refused
is not: that is an error, which another source must not hide.
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
    from promptops.runtime.copies import CacheFolder
    from promptops.runtime.source import Look, Source

_LOGGER = logging.getLogger("promptops")


class SeveralSources:
    """Sources, the preferred one first; satisfies `Source`.

    Args:
        sources: at least one.
    """

    # What one process finds out about one of them says little about all.
    folder: CacheFolder | None = None

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = tuple(sources)
        self._used = self._sources[0]
        self._seen: dict[str, Point] = {}
        self._said = ""
        self.text = ", else ".join(one.text for one in sources)
        self.is_local = all(one.is_local for one in sources)
        self.repository: Repository | None = next(
            (one.repository for one in sources if one.repository is not None), None
        )

    @property
    def seen(self) -> dict[str, Point]:
        """The newest deployment that any of them showed, by environment."""
        for source in self._sources:
            for environment, point in dict(source.seen).items():
                known = self._seen.get(environment)
                if known is None or point.deployment > known.deployment:
                    self._seen[environment] = point
        return self._seen

    def look(self) -> Look | None:
        """Return what is at hand of the preferred one; the others count when that was asked in
        vain.
        """
        if self.is_local:
            return self.update()
        return self._sources[0].look()

    def update(self) -> Look:
        """Ask one after the other until one answers.

        Raises:
            SourceUnavailableError: none answers; or those that do are older than what was seen.
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
            self._tell(f"{'; '.join(troubles)}; {source.text} answers" if troubles else "")
            return look
        hint = None if first is None else first.hint
        raise SourceUnavailableError("; ".join(troubles), hint=hint)

    def _check(self, source: Source, look: Look) -> None:
        """Pass over a source that is older than what another one showed."""
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
                    f"{source.text} is passed over: {error.message}", hint=error.hint
                ) from error

    def _tell(self, what: str) -> None:
        """Warn once of each trouble."""
        if what and what != self._said:
            _LOGGER.warning(what)
        self._said = what

    def repair(self) -> Look | None:
        """Make the copy of the source in use anew."""
        return self._used.repair()

    def close(self) -> None:
        """Let go of processes."""
        for source in self._sources:
            source.close()

    def after_fork(self) -> None:
        """In a forked child: forget what belongs to the parent."""
        for source in self._sources:
            source.after_fork()
