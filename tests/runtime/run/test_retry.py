"""What follows a failed attempt."""

from __future__ import annotations

import pytest

from promptops.runtime.models.model import ModelError
from promptops.runtime.run.retry import Next, choose_next, delay_seconds, is_alarming


def error(kind: str, status: int | None = None, code: str | None = None) -> ModelError:
    is_sent = kind not in {"key", "install"}
    return ModelError("m", model="m", kind=kind, is_sent=is_sent, status=status, code=code)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("failure", "following", "alarms"),
    [
        (error("status", 429), Next.RETRY, False),
        (error("status", 529), Next.RETRY, False),
        (error("timeout"), Next.RETRY, False),
        (error("status", 400), Next.STOP, False),
        (error("status", 418), Next.STOP, False),
        (error("status", 401), Next.FALL_BACK, True),
        (error("status", 404), Next.FALL_BACK, True),
        (error("key"), Next.FALL_BACK, True),
        (error("install"), Next.FALL_BACK, False),
        (error("status", 429, "insufficient_quota"), Next.FALL_BACK, True),
        (error("status", 400, "context_length_exceeded"), Next.LARGER, False),
    ],
)
def test_the_status_decides(failure: ModelError, following: Next, *, alarms: bool) -> None:
    assert (choose_next(failure), is_alarming(failure)) == (following, alarms)


def test_pauses_grow_and_never_undercut_what_was_asked_for() -> None:
    assert [delay_seconds(n, None, 1.0) for n in range(8)] == [0.5, 1, 2, 4, 8, 16, 20, 20]
    assert delay_seconds(0, None, 0.0) == 0
    assert delay_seconds(0, 7.5, 0.5) == 7.5
