"""Ids of runs: UUIDs of version 7 (RFC 9562), which sort by time."""

from __future__ import annotations

import re

from promptops.errors import UsageError, quote

_ID = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")


def make_id(now: float, random: bytes) -> str:
    """Return an id for something that happens at `now`.

    Args:
        now: seconds since 1970 in UTC.
        random: at least 10 random bytes.
    """
    milliseconds = int(now * 1000) & (1 << 48) - 1
    tail = int.from_bytes(random[:10], "big")
    number = milliseconds << 80 | 7 << 76 | (tail >> 62 & 0xFFF) << 64 | 2 << 62
    return _format(f"{number | tail & (1 << 62) - 1:032x}")


def pack_id(text: str) -> bytes:
    """Return the 16 bytes of an id. Raises UsageError if the text is not a UUID."""
    # Importing `uuid` would slow the start of every command.
    if _ID.fullmatch(str(text)) is None:
        raise UsageError(
            f"{quote(str(text))} is not the id of a run",
            hint="run 'promptops runs list' to see the ids",
        )
    return bytes.fromhex(text.replace("-", ""))


def unpack_id(data: bytes) -> str:
    """Return the id with these 16 bytes, as text."""
    return _format(bytes(data).hex())


def _format(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
