"""Writes Git packs and packed refs directly: a hundred thousand releases in seconds, not hours.

What results is what a clone of such a repository has: one pack, one `packed-refs` file, nothing
loose. Contents are the caller's; this only knows gitformat-pack(5) and how Git names objects.
"""

from __future__ import annotations

import hashlib
import struct
import subprocess
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_TYPES = {"commit": 1, "tree": 2, "blob": 3, "tag": 4}
_DELTA = 7
# What Git's own packing allows.
_DEEPEST = 50
_MAX_INSERT = 127
_MAX_COPY = 0x10000


@dataclass(slots=True)
class Series:
    """The versions of one growing file or tree: each is stored as a change to the one before.

    Attributes:
        data: the newest version.
        oid: its id.
        depth: how many changes lie between it and one that is stored whole.
    """

    data: bytes = b""
    oid: str = ""
    depth: int = _DEEPEST


class Pack:
    """One pack that is being written; call `finish` at the end."""

    def __init__(self, repository: Path) -> None:
        """Begin the file in a `.git` folder; its header waits for the number of objects."""
        self.repository = repository
        self._count = 0
        self._known: set[str] = set()
        self._draft = repository / "objects" / "pack" / "draft.pack"
        self._file = self._draft.open("wb+")
        self._file.write(struct.pack(">4sII", b"PACK", 2, 0))

    def add(self, kind: str, data: bytes) -> str:
        """Store an object whole; give its id. The same object again is stored once."""
        oid = name_object(kind, data)
        if oid not in self._known:
            self._write(oid, _TYPES[kind], len(data), b"", data)
        return oid

    def add_next(self, kind: str, series: Series, data: bytes, *, whole: bool = False) -> str:
        """Store the next version of a series; give its id."""
        oid = name_object(kind, data)
        if oid not in self._known:
            if whole or series.depth >= _DEEPEST:
                self._write(oid, _TYPES[kind], len(data), b"", data)
                series.depth = 0
            else:
                change = _delta(series.data, data)
                self._write(oid, _DELTA, len(change), bytes.fromhex(series.oid), change)
                series.depth += 1
            series.oid, series.data = oid, data
        return oid

    def finish(self, refs: Mapping[str, tuple[str, str | None]]) -> None:
        """Index the pack and write the refs: full name -> object id, and of a tag its commit."""
        self._file.seek(0)
        self._file.write(struct.pack(">4sII", b"PACK", 2, self._count))
        self._file.seek(0)
        total = hashlib.file_digest(self._file, lambda: hashlib.sha1(usedforsecurity=False))
        self._file.write(total.digest())
        self._file.close()
        final = self._draft.with_name(f"pack-{total.hexdigest()}.pack")
        self._draft.rename(final)
        subprocess.run(["git", "index-pack", final], check=True, stdout=subprocess.DEVNULL)
        write_packed_refs(self.repository, refs)

    def _write(self, oid: str, kind: int, size: int, base: bytes, data: bytes) -> None:
        # Four bits of the size beside the type, then seven in each byte, the highest bit: more.
        byte, size = (kind << 4) | (size & 15), size >> 4
        header = bytearray()
        while size:
            header.append(byte | 128)
            byte, size = size & 127, size >> 7
        header.append(byte)
        self._file.write(bytes(header) + base + zlib.compress(data, 1))
        self._known.add(oid)
        self._count += 1


def write_packed_refs(repository: Path, refs: Mapping[str, tuple[str, str | None]]) -> None:
    """Write all refs of a repository as a clone has them."""
    lines = ["# pack-refs with: peeled fully-peeled sorted "]
    for name in sorted(refs, key=str.encode):
        oid, commit = refs[name]
        lines.append(f"{oid} {name}")
        if commit is not None:
            lines.append(f"^{commit}")
    (repository / "packed-refs").write_text("\n".join([*lines, ""]), "utf-8")


def name_object(kind: str, data: bytes) -> str:
    """Give the id that Git gives to an object."""
    whole = f"{kind} {len(data)}\0".encode() + data
    return hashlib.sha1(whole, usedforsecurity=False).hexdigest()


def format_tree(entries: Iterable[tuple[str, str]]) -> bytes:
    """Give the bytes of a tree of (name, id); a folder's name ends in a slash."""
    # Git sorts a folder as if its name ended in a slash, and stores it without.
    return b"".join(
        (b"40000 " if name.endswith("/") else b"100644 ")
        + name.removesuffix("/").encode()
        + b"\0"
        + bytes.fromhex(oid)
        for name, oid in sorted(entries)
    )


def _delta(old: bytes, new: bytes) -> bytes:
    """Give the instructions that make `new` of `old`: same beginning, new middle, same end."""
    start = _common(old, new)
    end = min(_common_end(old, new), len(old) - start, len(new) - start)
    parts = [_number(len(old)), _number(len(new)), _copy(0, start)]
    middle = new[start : len(new) - end]
    for place in range(0, len(middle), _MAX_INSERT):
        piece = middle[place : place + _MAX_INSERT]
        parts += [bytes([len(piece)]), piece]
    parts.append(_copy(len(old) - end, end))
    return b"".join(parts)


def _common(one: bytes, other: bytes) -> int:
    """Give the length of the beginning that two texts share."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _common_end(one: bytes, other: bytes) -> int:
    """Give the length of the end that two texts share."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        same = (
            one[len(one) - middle : len(one) - low] == other[len(other) - middle : len(other) - low]
        )
        low, high = (middle, high) if same else (low, middle - 1)
    return low


def _number(value: int) -> bytes:
    parts = bytearray()
    while value >= 128:
        parts.append(value & 127 | 128)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def _copy(offset: int, size: int) -> bytes:
    parts = b""
    while size:
        length = min(size, _MAX_COPY - 1)
        parts += b"\xff" + offset.to_bytes(4, "little") + length.to_bytes(3, "little")
        offset, size = offset + length, size - length
    return parts
