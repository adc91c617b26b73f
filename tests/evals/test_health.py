"""A model that keeps failing is out for a while, and an answer clears it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from promptops.evals import health as module
from promptops.evals.health import ModelHealth
from promptops.runtime.guards.breaker import BreakerOpenError


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that a test moves by `now`; the time of day is 1,000 seconds later."""
    clock = SimpleNamespace(now=50.0)
    clock.monotonic = lambda: clock.now
    clock.time = lambda: clock.now + 1000
    monkeypatch.setattr(module, "time", clock)
    return clock


def fail(health: ModelHealth, times: int) -> None:
    for _ in range(times):
        health.note("m", is_healthy=False)


@pytest.mark.usefixtures("clock")
def test_a_model_is_out_after_five_failures_in_a_row() -> None:
    health = ModelHealth()
    fail(health, 4)
    assert not health.is_out("m")
    fail(health, 1)
    assert health.is_out("m")
    assert not health.is_out("another")
    health.note("m", is_healthy=True)
    fail(health, 4)
    assert not health.is_out("m")


def test_a_model_that_is_out_is_tried_again_after_half_a_minute(clock: SimpleNamespace) -> None:
    health = ModelHealth()
    fail(health, 5)
    clock.now += 20
    with pytest.raises(BreakerOpenError) as raised:
        health.check("m")
    assert raised.value.frees_at_seconds == pytest.approx(1080)
    clock.now += 10
    health.check("m")
    fail(health, 1)
    assert health.is_out("m")
