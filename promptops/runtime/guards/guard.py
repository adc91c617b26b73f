"""Guards: reserve an attempt's maximum cost before it is sent; settle the actual cost after it.

One transaction of the ledger checks and reserves all windows of an attempt. If spending is limited,
undecidable cases are refused: an unreachable ledger, an unbounded cost.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from promptops.errors import NotFoundError, RefusedError, UsageError, quote
from promptops.repository.settings.guards import DEFAULT_SPEND_PER_HOUR
from promptops.runtime.alerts.alert import Alert
from promptops.runtime.guards.depth import current_depth
from promptops.runtime.guards.memory import MemoryLedger
from promptops.runtime.guards.notices import Notices
from promptops.runtime.guards.refusal import (
    GuardError,
    describe_amount,
    refuse_full,
    refuse_unknown,
)
from promptops.runtime.guards.reservation import Reservation
from promptops.runtime.guards.settling import Settlements
from promptops.runtime.guards.windows import (
    Rule,
    Scope,
    charge,
    identical_rule,
    name_window,
    rules_for,
)
from promptops.runtime.ledger import (
    GIVING_BACK,
    MONEY_UNITS,
    LedgerBusyError,
    LedgerError,
    LosableLedger,
    LostCountsError,
    ShrinkableLedger,
)
from promptops.suggestion import nearest

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable, Sequence

    from promptops.repository.settings.guards import GuardSettings
    from promptops.runtime.guards.block import ReservationBlocks
    from promptops.runtime.ledger import Charge, Ledger, Refusal, Reset, Unit
    from promptops.runtime.ledger import Standing as Counted

GLOBAL_SPENDING = ("guards.spend_per_hour", "guards.spend_per_day")


class GuardStanding(NamedTuple):
    """The current use of one limit's window.

    Attributes:
        guard: the limit's configuration key.
        who: its owner: `global`, `environment/…`, `prompts/…`, `user/…`, `tenant/…`.
        unit: what is counted.
        limit: the window's limit.
        spent: the used amount, reservations included.
        held: the part of it that belongs to attempts still running.
        window: its name in the ledger.
        frees_at_seconds: when it ends, in seconds since 1970.
    """

    guard: str
    who: str
    unit: Unit
    limit: int
    spent: int
    held: int
    window: str
    frees_at_seconds: float


class _GuardPlan(NamedTuple):
    """The charges of one attempt, and the guard of each window.

    `meets_default`: whether the default spending limit applies.
    """

    charges: list[Charge]
    guards: dict[str, str]
    meets_default: bool = False


class Guards:
    """All limits of one configuration, counted in one ledger."""

    def __init__(
        self,
        settings: GuardSettings,
        ledger: Ledger,
        *,
        clock: Callable[[], float],
        notify: Callable[[Alert], None] | None = None,
        warn: Callable[[str], None] | None = None,
        settles_together: int = 1,
    ) -> None:
        """Store the settings and the ledger.

        `warn` is called once if the default limit applies, and once if a cost is unknown.

        With `settles_together` an event loop settles so many attempts at once, or those of a
        second. Where the ledger is on this machine, and there is nothing to `warn` of, it also
        reserves for up to so many attempts ahead. Until then more is reserved than was used, never
        less. Before a limit refuses, what waits is settled.
        """
        self.settings = settings
        self.ledger = ledger
        self._local = MemoryLedger()
        self._clock = clock
        self._notify = notify
        self._notices = None if warn is None else Notices(ledger, warn)
        self._settlements = Settlements(ledger, clock=clock, together=settles_together)
        self._blocks: ReservationBlocks | None = None
        if settles_together > 1 and warn is None and isinstance(ledger, ShrinkableLedger):
            from promptops.runtime.guards.block import ReservationBlocks

            self._blocks = ReservationBlocks(
                ledger,
                clock=clock,
                most=settles_together,
                settle_later=self._settlements.make_later,
            )

    def check_depth(self, depth: int | None = None) -> None:
        """Raise GuardError if a run at this depth (default: the current one) is nested too
        deeply.
        """
        depth = current_depth() if depth is None else depth
        limit = self.settings.depth
        if depth < limit:
            return
        now = self._clock()
        error = GuardError(
            f"this run is nested in {depth} others, and guards.depth is {limit}",
            guard="guards.depth",
            limit=limit,
            spent=depth,
            hint="look for a prompt, tool or agent that calls itself endlessly",
        )
        self._tell(
            Alert(
                "guard",
                "guards.depth refused a run",
                error.message,
                f"guard/depth/{int(now // 3600)}",
                (now // 3600 + 1) * 3600,
            )
        )
        raise error

    def reserve(
        self,
        scope: Scope,
        *,
        key: str,
        cost: int | None,
        tokens: int | None,
        lease_seconds: float,
        request_hash: str | None = None,
        unknown: str = "a price for the model, or max_tokens",
        further: Sequence[Charge] = (),
    ) -> Reservation:
        """Reserve one attempt in every window that applies. Raises GuardError.

        Args:
            scope: user, tenant, prompt and environment of the attempt.
            key: a unique key, such as run id and number of the attempt.
            cost: its maximum cost, in micro-dollars; None if unknown.
            tokens: its maximum tokens, prompt and answer; None if unknown.
            lease_seconds: its maximum duration; afterwards the estimate counts as spent.
            request_hash: the request's hash, to count repetitions; None for retries and
                continuations.
            unknown: why the cost is unknown, for the error's message.
            further: charges besides the configured limits, such as the cost limit of an eval.
        """
        plan = self._plan(scope, cost, tokens, request_hash, unknown, further)
        return self._reserve(plan, key, cost, tokens, lease_seconds, wait=True)

    async def areserve(
        self,
        scope: Scope,
        *,
        key: str,
        cost: int | None,
        tokens: int | None,
        lease_seconds: float,
        request_hash: str | None = None,
        unknown: str = "a price for the model, or max_tokens",
        further: Sequence[Charge] = (),
    ) -> Reservation:
        """As `reserve`, without blocking the event loop."""
        blocks = self._blocks
        is_known = cost is not None and tokens is not None
        if blocks is not None and is_known and request_hash is None and not further:
            amounts: dict[Unit, int] = {"micros": cost or 0, "calls": 1, "tokens": tokens or 0}
            block = blocks.take(scope, amounts, lease_seconds)
            if block is None:
                charges = self._plan(scope, cost, tokens, None, unknown, ()).charges
                block = blocks.open(scope, key, charges, lease_seconds) if charges else None
            if block is not None:
                return blocks.make_reservation(self, block, amounts)
            # It is refused, or cannot be decided without waiting: that is found out alone.
            await self._give_back()
        plan = self._plan(scope, cost, tokens, request_hash, unknown, further)
        try:
            return self._reserve(plan, key, cost, tokens, lease_seconds, wait=False)
        except LedgerBusyError:
            pass
        import asyncio

        task = asyncio.get_running_loop().run_in_executor(
            None, lambda: self._reserve(plan, key, cost, tokens, lease_seconds, wait=True)
        )
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            # The thread continues; release what it still reserves.
            task.add_done_callback(_give_back)
            raise

    async def _give_back(self) -> None:
        """Return unneeded amounts of blocks to the ledger."""
        assert self._blocks is not None  # noqa: S101 - checked by the caller
        waiting = self._blocks.give_back()
        if not waiting:
            return
        import asyncio

        def shrink() -> None:
            ledger = self.ledger
            assert isinstance(ledger, ShrinkableLedger)  # noqa: S101 - it has blocks
            with suppress(LedgerError):
                for key, amounts in waiting:
                    ledger.shrink(key, amounts, now=self._clock())

        await asyncio.get_running_loop().run_in_executor(None, shrink)

    def settle(self, ledger: Ledger, key: str, amounts: dict[Unit, int]) -> None:
        """Settle a reservation; if the ledger is unreachable, do so later."""
        self._settlements.settle(ledger, key, amounts)

    async def asettle(self, ledger: Ledger, key: str, amounts: dict[Unit, int]) -> None:
        """As `settle`, without blocking the event loop; later, if there may be others."""
        await self._settlements.asettle(ledger, key, amounts)

    def settle_waiting(self) -> int:
        """Make pending settlements; return the number of remaining ones.

        Each reservation makes some of them too.
        """
        return self._settlements.make_all(wait=True)

    def close(self) -> None:
        """Make pending settlements if possible, and close the ledger."""
        if self._blocks is not None:
            self._blocks.close()
        with suppress(LedgerError):
            self.settle_waiting()
        self.ledger.close()

    def rules(self, scope: Scope) -> list[Rule]:
        """Return the limits that apply to `scope`, except those on repetition and depth."""
        return list(rules_for(self.settings, scope))

    def standings(self, scopes: Iterable[Scope] = ()) -> list[GuardStanding]:
        """Return the current use of the windows.

        Includes global limits, every configured environment and pattern, and the users and tenants
        in `scopes`.
        """
        now = self._clock()
        rules: dict[str, Rule] = {}
        configured = [
            Scope(None, ""),
            *(Scope(name, "") for name in self.settings.environments),
            *(Scope(None, pattern) for pattern, _ in self.settings.prompts),
            *scopes,
        ]
        for scope in configured:
            for rule in rules_for(self.settings, scope):
                rules.setdefault(name_window(rule, now), rule)
        counted = self.ledger.spent(list(rules), now=now)
        result = []
        for window, rule in rules.items():
            one = counted.get(window)
            ends_at = charge(rule, 0, now).ends_at
            result.append(
                GuardStanding(
                    rule.guard,
                    rule.who,
                    rule.unit,
                    rule.limit,
                    one.used if one else 0,
                    one.held if one else 0,
                    window,
                    ends_at,
                )
            )
        return result

    def reset(self, *, by: str, reason: str, who: str | None = None) -> Reset:
        """Reset windows to the reservations of running attempts, and record who did it and why.

        Args:
            by: the person who resets.
            reason: the reason; must not be empty.
            who: the owner of the windows, as in `GuardStanding`; None: all.
        """
        if not reason.strip():
            raise UsageError("a reset needs a reason", hint="pass --reason TEXT")
        found, _ = self.find_windows(who)
        windows = [one.window for one in found]
        return self.ledger.reset(windows, by=by, reason=reason.strip(), now=self._clock())

    def rebuild(self, charges: Sequence[Charge], *, by: str, reason: str) -> Reset:
        """Restart a ledger that lost its counts, with amounts from `rebuild_windows`.

        Raises:
            UsageError: nothing was lost, or the reason is empty.
        """
        if not reason.strip():
            raise UsageError("a reset needs a reason", hint="pass --reason TEXT")
        if not isinstance(self.ledger, LosableLedger) or not self.find_windows()[1]:
            raise UsageError(
                "the ledger has not lost its counts",
                hint="leave out --from-log to reset it to what running requests hold",
            )
        return self.ledger.restore(charges, by=by, reason=reason.strip(), now=self._clock())

    def find_windows(self, who: str | None = None) -> tuple[list[Counted], bool]:
        """Return the windows to reset, and whether that restarts a ledger that lost its counts.

        Raises:
            NotFoundError: nothing is counted for `who`.
        """
        try:
            standings = self.ledger.standings(now=self._clock())
        except LostCountsError:
            return [], True
        if who is None:
            return list(standings), False
        found = [one for one in standings if whose_window(one.window) == who]
        if not found:
            known = sorted({whose_window(one.window) for one in standings})
            near = nearest(who, known)
            raise NotFoundError(
                f"nothing is counted for {quote(who)}",
                hint=f"did you mean {near}?" if near else "run promptops guards show to see them",
            )
        return found, False

    def tell_overrun(self, key: str, reserved: int, cost: int) -> None:
        """Send an alert that a provider charged more than was reserved."""
        now = self._clock()
        self._tell(
            Alert(
                "overrun",
                "a call cost more than was reserved for it",
                f"{describe_amount(reserved, 'micros')} were reserved and "
                f"{describe_amount(cost, 'micros')} charged (attempt {key}); a budget may be "
                "exceeded by the difference.",
                f"overrun/{int(now // 3600)}",
                (now // 3600 + 1) * 3600,
                "warning",
            )
        )

    def _plan(  # noqa: PLR0917 - `reserve` names each of them
        self,
        scope: Scope,
        cost: int | None,
        tokens: int | None,
        request_hash: str | None,
        unknown: str,
        further: Sequence[Charge],
    ) -> _GuardPlan:
        now = self._clock()
        charges: list[Charge] = []
        guards: dict[str, str] = {}
        meets_default = False
        for rule in rules_for(self.settings, scope):
            is_configured = self._is_configured(rule.guard)
            meets_default |= not is_configured
            amount = {"micros": cost, "calls": 1, "tokens": tokens}[rule.unit]
            if amount is None:
                if rule.unit == "micros" and not is_configured:
                    continue
                raise refuse_unknown(rule.guard, unknown)
            one = charge(rule, amount, now)
            charges.append(one)
            guards[one.window] = rule.guard
        if cost is None and any(one.unit == "micros" for one in further):
            raise refuse_unknown("eval.max_cost", unknown)
        charges.extend(further)
        if request_hash is not None:
            repeated = identical_rule(self.settings, scope, request_hash)
            if repeated is not None:
                one = charge(repeated, 1, now)
                charges.append(one)
                guards[one.window] = repeated.guard
        return _GuardPlan(charges, guards, meets_default)

    def _is_configured(self, guard: str) -> bool:
        """Return whether this limit is configured and not the default."""
        return self.settings.is_strict or guard not in GLOBAL_SPENDING

    def _reserve(
        self,
        plan: _GuardPlan,
        key: str,
        cost: int | None,
        tokens: int | None,
        lease_seconds: float,
        *,
        wait: bool,
    ) -> Reservation:
        now = self._clock()
        ledger: Ledger = self.ledger
        charges = plan.charges
        is_local = False
        refusal: Refusal | None = None
        if self._notices is not None and plan.meets_default:
            self._notices.say(cost, now, wait=wait)
        try:
            self._settlements.make_some(wait=wait)
            if charges:
                refusal = self._take(key, charges, lease_seconds, now, wait=wait)
        except LedgerBusyError:
            raise
        except LedgerError as error:
            charges = self._local_charges(plan, cost, now, error)
            ledger, is_local = self._local, True
            refusal = ledger.reserve(key, charges, lease_seconds=lease_seconds, now=now)
        if refusal is not None:
            raise self._refuse(plan, refusal, charges)
        return Reservation(self, ledger, key, cost=cost, tokens=tokens, is_local=is_local)

    def _take(
        self, key: str, charges: Sequence[Charge], lease_seconds: float, now: float, *, wait: bool
    ) -> Refusal | None:
        """Reserve in the ledger; before a refusal, make pending settlements and try again."""
        is_pending = self._settlements.is_pending
        refusal = self.ledger.reserve(key, charges, lease_seconds=lease_seconds, now=now, wait=wait)
        if refusal is None or not is_pending:
            return refusal
        # Pending settlements may overstate the use.
        if self._settlements.make_all(wait=wait) and not wait:
            raise LedgerBusyError("settlements would have to wait")
        return self.ledger.reserve(key, charges, lease_seconds=lease_seconds, now=now, wait=wait)

    def _local_charges(
        self, plan: _GuardPlan, cost: int | None, now: float, error: LedgerError
    ) -> list[Charge]:
        """Return the charges to count in this process while the ledger is unreachable.

        Raises GuardError if a limit on spending or tokens applies.
        """
        settings = self.settings
        self._tell(
            Alert(
                "ledger",
                "the ledger of the guards is unreachable",
                f"{error.message}. "
                + (
                    "Each process counts alone until it is available again."
                    if settings.on_ledger_down == "local"
                    else "Runs with a spending limit are refused until it is available again."
                ),
                f"ledger/{int(now // 3600)}",
                (now // 3600 + 1) * 3600,
                "critical",
            )
        )
        is_money = any(
            one.unit in MONEY_UNITS and self._is_configured(plan.guards.get(one.window, ""))
            for one in plan.charges
        )
        if settings.on_ledger_down == "refuse" and is_money:
            raise GuardError(
                f"this run's spending cannot be checked: {error.message}",
                guard="guards.ledger",
                hint=error.hint
                or 'restore the ledger, or set guards.on_ledger_down = "local" with a limit',
            ) from error
        limit = settings.local_spend_per_hour
        rule = Rule(
            "guards.local_spend_per_hour",
            "spend",
            "hour",
            "local",
            "micros",
            DEFAULT_SPEND_PER_HOUR if limit is None else limit,
        )
        own = charge(rule, cost or 0, now)
        plan.guards[own.window] = rule.guard
        # Limits on rates and repetition still apply, for each process separately.
        return [own, *(one for one in plan.charges if one.unit == "calls")]

    def _refuse(self, plan: _GuardPlan, refusal: Refusal, charges: Sequence[Charge]) -> GuardError:
        full = next(one for one in charges if one.window == refusal.window)
        guard = plan.guards.get(full.window, "the cap of this eval")
        error = refuse_full(guard, full, refusal)
        self._tell(
            Alert(
                "guard",
                f"{guard} refused a run",
                f"{error.message}. The window is {full.window}.",
                f"guard/{full.window}",
                full.ends_at,
            )
        )
        return error

    def _tell(self, alert: Alert) -> None:
        if self._notify is not None:
            self._notify(alert)


def whose_window(window: str) -> str:
    """Return a window's owner, such as `global` or `prompts/support/*`."""
    return window.split("/", 2)[2].rsplit("/", 1)[0]


def _give_back(task: asyncio.Future[Reservation]) -> None:
    import asyncio

    with suppress(asyncio.CancelledError, RefusedError, LedgerError):
        reservation = task.result()
        # In a thread: this runs in the event loop.
        threading.Thread(target=reservation.release, name=GIVING_BACK, daemon=True).start()
