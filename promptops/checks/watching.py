"""Watch files for changes by polling, which works on every system and disk."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from promptops.errors import PromptopsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from promptops.repository.repository import Repository

INTERVAL_SECONDS = 0.3


def watch(
    find_paths: Callable[[], Iterable[Path]], wait: Callable[[float], None]
) -> Iterator[None]:
    """Yield at once, and again after each change at or below one of the paths. Never ends.

    `find_paths` is called each time. `wait` sleeps for a number of seconds.
    """
    seen = None
    while True:
        # Take the state before the caller works, so that a change meanwhile is not missed.
        state = look(find_paths())
        if state != seen:
            seen = state
            yield
        else:
            wait(INTERVAL_SECONDS)


def list_watched(repository: Repository, *, with_owners: bool) -> list[Path]:
    """Return the files and folders on which the result of a check or an eval depends; CODEOWNERS
    only with `with_owners`.
    """
    from promptops.forge.places import ALL_OWNERS
    from promptops.repository.config import CONFIG_FILE, PYPROJECT_FILE, Config

    top = repository.require_work_tree()
    try:
        config = repository.config
    except PromptopsError:
        config = Config()
    owners = ALL_OWNERS if with_owners else ()
    return [
        top / one for one in (config.prompts, config.evals, CONFIG_FILE, PYPROJECT_FILE, *owners)
    ]


def look(paths: Iterable[Path]) -> dict[str, tuple[int, int, int]]:
    """Return path -> modification time, size and inode of every file at or below some paths."""
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
    """Return whether to watch a file: links and editors' temporary files are skipped."""
    return not entry.name.startswith(".") and not entry.is_symlink()


def _note(path: str, state: dict[str, tuple[int, int, int]]) -> None:
    try:
        facts = os.lstat(path)
    except OSError:
        return
    state[path] = (facts.st_mtime_ns, facts.st_size, facts.st_ino)
