"""A refusal says which limit was reached, by how much, and whether waiting helps."""

from __future__ import annotations

import copy
import pickle

import pytest
from inline_snapshot import snapshot

from promptops.runtime.guards.refusal import (
    GuardError,
    describe_amount,
    refuse_full,
    refuse_unknown,
)
from promptops.runtime.ledger import Charge, Refusal, Unit

# 2026-11-30 05:00 UTC
ENDS_AT = 1_796_014_800
FULL = Charge("spend/hour/global/2026-11-30T04", 2_000_000, 500_000, "micros", ENDS_AT, ENDS_AT)


@pytest.mark.parametrize(
    ("amount", "unit", "text"),
    [
        (1_250_000, "micros", "1.25 USD"),
        (2_000_000, "micros", "2.00 USD"),
        (100_000, "micros", "0.10 USD"),
        (1, "micros", "0.000001 USD"),
        (0, "micros", "0.00 USD"),
        (20, "calls", "20 calls"),
        (1, "calls", "1 call"),
        (0, "tokens", "0 tokens"),
    ],
)
def test_amounts_are_told_in_their_unit(amount: int, unit: Unit, text: str) -> None:
    assert describe_amount(amount, unit) == text


def test_a_full_window_says_when_it_ends() -> None:
    error = refuse_full(
        "guards.spend_per_hour", FULL, Refusal(FULL.window, 2_000_000, 1_750_000, float(ENDS_AT))
    )
    assert (error.message, error.hint) == snapshot(
        (
            "guards.spend_per_hour is 2.00 USD: 1.75 USD are spent or reserved, and this call may take 0.50 USD",
            "wait until 05:00 UTC, or see promptops guards show",
        )
    )
    assert (error.limit, error.spent, error.frees_at_seconds) == (2_000_000, 1_750_000, ENDS_AT)


@pytest.mark.parametrize(
    ("spent", "told"), [(1, "1 call is spent or reserved"), (2, "2 calls are spent or reserved")]
)
def test_one_call_is_spent_and_two_are(spent: int, told: str) -> None:
    full = Charge("calls/minute/global", 2, 2, "calls", ENDS_AT, ENDS_AT)
    refusal = Refusal(full.window, 2, spent, float(ENDS_AT))
    assert told in refuse_full("guards.calls_per_minute", full, refusal).message


def test_a_call_that_never_fits_is_not_told_to_wait() -> None:
    error = refuse_full(
        "guards.spend_per_hour",
        FULL._replace(amount=2_000_001),
        Refusal(FULL.window, 2_000_000, 0, None),
    )
    assert (error.message, error.hint) == snapshot(
        (
            "guards.spend_per_hour is 2.00 USD, and this call alone may take 2.000001 USD",
            "lower max_tokens in the prompt, or raise guards.spend_per_hour",
        )
    )
    assert error.frees_at_seconds is None


def test_a_repeated_request_is_told_to_look_for_a_loop() -> None:
    error = refuse_full(
        "guards.identical_per_minute",
        Charge("identical/minute/request/x/2026", 20, 1, "calls", ENDS_AT, ENDS_AT),
        Refusal("identical/minute/request/x/2026", 20, 20, float(ENDS_AT)),
    )
    assert (error.message, error.hint) == snapshot(
        (
            "the same request was made 20 times in this minute already",
            "look for a loop; run trials of an eval in the environment 'eval'",
        )
    )


def test_an_unknown_cost_names_what_it_lacks() -> None:
    error = refuse_unknown("guards.spend_per_day", "max_tokens")
    assert (error.guard, error.limit, error.spent) == ("guards.spend_per_day", None, None)
    assert "unknown: it lacks max_tokens" in error.message


@pytest.mark.parametrize("way", [copy.copy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_refusal_crosses_processes_whole(way: object) -> None:
    class_of_its_own = GuardError("full", guard="g", limit=3, spent=2, frees_at_seconds=1.5)
    class_of_its_own.hint = "wait"
    again = way(class_of_its_own)  # type: ignore[operator]
    assert type(again) is GuardError
    assert vars(again) == vars(class_of_its_own)
