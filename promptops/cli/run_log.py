"""Find the current repository's run log, and write events to it."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from promptops.cli.session import current, runtime_config
from promptops.errors import NotARepositoryError

if TYPE_CHECKING:
    from promptops.repository.settings.log import LogSettings


def find_run_log() -> tuple[LogSettings, str]:
    """Return the table `[log]`, and the path or URL of the log, which may not exist."""
    from promptops.runtime.stores.log_place import find_log

    settings = runtime_config().log
    try:
        git = current().repository.git
    except NotARepositoryError:
        return settings, find_log(settings, os.environ, common_dir=None, top=None)
    return settings, find_log(settings, os.environ, common_dir=git.common_dir, top=git.work_tree)


def record_event(kind: str, at: float, detail: dict[str, Any]) -> None:
    """Write an event to the log, created if missing. `at` is in seconds since 1970."""
    from promptops.runtime.log.identifiers import make_id
    from promptops.runtime.log.log import open_log
    from promptops.runtime.log.record import Event

    settings, place = find_run_log()
    with open_log(place, settings, clock=time.time, random=os.urandom, key=os.environ.get) as log:
        log.event(Event(make_id(at, os.urandom(10)), at, kind, None, detail))
