"""Write a time for programs."""

from __future__ import annotations


def format_time(seconds: int) -> str:
    """Return a Unix time as RFC 3339 in UTC; as `@99999999999999`, Git's form, beyond its years."""
    from datetime import UTC, datetime

    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return f"@{seconds}"
