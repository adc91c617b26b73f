"""Which limits an attempt has, and which minute, hour or day each of them counts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from promptops.repository.settings.guards import GuardSettings, Limits
from promptops.runtime.guards.windows import (
    Length,
    Rule,
    Scope,
    charge,
    hash_name,
    identical_rule,
    name_window,
    rules_for,
)

NOON = int(datetime(2026, 2, 28, 12, tzinfo=UTC).timestamp())
ALL = Limits(1, 2, 3, 4, 5, 6)
SCOPE = Scope("production", "support/triage", user="u-1", tenant="acme")


def rule(length: Length) -> Rule:
    return Rule("guards.spend", "spend", length, "global", "micros", 100)


@pytest.mark.parametrize(
    ("length", "now", "window", "ends_at", "kept_seconds"),
    [
        ("minute", NOON - 0.5, "spend/minute/global/2026-02-28T11:59", NOON, 600),
        ("minute", NOON, "spend/minute/global/2026-02-28T12:00", NOON + 60, 600),
        ("hour", NOON + 3599.9, "spend/hour/global/2026-02-28T12", NOON + 3600, 36_000),
        ("hour", NOON + 3600, "spend/hour/global/2026-02-28T13", NOON + 7200, 36_000),
        ("day", NOON + 43_199, "spend/day/global/2026-02-28", NOON + 43_200, 86_400),
        ("day", NOON + 43_200, "spend/day/global/2026-03-01", NOON + 129_600, 86_400),
    ],
)
def test_a_window_begins_at_the_full_minute_hour_or_day_in_utc(
    length: Length, now: float, window: str, ends_at: int, kept_seconds: int
) -> None:
    one = charge(rule(length), 7, now)
    assert one == (window, 100, 7, "micros", ends_at, ends_at + kept_seconds)
    assert name_window(rule(length), now) == window


def test_every_limit_is_counted_in_its_own_unit_and_length() -> None:
    found = [
        (one.guard, one.what, one.length, one.unit, one.limit)
        for one in rules_for(GuardSettings(limits=ALL), SCOPE)
    ]
    assert found == [
        ("guards.spend_per_hour", "spend", "hour", "micros", 1),
        ("guards.spend_per_day", "spend", "day", "micros", 2),
        ("guards.calls_per_minute", "calls", "minute", "calls", 3),
        ("guards.tokens_per_minute", "tokens", "minute", "tokens", 4),
        ("guards.tokens_per_hour", "tokens", "hour", "tokens", 5),
        ("guards.tokens_per_day", "tokens", "day", "tokens", 6),
    ]


ONE = Limits(spend_per_hour=9)
SETTINGS = GuardSettings(
    limits=ONE,
    per_user=ONE,
    per_tenant=ONE,
    prompts=(("support/*", ONE), ("support/triage", ONE), ("Support/*", ONE)),
    environments={"production": ONE, "eval": ONE},
    is_strict=True,
)
BOTH_PATTERNS = ["prompts/support/*", "prompts/support/triage"]


@pytest.mark.parametrize(
    ("scope", "owners"),
    [
        (Scope(None, "greet"), ["global"]),
        (Scope("staging", "greet"), ["global"]),
        (Scope("production", "greet"), ["environment/production", "global"]),
        (Scope(None, "support/triage"), ["global", *BOTH_PATTERNS]),
        (
            Scope(None, "greet", user="u-1", tenant="acme"),
            ["global", f"user/{hash_name('u-1')}", f"tenant/{hash_name('acme')}"],
        ),
        (Scope("eval", "support/triage", user="u-1"), ["environment/eval"]),
    ],
    ids=str,
)
def test_an_attempt_has_the_limits_of_its_scope(scope: Scope, owners: list[str]) -> None:
    assert [one.who for one in rules_for(SETTINGS, scope)] == owners


def test_names_of_people_are_short_and_not_readable() -> None:
    names = ["jane@example.com", "", "x" * 10**6, "\ud800"]
    hashed = [hash_name(name) for name in names]
    assert {len(one) for one in hashed} == {24}
    assert len(set(hashed)) == len(names)
    assert "jane" not in hashed[0]


@pytest.mark.parametrize(
    "other",
    [
        SCOPE._replace(user="u-2"),
        SCOPE._replace(tenant=None),
        SCOPE._replace(environment="staging"),
    ],
    ids=str,
)
def test_identical_requests_are_counted_for_one_caller(other: Scope) -> None:
    settings = GuardSettings(identical_per_minute=3)
    own = identical_rule(settings, SCOPE, "hash")
    assert own is not None
    assert (own.limit, own.unit, own.length) == (3, "calls", "minute")
    assert own == identical_rule(settings, SCOPE._replace(prompt="greet"), "hash")
    assert own != identical_rule(settings, other, "hash")
    assert own != identical_rule(settings, SCOPE, "another")


def test_trials_of_an_eval_are_not_counted_as_identical() -> None:
    assert identical_rule(GuardSettings(), Scope("eval", "greet"), "hash") is None
