"""Limits for a forge's answers: time, size, pages and retries."""

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
    """Limits for a forge's answers.

    Attributes:
        silence_seconds: the longest wait for a connection, and for the next bytes of an answer.
        answer_seconds: the longest time for one answer, even if bytes keep arriving.
        waiting_seconds: the total time that one client waits for rate limits.
        attempts: how often a request is sent if the forge fails or does not answer.
        bytes: the largest answer, decompressed; a hundred reviews of 64 Ki characters fit.
        pages: the longest list, in pages of a hundred.
        sleep: waits for seconds.
        monotonic: the clock that measures `answer_seconds`.
        now: the seconds since 1970, used if the forge's answer has no time.
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
    """Return the seconds that a rate limited answer asks us to wait.

    A 429, or a 403 that names a time: `Retry-After`, or `X-RateLimit-Reset` once
    `X-RateLimit-Remaining` is 0; a minute if there is neither (GitHub, "Best practices for using
    the REST API"). GitLab sends a 429, and the same headers without the `X-`.

    Args:
        status: the HTTP status.
        headers: the headers; the case of their names does not matter.
        data: the body.
        now_seconds: the current time, in seconds since 1970.

    Returns:
        Seconds, at least one; None if this is not a rate limit.
    """
    if status not in {403, 429}:
        return None
    seconds = _asked_seconds(headers, now_seconds)
    if seconds is None and (status == 429 or b"rate limit" in data[:10_000].lower()):
        seconds = _MINUTE_SECONDS
    # At least one second: "now" would lead to an endless loop.
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
    """Return the time in a `Date` header; None if it is malformed."""
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None


def to_time(seconds: float) -> str:
    """Format seconds since 1970 as a time in UTC."""
    from datetime import UTC, datetime

    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return "an unknown time"
