from __future__ import annotations

import pytest

from promptops.errors import ConfigurationError
from promptops.repository.config import load_config
from promptops.repository.settings.guards import (
    BreakerSettings,
    GuardSettings,
    Limits,
)


def read(text: str) -> GuardSettings:
    return load_config({"promptops.toml": text.encode()}.get).guards


def test_nothing_configured_counts_20_dollars_an_hour_and_refuses_nothing_unknown() -> None:
    assert read("") == read("[guards]\n") == GuardSettings()
    assert GuardSettings().limits.spend_per_hour == 20_000_000
    assert not GuardSettings().is_strict


def test_a_table_with_everything() -> None:
    settings = read("""
        [guards]
        spend_per_hour = 12.5
        spend_per_day = 100
        calls_per_minute = 600
        tokens_per_minute = 1_000
        tokens_per_hour = 2_000
        tokens_per_day = 3_000
        depth = 4
        identical_per_minute = 5
        ledger = "redis://redis.example.com/3"
        on_ledger_down = "local"
        local_spend_per_hour = 1

        [guards.per_user]
        spend_per_day = 0.1

        [guards.per_tenant]
        calls_per_minute = 60

        [guards.prompts."support/*"]
        spend_per_hour = 0.0000001

        [guards.environments.staging]
        spend_per_day = 5

        [guards.environments.eval]
        spend_per_day = 30

        [guards.breaker]
        failures = 3
        window = "2m"
        cooldown = "10s"
    """)
    assert settings == GuardSettings(
        limits=Limits(12_500_000, 100_000_000, 600, 1_000, 2_000, 3_000),
        per_user=Limits(spend_per_day=100_000),
        per_tenant=Limits(calls_per_minute=60),
        prompts=(("support/*", Limits(spend_per_hour=1)),),
        environments={
            "staging": Limits(spend_per_day=5_000_000),
            "eval": Limits(spend_per_day=30_000_000),
        },
        depth=4,
        identical_per_minute=5,
        ledger="redis://redis.example.com/3",
        on_ledger_down="local",
        local_spend_per_hour=1_000_000,
        breaker=BreakerSettings(3, 120.0, 10.0),
        is_strict=True,
    )


def test_a_limit_of_ones_own_replaces_the_one_that_holds_without_any() -> None:
    assert read("[guards]\nspend_per_day = 1\n").limits == Limits(spend_per_day=1_000_000)
    settings = read("[guards]\ncalls_per_minute = 7\n[guards.per_user]\nspend_per_day = 1\n")
    assert settings.limits == Limits(spend_per_hour=20_000_000, calls_per_minute=7)
    assert not settings.is_strict


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("spend_per_hours = 1", "unknown key 'guards.spend_per_hours'", "'guards.spend_per_hour'?"),
        ("per_users = {}", "unknown key 'guards.per_users'", "did you mean 'guards.per_user'?"),
        ("per_user = {spend = 1}", "unknown key 'guards.per_user.spend'", "known keys: spend_per"),
        ("prompts = {a = 1}", "guards.prompts.a is not a table", '[guards.prompts."a"]'),
        ("environments = {prod = {}}", "unknown key 'guards.environments.prod'", "production"),
        ("spend_per_hour = '20 USD'", "guards.spend_per_hour is not an amount", "= 0.25"),
        ("spend_per_hour = nan", "guards.spend_per_hour is not an amount", "= 0.25"),
        ("spend_per_hour = true", "guards.spend_per_hour is not an amount", "= 0.25"),
        ("spend_per_day = 1e300", "guards.spend_per_day is too large", "leave it out"),
        ("calls_per_minute = -1", "guards.calls_per_minute is not a whole number from 0", "= 1"),
        ("depth = 0", "guards.depth is not a whole number from 1", "write depth = 1"),
        (
            "ledger = 'mysql://h/d'",
            "guards.ledger is not a supported store for a ledger",
            "redis://HOST",
        ),
        ("ledger = 'redis://:hunter2@h'", "guards.ledger contains a password", "ledger_variable"),
        (
            "ledger = 'postgresql://h/d?password=hunter2'",
            "guards.ledger contains",
            "ledger_variable",
        ),
        ("ledger_variable = 'redis://h'", "guards.ledger_variable is not the name of", "LEDGER"),
        ("on_ledger_down = 'allow'", "guards.on_ledger_down is 'allow'", "refuse, local"),
        ("on_ledger_down = 'local'", "guards.local_spend_per_hour is missing", "each process"),
        (
            "local_spend_per_hour = 1",
            "guards.local_spend_per_hour has an effect only",
            "on_ledger_down",
        ),
        ("breaker = {failures = 0}", "guards.breaker.failures is not a whole number", "= 1"),
        ("breaker = {window = 60}", "guards.breaker.window is not a time span", "window ="),
    ],
)
def test_what_means_nothing_is_an_error(line: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(f"[guards]\n{line}\n")
    assert caught.value.message.startswith(f"promptops.toml: {message}")
    assert hint in str(caught.value.hint)
    assert "hunter2" not in f"{caught.value.message}{caught.value.hint}"
