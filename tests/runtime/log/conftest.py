"""Run logs for tests: an SQLite file, and PostgreSQL where its server can be started."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.runtime.log.log import RunLog, open_log
from promptops.runtime.log.settings import LogSettings
from tests.runtime.log.pieces import Clock, make_random

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Opener = "Callable[..., RunLog]"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def open_store(tmp_path: Path, clock: Clock) -> Iterator[Callable[..., RunLog]]:
    """Opens one and the same log, again and again, with the given settings."""
    opened: list[RunLog] = []

    def opener(environment: dict[str, str] | None = None, **settings: object) -> RunLog:
        log = open_log(
            tmp_path / "log" / "runs.db",
            LogSettings(**settings),  # type: ignore[arg-type]
            clock=clock,
            random=make_random(len(opened)),
            key=(environment or {}).get,
        )
        opened.append(log)
        return log

    yield opener
    for log in opened:
        log.close()


@pytest.fixture
def log(open_store: Callable[..., RunLog]) -> RunLog:
    return open_store(content="full")
