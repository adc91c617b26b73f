"""Ids of runs: UUIDs of version 7 (RFC 9562), whose order is the order of time."""

from __future__ import annotations

import uuid

from promptops.errors import UsageError, quote


def make_id(now: float, random: bytes) -> str:
    """Return an id for something that happens at `now`.

    Args:
        now: seconds since 1970 in UTC.
        random: at least 10 random bytes.
    """
    milliseconds = int(now * 1000) & (1 << 48) - 1
    tail = int.from_bytes(random[:10], "big")
    number = milliseconds << 80 | 7 << 76 | (tail >> 62 & 0xFFF) << 64 | 2 << 62
    return str(uuid.UUID(int=number | tail & (1 << 62) - 1))


def pack_id(text: str) -> bytes:
    """Return the 16 bytes of an id; UsageError when the text is no UUID."""
    try:
        return uuid.UUID(text).bytes
    except (ValueError, AttributeError, TypeError):
        raise UsageError(
            f"{quote(str(text))} is not the id of a run",
            hint="'promptops runs list' shows the ids",
        ) from None


def unpack_id(data: bytes) -> str:
    """Return the id with these 16 bytes, as text."""
    return str(uuid.UUID(bytes=bytes(data)))
