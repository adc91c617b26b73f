"""Times as programs and people read them."""

from __future__ import annotations

import time

import pytest

from promptops.prompt.times import format_minute, format_time


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_767_225_661, "2026-01-01T00:01:01Z"),
        (-1, "1969-12-31T23:59:59Z"),
        (253_402_300_799, "9999-12-31T23:59:59Z"),
        # Git takes such dates, and so may a stranger.
        (253_402_300_800, "@253402300800"),
        (99_999_999_999_999, "@99999999999999"),
    ],
)
def test_a_time_is_in_utc_and_beyond_the_calendar_as_git_has_it(seconds: int, written: str) -> None:
    assert format_time(seconds) == written


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone cannot be changed here")
def test_a_minute_says_its_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "America/New_York")
        time.tzset()
        assert time.localtime(0).tm_year == 1969
        assert format_minute(1_767_225_661) == "2026-01-01 00:01 UTC"
    time.tzset()
