"""Limits refuse before money is spent, give back what was not used, and say when they free."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from promptops.errors import UsageError
from promptops.repository.settings.guards import GuardSettings, Limits
from promptops.runtime.guards.depth import DEPTH_HEADER, depth_headers, nested, read_depth
from promptops.runtime.guards.guard import Guards
from promptops.runtime.guards.memory import MemoryLedger
from promptops.runtime.guards.refusal import GuardError
from promptops.runtime.guards.windows import Scope
from promptops.runtime.ledger import LedgerError
from tests.screens import masked

if TYPE_CHECKING:
    from promptops.runtime.alerts.alert import Alert

HOUR = 1_796_000_400 // 3600 * 3600
SCOPE = Scope("production", "support/triage", user="u-1", tenant="acme")


class World:
    """Guards on a ledger in memory, with a clock that a test moves."""

    def __init__(self, settings: GuardSettings, ledger: MemoryLedger | None = None) -> None:
        self.now = float(HOUR)
        self.alerts: list[Alert] = []
        self.warnings: list[str] = []
        self.ledger = ledger or MemoryLedger()
        self.guards = Guards(
            settings,
            self.ledger,
            clock=lambda: self.now,
            notify=self.alerts.append,
            warn=self.warnings.append,
        )

    def spent(self, guard: str) -> int:
        return next(one.spent for one in self.guards.standings([SCOPE]) if one.guard == guard)


def strict(limit: int) -> GuardSettings:
    return GuardSettings(limits=Limits(spend_per_hour=limit), is_strict=True)


def test_refuses_at_the_limit_and_frees_with_the_hour() -> None:
    world = World(strict(100))
    world.guards.reserve(SCOPE, key="a", cost=60, tokens=1, lease_seconds=60)
    with pytest.raises(GuardError) as caught:
        world.guards.reserve(SCOPE, key="b", cost=41, tokens=1, lease_seconds=60)
    error = caught.value
    assert (error.guard, error.limit, error.spent) == ("guards.spend_per_hour", 100, 60)
    assert error.frees_at_seconds == HOUR + 3600
    assert [alert.kind for alert in world.alerts] == ["guard"]
    assert vars(pickle.loads(pickle.dumps(error))) == vars(error)
    world.now += 3600
    world.guards.reserve(SCOPE, key="b", cost=41, tokens=1, lease_seconds=60)


def test_a_refusal_takes_nothing_from_any_window() -> None:
    settings = GuardSettings(
        limits=Limits(spend_per_hour=1000), per_user=Limits(spend_per_hour=10), is_strict=True
    )
    world = World(settings)
    with pytest.raises(GuardError, match="this call alone"):
        world.guards.reserve(SCOPE, key="a", cost=11, tokens=1, lease_seconds=60)
    assert world.spent("guards.spend_per_hour") == 0


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


def test_evals_touch_no_window_but_their_own() -> None:
    settings = GuardSettings(
        limits=Limits(spend_per_hour=100),
        environments={"eval": Limits(spend_per_hour=50)},
        is_strict=True,
    )
    world = World(settings)
    scope = SCOPE._replace(environment="eval")
    for key in ("a", "b"):
        world.guards.reserve(
            scope, key=key, cost=25, tokens=1, lease_seconds=9, request_hash="same"
        )
    with pytest.raises(GuardError) as caught:
        world.guards.reserve(scope, key="c", cost=1, tokens=1, lease_seconds=9)
    assert caught.value.guard == "guards.environments.eval.spend_per_hour"
    assert world.spent("guards.spend_per_hour") == 0


def test_an_unknown_cost_is_refused_only_where_somebody_limited_spending() -> None:
    World(GuardSettings()).guards.reserve(SCOPE, key="a", cost=None, tokens=None, lease_seconds=9)
    with pytest.raises(GuardError, match="lacks max_tokens"):
        World(strict(100)).guards.reserve(
            SCOPE, key="a", cost=None, tokens=None, lease_seconds=9, unknown="max_tokens"
        )


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


def test_identical_requests_of_one_caller_are_limited_each_minute() -> None:
    world = World(GuardSettings(identical_per_minute=2))
    for key in ("a", "b"):
        world.guards.reserve(SCOPE, key=key, cost=1, tokens=1, lease_seconds=9, request_hash="h")
    with pytest.raises(GuardError, match="the same request was made 2 times"):
        world.guards.reserve(SCOPE, key="c", cost=1, tokens=1, lease_seconds=9, request_hash="h")
    other = SCOPE._replace(user="u-2")
    world.guards.reserve(other, key="d", cost=1, tokens=1, lease_seconds=9, request_hash="h")
    world.now += 60
    world.guards.reserve(SCOPE, key="e", cost=1, tokens=1, lease_seconds=9, request_hash="h")


class DeadLedger(MemoryLedger):
    """A store that is out of reach while `is_dead`."""

    is_dead = True

    def reserve(self, *args: Any, **options: Any) -> Any:
        if self.is_dead:
            raise LedgerError("the ledger does not answer")
        return super().reserve(*args, **options)

    def settle(self, *args: Any, **options: Any) -> Any:
        if self.is_dead:
            raise LedgerError("the ledger does not answer")
        return super().settle(*args, **options)


def test_an_unreachable_ledger_refuses_where_money_is_guarded() -> None:
    world = World(strict(100), DeadLedger())
    with pytest.raises(GuardError) as caught:
        world.guards.reserve(SCOPE, key="a", cost=1, tokens=1, lease_seconds=9)
    assert caught.value.guard == "guards.ledger"
    assert [alert.kind for alert in world.alerts] == ["ledger"]


def test_an_unreachable_ledger_counts_here_where_that_was_asked_for() -> None:
    settings = GuardSettings(
        limits=Limits(spend_per_hour=100),
        on_ledger_down="local",
        local_spend_per_hour=5,
        is_strict=True,
    )
    world = World(settings, DeadLedger())
    assert world.guards.reserve(SCOPE, key="a", cost=5, tokens=1, lease_seconds=9).is_local
    with pytest.raises(GuardError) as caught:
        world.guards.reserve(SCOPE, key="b", cost=1, tokens=1, lease_seconds=9)
    assert caught.value.guard == "guards.local_spend_per_hour"


def test_a_settlement_waits_for_a_ledger_that_is_out_of_reach() -> None:
    ledger = DeadLedger()
    ledger.is_dead = False
    world = World(strict(100), ledger)
    one = world.guards.reserve(SCOPE, key="a", cost=60, tokens=1, lease_seconds=9)
    ledger.is_dead = True
    one.settle(10, None)
    ledger.is_dead = False
    assert world.spent("guards.spend_per_hour") == 60
    world.guards.reserve(SCOPE, key="b", cost=90, tokens=1, lease_seconds=9)
    assert world.spent("guards.spend_per_hour") == 100


def test_a_reset_keeps_what_runs_still_hold_and_says_who_and_why() -> None:
    world = World(strict(100))
    world.guards.reserve(SCOPE, key="a", cost=60, tokens=1, lease_seconds=9).settle(60, 1)
    running = world.guards.reserve(SCOPE, key="b", cost=40, tokens=1, lease_seconds=9)
    with pytest.raises(UsageError, match="needs a reason"):
        world.guards.reset(by="Jane", reason=" ")
    record = world.guards.reset(by="Jane", reason="the loop is fixed")
    assert [held for _, held in record.windows] == [100]
    assert world.spent("guards.spend_per_hour") == 40
    running.settle(15, 1)
    assert world.spent("guards.spend_per_hour") == 15
    assert [(one.by, one.reason) for one in world.ledger.resets()] == [
        ("Jane", "the loop is fixed")
    ]


def test_nesting_ends_at_the_depth_also_across_services() -> None:
    world = World(GuardSettings(depth=3))
    with nested(2):
        world.guards.check_depth()
        headers = depth_headers(3)
    with (
        nested(read_depth({DEPTH_HEADER.lower(): headers[DEPTH_HEADER]})),
        pytest.raises(GuardError, match="nested in 3 others"),
    ):
        world.guards.check_depth()


@pytest.mark.parametrize("text", ["-1", "", "1e3", "²", "9" * 50], ids=ascii)
def test_a_header_that_is_no_depth_is_an_error(text: str) -> None:
    with pytest.raises(UsageError):
        read_depth({DEPTH_HEADER: text})
