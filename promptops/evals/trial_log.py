"""Write what an eval asked into the run log, many runs in one commit."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.runtime.log.record import AttemptRecord, RunRecord
    from promptops.runtime.log.recorder import Recorder

_MAX_RUNS = 200
_MAX_SECONDS = 1.0


class TrialLog:
    """The run log of an eval. Belongs to one event loop.

    Runs are written when they have ended, in batches: a kill loses those of the last second. As in
    production, what cannot be written is counted and reported, and stops nothing.

    Args:
        recorder: writes to the log.
        name: the eval's name, a label of all its runs.
    """

    def __init__(self, recorder: Recorder, name: str) -> None:
        self.name = name
        self._recorder = recorder
        self._waiting: list[tuple[RunRecord, Sequence[AttemptRecord]]] = []
        self._written = time.monotonic()
        self._writing: asyncio.Task[Any] | None = None

    def add(self, run: RunRecord, attempts: Sequence[AttemptRecord]) -> None:
        """Write a run that ended, soon."""
        self._waiting.append((run, tuple(attempts)))
        is_due = len(self._waiting) >= _MAX_RUNS or time.monotonic() - self._written > _MAX_SECONDS
        if is_due and (self._writing is None or self._writing.done()):
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        batch, self._waiting = self._waiting, []
        # In a thread: trials must go on while another process holds the database.
        await asyncio.to_thread(self._recorder.finish_all, batch)
        self._written = time.monotonic()

    async def aclose(self) -> None:
        """Write what is left, and close the log."""
        if self._writing is not None:
            await self._writing
        if self._waiting:
            await self._write()
        await asyncio.to_thread(self._recorder.close)
