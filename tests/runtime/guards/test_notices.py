"""The default limit and an unknown cost are said once."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from promptops.repository.settings.guards import GuardSettings
from promptops.runtime.guards.memory import MemoryLedger
from promptops.runtime.guards.notices import Notices
from promptops.runtime.guards.windows import Scope
from promptops.runtime.ledger import LedgerBusyError, LedgerError
from tests.runtime.guards.worlds import SCOPE, World, strict
from tests.screens import masked


def test_the_limit_that_nobody_set_is_said_to_the_first_of_all_processes() -> None:
    first = World(GuardSettings())
    first.guards.reserve(SCOPE, key="free", cost=0, tokens=1, lease_seconds=9)
    assert first.warnings == []
    for key in ("a", "b"):
        first.guards.reserve(SCOPE, key=key, cost=1, tokens=1, lease_seconds=9)
    (said,) = first.warnings
    assert masked(said) == snapshot(
        "guards.spend_per_hour is not set, so all runs together may spend 20 US dollars an hour; set it in promptops.toml"
    )
    second = World(GuardSettings(), first.ledger)
    second.guards.reserve(SCOPE, key="c", cost=1, tokens=1, lease_seconds=9)
    assert second.warnings == []


def test_an_unknown_cost_is_said_once() -> None:
    world = World(GuardSettings())
    for key in ("a", "b"):
        world.guards.reserve(SCOPE, key=key, cost=None, tokens=None, lease_seconds=9)
    assert [
        ("the maximum cost of a run is unknown" in one, "20 US dollars" in one)
        for one in world.warnings
    ] == [
        (True, False),
        (False, True),
    ]


def test_nothing_is_said_where_spending_is_limited_or_an_eval_runs() -> None:
    limited = World(strict(100))
    limited.guards.reserve(SCOPE, key="a", cost=1, tokens=1, lease_seconds=9)
    evals = World(GuardSettings())
    evals.guards.reserve(
        Scope("eval", "support/triage"), key="a", cost=None, tokens=None, lease_seconds=9
    )
    assert limited.warnings == evals.warnings == []


class NoNotes(MemoryLedger):
    """A ledger whose notes cannot be read now."""

    def __init__(self, error: LedgerError | None) -> None:
        super().__init__()
        self.error = error

    def read_note(self, key: str, *, now: float, wait: bool = True) -> str | None:
        if self.error is not None:
            raise self.error
        return super().read_note(key, now=now, wait=wait)


def test_the_limit_is_said_by_each_process_while_the_ledger_is_gone() -> None:
    said: list[str] = []
    ledger = NoNotes(LedgerError("it does not answer"))
    for _ in range(2):
        notices = Notices(ledger, said.append)
        for _ in range(2):
            notices.say(1, 0.0, wait=True)
    assert len(said) == 2


def test_who_must_not_wait_says_it_later() -> None:
    said: list[str] = []
    ledger = NoNotes(LedgerBusyError("it would have to wait"))
    notices = Notices(ledger, said.append)
    with pytest.raises(LedgerBusyError):
        notices.say(1, 0.0, wait=False)
    assert said == []
    ledger.error = None
    notices.say(1, 0.0, wait=True)
    assert len(said) == 1
