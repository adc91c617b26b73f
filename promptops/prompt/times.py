"""Format times for programs."""

from __future__ import annotations


def format_time(seconds: int) -> str:
    """Return a Unix time as RFC 3339 in UTC. Beyond year 9999 use Git's form, `@99999999999999`."""
    from datetime import UTC, datetime

    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return f"@{seconds}"


def format_minute(seconds: int) -> str:
    """Return a Unix time as `2026-01-01 12:00 UTC`."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
