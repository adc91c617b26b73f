"""How much a forge may ask of us: time, size, pages, and patience."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

_MEBIBYTE = 1024 * 1024
_MINUTE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class ForgeLimits:
    """How much a forge may ask of us.

    Attributes:
        silence_seconds: the longest wait for a connection, and for the next bytes of an answer.
        answer_seconds: the longest that one answer may take, however steadily it drips.
        waiting_seconds: all that one client may be made to wait by rate limits.
        attempts: how often a request is sent while the forge fails or does not answer.
        bytes: the largest answer, unpacked; a hundred reviews of 64 KiB, in any letters, fit.
        pages: the longest list, in pages of a hundred.
        sleep: waits for seconds.
        monotonic: tells the seconds by which `answer_seconds` is measured.
        now: tells the seconds since 1970, where the forge does not say what time it is.
    """

    silence_seconds: float = 20.0
    answer_seconds: float = 60.0
    waiting_seconds: float = 120.0
    attempts: int = 3
    bytes: int = 32 * _MEBIBYTE
    pages: int = 100
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time


def limit_of(
    status: int, headers: Mapping[str, str], data: bytes, *, now_seconds: float
) -> float | None:
    """Return how long a forge's answer asks us to wait.

    A 429, or a 403 that names a time: `Retry-After`, or `X-RateLimit-Reset` once
    `X-RateLimit-Remaining` is 0; a minute where there is none (GitHub, "Best practices for using
    the REST API"). GitLab sends a 429, and the same headers without the `X-`.

    Args:
        status: the HTTP status.
        headers: the headers, whatever the case of their names.
        data: the body.
        now_seconds: what time it is, in seconds since 1970.

    Returns:
        Seconds, at least one; None when this is no rate limit.
    """
    if status not in {403, 429}:
        return None
    seconds = _asked_seconds(headers, now_seconds)
    if seconds is None and (status == 429 or b"rate limit" in data[:10_000].lower()):
        seconds = _MINUTE_SECONDS
    # Whoever says "now" would be asked for ever.
    return None if seconds is None else max(seconds, 1.0)


def _asked_seconds(headers: Mapping[str, str], now_seconds: float) -> float | None:
    if "retry-after" in headers:
        seconds = _to_seconds(headers["retry-after"])
        return _MINUTE_SECONDS if seconds is None else seconds
    for prefix in ("x-ratelimit-", "ratelimit-"):
        if headers.get(prefix + "remaining") == "0":
            reset = _to_seconds(headers.get(prefix + "reset", ""))
            return _MINUTE_SECONDS if reset is None else reset - now_seconds
    return None


def _to_seconds(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[0-9]{1,12}", text) else None


def parse_date(text: str) -> datetime | None:
    """Return the time in a `Date` header; None when it holds anything else."""
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None


def to_time(seconds: float) -> str:
    """Seconds since 1970, as people in every zone read them."""
    from datetime import UTC, datetime

    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return "a time that is out of reach"
