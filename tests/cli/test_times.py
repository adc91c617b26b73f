"""Times as people write them, and as they read them."""

from __future__ import annotations

import pytest

from promptops.cli.times import (
    describe_age,
    describe_freshness,
    parse_moment,
    parse_time,
    show_time,
)
from promptops.delivery.refresh import Freshness
from promptops.errors import UsageError

NOW = 1_767_225_600.0  # 2026-01-01T00:00Z, and the tests' zone is UTC


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-01-01", NOW),
        ("2026-01-01T01:00", NOW + 3600),
        ("2026-01-01T01:00+01:00", NOW),
        ("2026-01-01T00:00:01Z", NOW + 1),
    ],
)
def test_a_time_without_a_zone_is_local(text: str, seconds: float) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("12h", 12 * 3600),
        ("90d", 90 * 86_400),
        ("1 hour ago", 3600),
        (" 2 Weeks ago ", 14 * 86_400),
        ("30 seconds", 30),
        ("2025-12-31", 86_400),
    ],
)
def test_a_moment_is_an_age_or_a_time(text: str, ago: int) -> None:
    assert parse_moment(text, NOW) == NOW - ago


@pytest.mark.parametrize("text", ["", "soon", "1 fortnight", "2026-13-01", "-1h"])
def test_what_is_no_moment_is_refused_with_both_forms(text: str) -> None:
    with pytest.raises(UsageError, match="is not a time") as caught:
        parse_moment(text, NOW)
    assert caught.value.hint == "write a time span (12h, 1 hour ago) or a time (2026-05-04T13:00Z)"


def test_a_time_outside_of_the_calendar_is_shown_as_a_number() -> None:
    assert show_time(int(NOW)) == "2026-01-01 00:00 +0000"
    assert show_time(10**15) == "@1000000000000000"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "less than 2 minutes ago"),
        (89, "less than 2 minutes ago"),
        (90, "1 minute ago"),
        (3599, "59 minutes ago"),
        (3600, "1 hour ago"),
        (2 * 86_400, "2 days ago"),
        (15 * 86_400, "2 weeks ago"),
    ],
)
def test_an_age_has_its_largest_unit_alone(seconds: float, shown: str) -> None:
    assert describe_age(seconds) == shown


@pytest.mark.parametrize(
    ("freshness", "told"),
    [
        (Freshness(is_current=True, seconds=NOW), ""),
        (Freshness(is_current=False, seconds=NOW - 7200), "as of 2 hours ago; up was not asked"),
        (
            Freshness(is_current=False, seconds=None, fault="gone"),
            "as of the last fetch; up did not answer",
        ),
    ],
)
def test_only_what_may_be_outdated_is_remarked_on(freshness: Freshness, told: str) -> None:
    assert describe_freshness(freshness, "up", NOW) == told
