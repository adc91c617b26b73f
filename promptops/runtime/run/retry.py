"""Decide what to do after a failed attempt.

The HTTP status decides, never the text of an error, in which providers quote users' texts. Two
cases use the provider's error code.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from promptops.runtime.models.model import ModelError

RETRIED = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
# The error codes of OpenAI and llama.cpp for a request that exceeds the context window.
TOO_LONG = frozenset({"context_length_exceeded", "exceed_context_size_error"})
REPLACED = frozenset({401, 402, 403, 404})
_FIRST_DELAY_SECONDS = 0.5
_MAX_DELAY_SECONDS = 20.0


class Next(StrEnum):
    """The next step after a failed attempt.

    RETRY asks the same model again, FALL_BACK the next one, LARGER the next one with a larger
    context window, STOP ends the run.
    """

    RETRY = "retry"
    FALL_BACK = "fall back"
    LARGER = "larger window"
    STOP = "stop"


def choose_next(error: ModelError) -> Next:
    """Return the next step after `error`.

    Retried: 408, 409, 429, 500, 502, 503, 504, 529, timeouts, broken connections and malformed
    answers. Next model at once: 401, 402, 403, 404, a missing key or package, a model that cannot
    be called. Final: 400, 413, 422 and every other status, since another model would get the same
    invalid request.
    """
    if error.code in TOO_LONG:
        return Next.LARGER
    if error.code == "insufficient_quota":
        return Next.FALL_BACK
    if error.kind in {"key", "install"}:
        return Next.FALL_BACK
    if error.kind == "invalid" and not error.is_sent:
        # The model could not be called, so a retry cannot either.
        return Next.FALL_BACK
    if error.kind != "status":
        return Next.RETRY
    if error.status in RETRIED:
        return Next.RETRY
    return Next.FALL_BACK if error.status in REPLACED else Next.STOP


def is_alarming(error: ModelError) -> bool:
    """Return whether to alert people: a key was refused, or a model no longer exists."""
    return error.kind == "key" or error.status in REPLACED or error.code == "insufficient_quota"


def delay_seconds(retries: int, retry_after: float | None, random: float) -> float:
    """Return how long to wait before a retry: exponential backoff with full jitter.

    Args:
        retries: the number of previous retries of this model.
        retry_after: the provider's requested wait, which is the minimum.
        random: returns a random number from 0 to 1.
    """
    longest = min(_MAX_DELAY_SECONDS, _FIRST_DELAY_SECONDS * 2.0**retries)
    return max(random * longest, retry_after or 0.0)
