"""A store that was just found unreachable is not asked again at once."""

from __future__ import annotations

import pytest

from promptops.runtime.guards.outage import Outage
from promptops.runtime.ledger import TIMEOUT_SECONDS, LedgerError


class World:
    """An outage, with a clock that a test moves."""

    def __init__(self) -> None:
        self.ticks = 1000.0
        self.outage = Outage(lambda: self.ticks)

    def is_over(self) -> bool:
        try:
            self.outage.check()
        except LedgerError:
            return False
        return True


def test_an_outage_lasts_as_long_as_a_call_would_wait() -> None:
    world = World()
    assert world.is_over()
    world.outage.begin(LedgerError("it is gone", hint="start it"))
    world.ticks += TIMEOUT_SECONDS - 0.01
    with pytest.raises(LedgerError) as caught:
        world.outage.check()
    assert (caught.value.message, caught.value.hint) == ("it is gone", "start it")
    world.ticks += 0.01
    assert world.is_over()


def test_an_answer_ends_it_at_once() -> None:
    world = World()
    world.outage.begin(LedgerError("it is gone"))
    assert not world.is_over()
    world.outage.end()
    assert world.is_over()


def test_a_later_failure_begins_it_anew() -> None:
    world = World()
    world.outage.begin(LedgerError("it is gone"))
    world.ticks += TIMEOUT_SECONDS
    world.outage.begin(LedgerError("it is slow"))
    world.ticks += TIMEOUT_SECONDS / 2
    with pytest.raises(LedgerError, match="it is slow"):
        world.outage.check()
