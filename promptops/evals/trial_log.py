"""Write what an eval asked into the run log, many runs in one commit."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.runtime.log.record import AttemptRecord, RunRecord
    from promptops.runtime.log.recorder import Recorder

_MAX_RUNS = 500
_MAX_SECONDS = 1.0


class TrialLog:
    """The run log of an eval. Belongs to one event loop.

    Runs are written when they have ended, in batches: 500 of them, or those of a second. A kill
    loses the batch that is not written yet, never a part of one. As in production, what cannot be
    written is counted and reported, and stops nothing.

    Args:
        recorder: writes to the log.
        name: the eval's name, a label of all its runs.
    """

    def __init__(self, recorder: Recorder, name: str) -> None:
        self.name = name
        self._recorder = recorder
        self._waiting: list[tuple[RunRecord, Sequence[AttemptRecord]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    def add(self, run: RunRecord, attempts: Sequence[AttemptRecord]) -> None:
        """Write a run that ended, soon."""
        self._waiting.append((run, attempts))
        self._plan()

    def _plan(self) -> None:
        """Write the next batch now if it is full, else within a second."""
        if self._writing is not None:
            return
        if len(self._waiting) >= _MAX_RUNS:
            self._start()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_MAX_SECONDS, self._start)

    def _start(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        batch, self._waiting = self._waiting[:_MAX_RUNS], self._waiting[_MAX_RUNS:]
        # In a thread: trials must go on while another process holds the database.
        await asyncio.to_thread(self._recorder.finish_all, batch)
        self._writing = None
        if self._waiting:
            self._plan()

    async def aclose(self) -> None:
        """Write what is left, and close the log."""
        while self._writing is not None or self._waiting:
            if self._writing is None:
                self._start()
            assert self._writing is not None  # noqa: S101 - started just now
            await self._writing
        await asyncio.to_thread(self._recorder.close)
