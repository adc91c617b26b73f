"""A reservation is settled at what was used, or else counts as estimated."""

from __future__ import annotations

import pytest

from promptops.runtime.guards.refusal import GuardError
from tests.runtime.guards.worlds import SCOPE, World, strict


@pytest.mark.parametrize(("cost", "spent"), [(10, 10), (None, 60), (-5, 60), (75, 75)], ids=str)
def test_settles_at_what_was_used_or_else_at_the_estimate(cost: int | None, spent: int) -> None:
    world = World(strict(100))
    one = world.guards.reserve(SCOPE, key="a", cost=60, tokens=1, lease_seconds=60)
    one.settle(cost, None)
    one.settle(0, 0)
    assert world.spent("guards.spend_per_hour") == spent
    assert [alert.kind for alert in world.alerts] == (["overrun"] if spent > 60 else [])


def test_an_expired_lease_stays_spent_until_a_late_settlement_corrects_it() -> None:
    world = World(strict(100))
    one = world.guards.reserve(SCOPE, key="a", cost=100, tokens=1, lease_seconds=60)
    world.now += 600
    with pytest.raises(GuardError):
        world.guards.reserve(SCOPE, key="b", cost=1, tokens=1, lease_seconds=60)
    one.settle(30, None)
    assert world.spent("guards.spend_per_hour") == 30


def test_the_same_key_counts_once_and_a_release_gives_everything_back() -> None:
    world = World(strict(100))
    one = world.guards.reserve(SCOPE, key="a", cost=60, tokens=1, lease_seconds=60)
    world.guards.reserve(SCOPE, key="a", cost=60, tokens=1, lease_seconds=60)
    assert world.spent("guards.spend_per_hour") == 60
    one.release()
    assert world.spent("guards.spend_per_hour") == 0
