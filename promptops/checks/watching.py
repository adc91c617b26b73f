"""Notices that files change, by looking at them, which works on every system and any disk."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

INTERVAL_SECONDS = 0.3


def watch(
    find_paths: Callable[[], Iterable[Path]], wait: Callable[[float], None]
) -> Iterator[None]:
    """Yield at once, and again whenever a file at or below one of the paths has changed.

    `find_paths` is asked each time, `wait` lets the given number of seconds pass. Endless.
    """
    seen = None
    while True:
        # Looked at before the work that follows, so that a change meanwhile is not missed.
        state = _look(find_paths())
        if state != seen:
            seen = state
            yield
        else:
            wait(INTERVAL_SECONDS)


def _look(paths: Iterable[Path]) -> dict[str, tuple[int, int, int]]:
    """Return every file with its time of change, size and number."""
    state: dict[str, tuple[int, int, int]] = {}
    pending = [str(path) for path in paths]
    while pending:
        path = pending.pop()
        try:
            with os.scandir(path) as entries:
                pending += [entry.path for entry in entries if _counts(entry)]
        except NotADirectoryError:
            _note(path, state)
        except OSError:
            continue
    return state


def _counts(entry: os.DirEntry[str]) -> bool:
    """Links are not followed, and what editors put beside a file for a moment is no change."""
    return not entry.name.startswith(".") and not entry.is_symlink()


def _note(path: str, state: dict[str, tuple[int, int, int]]) -> None:
    try:
        facts = os.lstat(path)
    except OSError:
        return
    state[path] = (facts.st_mtime_ns, facts.st_size, facts.st_ino)
