"""Parse and format times for people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptops.errors import UsageError

if TYPE_CHECKING:
    from promptops.delivery.refresh import Freshness

_SPAN = re.compile(r"(\d+)\s*(second|minute|hour|day|week)s?(?:\s+ago)?", re.IGNORECASE)
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 7 * 86400}
_SHORT_AGE_SECONDS = 90


def parse_time(text: str) -> int:
    """Parse a date or a time to seconds since 1970. Raises UsageError.

    Without a zone it is local time.
    """
    from datetime import datetime

    try:
        return int(datetime.fromisoformat(text).timestamp())
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"'{text}' is not a time", hint="write 2026-05-04, 2026-05-04T13:00 or ...T13:00Z"
        ) from error


def parse_moment(text: str, now: float) -> float:
    """Parse a time, or an age such as `12h` or `1 hour ago`. Raises UsageError."""
    from promptops.repository.settings.reading import read_duration

    span = _SPAN.fullmatch(text.strip())
    seconds = int(span[1]) * _SECONDS[span[2].lower()] if span else read_duration(text)
    if seconds is not None:
        return now - seconds
    try:
        return parse_time(text)
    except UsageError as error:
        raise UsageError(
            error.message, hint="write a time span (12h, 1 hour ago) or a time (2026-05-04T13:00Z)"
        ) from error


def show_time(seconds: int) -> str:
    """Format a time for people: local, with its zone."""
    from datetime import datetime

    try:
        return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M %z")
    except (ValueError, OverflowError, OSError):
        return f"@{seconds}"


def describe_age(seconds: float) -> str:
    """Format an age: `4 minutes ago`."""
    if seconds < _SHORT_AGE_SECONDS:
        return "less than 2 minutes ago"
    for word in ("week", "day", "hour", "minute"):
        count = int(seconds // _SECONDS[word])
        if count:
            return f"{count} {word}{'s' if count > 1 else ''} ago"
    return "just now"


def describe_freshness(freshness: Freshness, remote: str | None, now: float) -> str:
    """Return a remark on data that may be outdated; "" if the remote was just asked."""
    if freshness.is_current:
        return ""
    age = "the last fetch" if freshness.seconds is None else describe_age(now - freshness.seconds)
    return f"as of {age}; {remote} {'did not answer' if freshness.fault else 'was not asked'}"
