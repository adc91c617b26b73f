"""Times as people type them."""

from __future__ import annotations

from promptops.errors import UsageError


def parse_time(text: str) -> int:
    """Return a date or a time as seconds since 1970; UsageError for what is none.

    Without a zone it is local time, as a person at this machine means it.
    """
    from datetime import datetime

    try:
        return int(datetime.fromisoformat(text).timestamp())
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"'{text}' is not a time", hint="write 2026-05-04, 2026-05-04T13:00 or ...T13:00Z"
        ) from error


def parse_moment(text: str, now: float) -> float:
    """Return a time, or how long ago it was, such as `12h` or `30d`; UsageError."""
    from promptops.repository.settings.reading import read_duration

    seconds = read_duration(text)
    if seconds is not None:
        return now - seconds
    try:
        return parse_time(text)
    except UsageError as error:
        raise UsageError(
            error.message, hint="write a time span (12h, 30d) or a time (2026-05-04T13:00Z)"
        ) from error
