"""Store copies of remote sources on disk, shared by all processes of a user and crash-safe.

A `CacheFolder` belongs to one source. Writers hold its lock, which the system releases when a
process dies. Files are replaced atomically. `state.json` is written last, so a crash leaves the
previous state.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from promptops.delivery.state import Point
from promptops.files import read_file
from promptops.repository.locking import FileLock
from promptops.repository.writing import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptops.errors import IntegrityError

_SCHEMA = "promptops.cache/v1"
_MAX_DEPLOYMENT = 2**53
# The exceptions of parsing a damaged JSON file.
_MALFORMED = (KeyError, TypeError, AttributeError, OverflowError, RecursionError)


def default_cache() -> Path:
    """Return promptops' folder in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or (
        os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else None
    )
    return (Path(base) if base else Path.home() / ".cache") / "promptops"


def unusable_hint(folder: Path) -> str:
    """Return the hint for a copy that is not readable or writable."""
    return (
        f"free disk space, delete {folder}, or use another folder: promptops.open(..., "
        "cache=FOLDER)"
    )


def remembered(error: IntegrityError, folder: Path) -> IntegrityError:
    """Return the error with a hint on how to clear the remembered state that caused it."""
    return type(error)(
        f"{error.message}, says this machine's cache",
        hint=f"{error.hint}; if this was intended, delete {folder}, which keeps the last known "
        "state",
    )


@dataclass(frozen=True, slots=True)
class CacheState:
    """The state of a source's copy.

    Attributes:
        fetched_at_seconds: when the copy was last known to be current.
        seen: the newest deployment seen of each environment.
        facts: further data of the kind of source: default branch, ETag.
    """

    fetched_at_seconds: float
    seen: Mapping[str, Point] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)


class SourceOutage(NamedTuple):
    """A failure of a source, which is not asked again for a while.

    Attributes:
        since_seconds: the time of the last failed attempt.
        pause_seconds: the time until the next attempt.
        message: the error.
    """

    since_seconds: float
    pause_seconds: float
    message: str


def read_cache_state(folder: Path) -> CacheState | None:
    """Return the state of a source's folder; None if missing or invalid."""
    try:
        value = json.loads(read_file(folder / "state.json"))
        if value["schema"] != _SCHEMA:
            return None
        return CacheState(
            float(value["fetched_at"]),
            {
                str(name): _read_point(point["deployment"], point["commit"])
                for name, point in value["seen"].items()
            },
            {str(key): str(fact) for key, fact in value["facts"].items()},
        )
    except (OSError, ValueError, *_MALFORMED):
        return None


def _read_point(deployment: object, commit: object) -> Point:
    if not isinstance(deployment, int) or deployment >= _MAX_DEPLOYMENT:
        raise TypeError(deployment)
    if not isinstance(commit, str) or not _is_id(commit):
        raise TypeError(commit)
    return Point(deployment, commit)


def _is_id(text: str) -> bool:
    return len(text) in {40, 64} and set(text) <= set("0123456789abcdef")


class CacheFolder:
    """The folder of one source's copy."""

    def __init__(self, cache: Path, kind: str, *identity: str) -> None:
        """Choose the folder below `cache`; create it on the first write."""
        digest = sha256("\0".join(identity).encode("utf-8", "surrogateescape")).hexdigest()
        self.path = cache / kind / digest[:32]
        self._lock = FileLock(self.path / "lock")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder's lock across processes; wait for it."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._lock.held():
            yield

    def forget_lock(self) -> None:
        """Detach from the parent's lock in a forked child."""
        self._lock.forget()

    def read_state(self) -> CacheState | None:
        """Return the state; None if missing or invalid."""
        return read_cache_state(self.path)

    def read_outage(self) -> SourceOutage | None:
        """Return the failure that another process recorded; None if the source answered last."""
        try:
            value = json.loads(read_file(self.path / "silence.json"))
            return SourceOutage(float(value["since"]), float(value["pause"]), str(value["message"]))
        except (OSError, ValueError, *_MALFORMED):
            return None

    def write_outage(self, outage: SourceOutage | None) -> None:
        """Record a failure for other processes, if possible; None: the source answers again."""
        file = self.path / "silence.json"
        with contextlib.suppress(OSError):
            if outage is None:
                file.unlink()
            elif self.path.is_dir():
                since, pause, message = outage
                value = {"since": since, "pause": pause, "message": message}
                write_atomically(file, json.dumps(value).encode(), is_own=True)

    def write_state(self, state: CacheState) -> None:
        """Replace the state. Call it with the lock held."""
        value = {
            "schema": _SCHEMA,
            "fetched_at": state.fetched_at_seconds,
            "seen": {
                name: {"deployment": point.deployment, "commit": point.commit}
                for name, point in state.seen.items()
            },
            "facts": dict(state.facts),
        }
        text = json.dumps(value, sort_keys=True)
        write_atomically(self.path / "state.json", text.encode(), is_own=True)
