"""The file of keys: find it, reload it after changes, replace it atomically."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from promptops.errors import ConfigurationError, PromptopsError
from promptops.files import read_file
from promptops.repository.locking import FileLock
from promptops.repository.writing import write_atomically
from promptops.server.keys import ServiceKeys, read_keys, write_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

VARIABLE = "PROMPTOPS_KEYS"
_FILE = ("promptops-serve", "keys.json")


def find_keys(path: str | None, environment: Mapping[str, str], *, common_dir: Path | None) -> Path:
    """Return the path of the file of keys: the given one, else `PROMPTOPS_KEYS`, else the default.

    Args:
        path: the path on the command line.
        environment: the environment variables.
        common_dir: the repository's git folder shared by all work trees; None without a repository.
    """
    named = path or environment.get(VARIABLE)
    if named:
        return Path(named).expanduser()
    if common_dir is not None:
        return common_dir.joinpath(*_FILE)
    base = environment.get("XDG_STATE_HOME") or (
        environment.get("LOCALAPPDATA") if sys.platform == "win32" else None
    )
    state = Path(base) if base else Path.home() / ".local" / "state"
    return state.joinpath("promptops", _FILE[1])


class KeyFile:
    """The current keys of a file; it is reloaded after a change.

    An unreadable or invalid file denies every key.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._keys = ServiceKeys()
        self._seen: tuple[int, ...] | None = None
        self._fault: PromptopsError | None = None

    @property
    def keys(self) -> ServiceKeys:
        """The keys.

        Raises:
            ConfigurationError: the file is invalid.
            OSError: it is unreadable.
        """
        try:
            found = self.path.stat()
        except FileNotFoundError:
            self._seen, self._keys = None, ServiceKeys()
            return self._keys
        state = (found.st_mtime_ns, found.st_size, found.st_ino)
        if state != self._seen:
            self._keys, self._fault = ServiceKeys(), None
            try:
                self._keys = read_keys(read_file(self.path), str(self.path))
            except PromptopsError as error:
                self._fault = error
            self._seen = state
        if self._fault is not None:
            raise self._fault
        return self._keys

    def check_private(self) -> str | None:
        """Return a warning if other users may write to the file, else None."""
        if os.name == "nt" or not self.path.exists():
            return None
        mode = self.path.stat().st_mode
        if mode & (stat.S_IWGRP | stat.S_IWOTH):
            return f"others can write {self.path}: run chmod 600 {self.path}"
        return None

    def change(self, change: Callable[[ServiceKeys], ServiceKeys]) -> ServiceKeys:
        """Replace the keys by the result of `change`, and return them.

        Raises:
            ConfigurationError: the file is invalid, or another process is changing it.
            OSError: it is not writable.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = self.path.with_name(f"{self.path.name}.lock")
        try:
            with FileLock(lock).held(waits=False):
                keys = change(self.keys)
                write_atomically(self.path, write_keys(keys), mode=0o600)
        except BlockingIOError:
            raise ConfigurationError(
                f"another process is changing {self.path}", hint="try again"
            ) from None
        return keys
