"""Counters of one process in a file that other processes can read at any time, even after a kill.

A file is `used: u64`, then entries of `length: u32, key: JSON, padding, value: f64`. One process
writes a file, and only changes values in place or appends; a reader sees complete entries up to
`used`. So no flush and no lock is needed, and a killed process loses no counts.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from promptops.files import read_file
from promptops.repository.locking import FileLock
from promptops.repository.writing import write_atomically
from promptops.runtime.log.process import Process, is_gone, this_process

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# A metric's name, its labels as (name, value), and a part: the number of a bucket, or a word.
Key = tuple[str, tuple[tuple[str, str], ...], str]

_HEADER = 8
_FIRST_SIZE = 1 << 16
# More label combinations than this are a mistake; they must not fill the disk.
MAX_ENTRIES = 20_000
_SUFFIX = ".counts"
_GAUGES = "gauges"
_ENDED = f"ended{_SUFFIX}"


class Counters:
    """The counters of this process, in one file of a shared folder."""

    def __init__(self, folder: Path) -> None:
        """Store the folder, which is created if missing."""
        self._folder = self._path = folder
        self._renew()

    def _renew(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._map: mmap.mmap | None = None
        self._places: dict[Key, int] = {}
        self._used = _HEADER

    def add(self, amounts: Mapping[Key, float]) -> None:
        """Add amounts to the counters, which begin at 0."""
        if self._pid != os.getpid():
            # The file belongs to the parent; its lock may be held there.
            self._renew()
        with self._lock:
            if self._map is None:
                self._open()
            places = [self._places.get(key) or self._append(key) for key in amounts]
            opened = self._map
            assert opened is not None  # noqa: S101 - opened above
            for place, amount in zip(places, amounts.values(), strict=True):
                if place is not None:
                    value = struct.unpack_from("<d", opened, place)[0]
                    struct.pack_into("<d", opened, place, value + amount)

    def close(self) -> None:
        """Close the file; do not delete it."""
        if self._pid == os.getpid():
            with self._lock:
                if self._map is not None:
                    self._map.close()
                self._renew_map()

    def _renew_map(self) -> None:
        self._map = None
        self._places = {}
        self._used = _HEADER

    def _open(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        process = this_process()
        name = f"{process.machine or 'x'}-{process.pid}-{process.born or 'x'}{_SUFFIX}"
        self._path = self._folder / name
        self._map = _map_file(self._path, _FIRST_SIZE)
        # A process that closed its file reopens it.
        for key, place, _, end in _entries(self._map):
            self._places[key] = place
            self._used = end

    def _append(self, key: Key) -> int | None:
        assert self._map is not None  # noqa: S101 - only called with an open file
        if len(self._places) >= MAX_ENTRIES:
            return None
        text = json.dumps(key, separators=(",", ":")).encode()
        text += b" " * (-(len(text) + 4) % 8)
        end = self._used + 4 + len(text) + 8
        if end > len(self._map):
            size = 2 * len(self._map)
            self._map.close()
            self._map = _map_file(self._path, size)
        struct.pack_into("<I", self._map, self._used, len(text))
        place = self._used + 4 + len(text)
        self._map[self._used + 4 : place] = text
        struct.pack_into("<d", self._map, place, 0.0)
        # This makes the entry visible to readers.
        struct.pack_into("<Q", self._map, 0, end)
        self._used = end
        self._places[key] = place
        return place


def _map_file(path: Path, size: int) -> mmap.mmap:
    """Map a file into memory, enlarged to at least `size` bytes."""
    opened = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        if os.fstat(opened).st_size < size:
            os.ftruncate(opened, size)
        return mmap.mmap(opened, 0)
    finally:
        os.close(opened)


def read_all(folder: Path) -> dict[Key, float]:
    """Return the totals of all processes, ended ones included."""
    total: dict[Key, float] = {}
    if not folder.is_dir():
        return total
    with FileLock(folder / "lock").held():
        # Without the lock a file could be counted twice: by itself and after merging.
        for path in sorted(folder.glob(f"*{_SUFFIX}")):
            _add_file(path, total)
    return total


def write_gauges(folder: Path, gauges: Mapping[Key, float]) -> None:
    """Replace the gauges."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(folder / _GAUGES, gauges)


def read_gauges(folder: Path) -> dict[Key, float]:
    """Return the gauges; may be empty."""
    total: dict[Key, float] = {}
    _add_file(folder / _GAUGES, total)
    return total


def tidy(folder: Path) -> int:
    """Merge the counts of ended processes into one file; return their number."""
    if not folder.is_dir():
        return 0
    with FileLock(folder / "lock").held():
        ended = [path for path in folder.glob(f"*{_SUFFIX}") if _is_over(path)]
        if not ended:
            return 0
        total: dict[Key, float] = {}
        for path in (folder / _ENDED, *ended):
            _add_file(path, total)
        _write(folder / _ENDED, total)
        for path in ended:
            path.unlink()
    return len(ended)


def _is_over(path: Path) -> bool:
    parts = path.name.removesuffix(_SUFFIX).split("-")
    if len(parts) != 3 or not parts[1].isdigit():
        return False
    return is_gone(Process(parts[0], int(parts[1]), parts[2]))


def _add_file(path: Path, total: dict[Key, float]) -> None:
    with suppress(OSError):
        for key, _, value, _ in _entries(read_file(path)):
            total[key] = total.get(key, 0.0) + value


def _entries(data: bytes | mmap.mmap) -> Iterator[tuple[Key, int, float, int]]:
    """Yield for each entry: key, offset of the value, value, offset of the end."""
    if len(data) < _HEADER:
        return
    used = min(struct.unpack_from("<Q", data, 0)[0], len(data))
    at = _HEADER
    while at + 12 <= used:
        (length,) = struct.unpack_from("<I", data, at)
        place = at + 4 + length
        if place + 8 > used:
            return
        try:
            name, labels, part = json.loads(data[at + 4 : place])
            key = (str(name), tuple((str(a), str(b)) for a, b in labels), str(part))
        except (ValueError, TypeError):
            return
        yield key, place, struct.unpack_from("<d", data, place)[0], place + 8
        at = place + 8


def _write(path: Path, total: Mapping[Key, float]) -> None:
    pieces = []
    for key, value in total.items():
        text = json.dumps(key, separators=(",", ":")).encode()
        text += b" " * (-(len(text) + 4) % 8)
        pieces += [struct.pack("<I", len(text)), text, struct.pack("<d", value)]
    body = b"".join(pieces)
    write_atomically(path, struct.pack("<Q", _HEADER + len(body)) + body)
