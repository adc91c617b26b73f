"""Guards: reserve what an attempt may cost before it is sent, settle afterwards what it did cost.

One transaction of the ledger checks and reserves all windows of an attempt. What cannot be decided
is refused where money is guarded: an unreachable ledger, a cost that nobody can bound.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from promptops.errors import NotFoundError, RefusedError, UsageError, quote
from promptops.repository.settings.guards import DEFAULT_SPEND_PER_HOUR
from promptops.repository.settings.reading import MICROS
from promptops.runtime.alerts.alert import Alert
from promptops.runtime.guards.depth import current_depth
from promptops.runtime.guards.ledger import (
    GIVING_BACK,
    MONEY_UNITS,
    LedgerBusyError,
    LedgerError,
    LosableLedger,
    LostCountsError,
)
from promptops.runtime.guards.memory import MemoryLedger
from promptops.runtime.guards.notices import Notices
from promptops.runtime.guards.windows import (
    Rule,
    Scope,
    charge,
    identical_rule,
    name_window,
    rules_for,
)
from promptops.suggestion import nearest

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable, Sequence

    from promptops.repository.settings.guards import GuardSettings
    from promptops.runtime.guards.ledger import Charge, Ledger, Refusal, Reset, Unit
    from promptops.runtime.guards.ledger import Standing as Counted

__all__ = ["GuardError", "GuardStanding", "Guards", "Reservation", "Scope"]

GLOBAL_SPENDING = ("guards.spend_per_hour", "guards.spend_per_day")
# Settlements that wait for a ledger to come back; more than these stay spent at their estimate.
_MAX_WAITING = 10_000
_SETTLED_AT_ONCE = 8


class GuardError(RefusedError):
    """A guard refused a run before money was spent.

    Attributes:
        guard: the limit, as it is called in the configuration, such as `guards.spend_per_hour`;
            `guards.ledger` when the ledger is out of reach.
        limit: what the guard allows in one window, in micro-dollars, calls, tokens or runs.
        spent: what is spent and reserved of it.
        frees_at_seconds: when the window ends, in seconds since 1970; None: waiting does not help.
    """

    def __init__(
        self,
        message: str,
        *,
        guard: str,
        limit: int | None = None,
        spent: int | None = None,
        frees_at_seconds: float | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.guard = guard
        self.limit = limit
        self.spent = spent
        self.frees_at_seconds = frees_at_seconds

    def __reduce__(self) -> tuple[Callable[..., GuardError], tuple[object, ...]]:
        return (
            _restore,
            (
                type(self),
                self.message,
                self.guard,
                self.limit,
                self.spent,
                self.frees_at_seconds,
                self.hint,
            ),
        )


def _restore(  # noqa: PLR0917 - unpickling knows no names
    cls: type[GuardError],
    message: str,
    guard: str,
    limit: int | None,
    spent: int | None,
    frees_at_seconds: float | None,
    hint: str | None,
) -> GuardError:
    return cls(
        message,
        guard=guard,
        limit=limit,
        spent=spent,
        frees_at_seconds=frees_at_seconds,
        hint=hint,
    )


class GuardStanding(NamedTuple):
    """How full the window of one limit is now.

    Attributes:
        guard: the limit, as it is called in the configuration.
        who: whose: `global`, `environment/…`, `prompts/…`, `user/…`, `tenant/…`.
        unit: what is counted.
        limit: how much the window may hold.
        spent: what it holds, reservations included.
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


class Reservation:
    """What one attempt holds until it is settled or released; without either it stays spent.

    Attributes:
        key: its name in the ledger.
        cost: the reserved micro-dollars; None: unknown, nothing of any spending limit is held.
        tokens: the reserved tokens, likewise.
        is_local: whether it is counted in this process alone, because the ledger is out of reach.
    """

    __slots__ = ("_guards", "_is_done", "_ledger", "cost", "is_local", "key", "tokens")

    def __init__(
        self,
        guards: Guards,
        ledger: Ledger,
        key: str,
        *,
        cost: int | None,
        tokens: int | None,
        is_local: bool,
    ) -> None:
        self._guards = guards
        self._ledger = ledger
        self._is_done = False
        self.key = key
        self.cost = cost
        self.tokens = tokens
        self.is_local = is_local

    def settle(self, cost: int | None, tokens: int | None) -> None:
        """Correct the windows to what the attempt cost; None: as reserved.

        Never raises: where the ledger is out of reach, the settlement waits for it, and until then
        the estimate counts.
        """
        self._end(self._amounts(cost, tokens))

    def release(self) -> None:
        """Give everything back: the attempt was never sent. Never raises."""
        self._end({"micros": 0, "calls": 0, "tokens": 0})

    async def asettle(self, cost: int | None, tokens: int | None) -> None:
        """As `settle`, without holding up the event loop."""
        await self._aend(self._amounts(cost, tokens))

    async def arelease(self) -> None:
        """As `release`, without holding up the event loop."""
        await self._aend({"micros": 0, "calls": 0, "tokens": 0})

    def _amounts(self, cost: int | None, tokens: int | None) -> dict[Unit, int]:
        amounts: dict[Unit, int] = {}
        # Less than nothing is no usage; it would give a budget back that was never spent.
        if cost is not None and cost >= 0:
            amounts["micros"] = cost
        if tokens is not None and tokens >= 0:
            amounts["tokens"] = tokens
        if self.cost is not None and cost is not None and cost > self.cost:
            self._guards.tell_overrun(self.key, self.cost, cost)
        return amounts

    def _end(self, amounts: dict[Unit, int]) -> None:
        if not self._is_done:
            self._is_done = True
            self._guards.settle(self._ledger, self.key, amounts)

    async def _aend(self, amounts: dict[Unit, int]) -> None:
        if not self._is_done:
            self._is_done = True
            await self._guards.asettle(self._ledger, self.key, amounts)


class _GuardPlan(NamedTuple):
    """The charges of one attempt, and which guard each window belongs to.

    `meets_default`: whether the limit on spending applies that holds where nobody set one.
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
    ) -> None:
        """Args: the limits, where they are counted, the time since 1970, whom to tell.

        `warn` is told once that a limit holds which nobody set, and that a cost is unknown.
        """
        self.settings = settings
        self.ledger = ledger
        self._local = MemoryLedger()
        self._clock = clock
        self._notify = notify
        self._notices = None if warn is None else Notices(ledger, warn)
        self._waiting: deque[tuple[str, dict[Unit, int]]] = deque(maxlen=_MAX_WAITING)
        self._lock = threading.Lock()

    def check_depth(self, depth: int | None = None) -> None:
        """Raise GuardError when a run at this depth (default: here) would be nested too deeply."""
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
            hint="look for a prompt, tool or agent that calls itself without end",
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
        """Reserve one attempt in every window it takes part in; raises GuardError.

        Args:
            scope: whose attempt it is.
            key: a name no other attempt has, such as run id and number of the attempt.
            cost: the most it may cost, in micro-dollars; None when that cannot be said.
            tokens: the most tokens it may use, prompt and answer; None when that cannot be said.
            lease_seconds: how long it may take; afterwards the estimate counts as spent.
            request_hash: names the request, where it counts as one that may be a repetition; None
                for retries and continuations.
            unknown: what is missing to know the cost, for the error's message.
            further: charges beside those of the configuration, such as the cap of one eval.
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
        """As `reserve`, without holding up the event loop."""
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
            # The thread goes on; what it still reserves belongs to nobody.
            task.add_done_callback(_give_back)
            raise

    def settle(self, ledger: Ledger, key: str, amounts: dict[Unit, int]) -> None:
        """Settle a reservation, or remember to do so when the ledger is back."""
        try:
            ledger.settle(key, amounts, now=self._clock())
        except LedgerError:
            self._waiting.append((key, amounts))

    async def asettle(self, ledger: Ledger, key: str, amounts: dict[Unit, int]) -> None:
        """As `settle`, without holding up the event loop."""
        try:
            ledger.settle(key, amounts, now=self._clock(), wait=False)
        except LedgerBusyError:
            import asyncio

            # A cancelled caller must not keep the settlement from being made.
            await asyncio.shield(
                asyncio.get_running_loop().run_in_executor(None, self.settle, ledger, key, amounts)
            )
        except LedgerError:
            self._waiting.append((key, amounts))

    def settle_waiting(self) -> int:
        """Make settlements that failed while the ledger was out of reach; say how many still wait.

        Reserving does a few of them each time.
        """
        return self._settle_waiting(len(self._waiting), wait=True)

    def close(self) -> None:
        """Make settlements that still wait, if that can be done, and close the ledger."""
        with suppress(LedgerError):
            self.settle_waiting()
        self.ledger.close()

    def rules(self, scope: Scope) -> list[Rule]:
        """Return the limits that apply to `scope`, those on repetition and depth excepted."""
        return list(rules_for(self.settings, scope))

    def standings(self, scopes: Iterable[Scope] = ()) -> list[GuardStanding]:
        """Return how full the windows are now.

        Those of the global limits, of every configured environment and pattern, and of the users
        and tenants in `scopes`.
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
        """Set windows back to what running attempts hold, and record who did it and why.

        Args:
            by: who resets.
            reason: why; must not be empty.
            who: whose windows: `global`, `environment/production`, `user/…` as in a
                `GuardStanding`; None: all.
        """
        if not reason.strip():
            raise UsageError("a reset needs a reason", hint="say why with --reason")
        found, _ = self.find_windows(who)
        windows = [one.window for one in found]
        return self.ledger.reset(windows, by=by, reason=reason.strip(), now=self._clock())

    def rebuild(self, charges: Sequence[Charge], *, by: str, reason: str) -> Reset:
        """Begin a ledger that lost its counts with what `rebuild_windows` found in the log.

        Raises:
            UsageError: nothing was lost, or there is no reason.
        """
        if not reason.strip():
            raise UsageError("a reset needs a reason", hint="say why with --reason")
        if not isinstance(self.ledger, LosableLedger) or not self.find_windows()[1]:
            raise UsageError(
                "the ledger has lost nothing",
                hint="without --from-log, a reset sets it to what running requests hold",
            )
        return self.ledger.restore(charges, by=by, reason=reason.strip(), now=self._clock())

    def find_windows(self, who: str | None = None) -> tuple[list[Counted], bool]:
        """Return the windows that a reset means, and whether it begins a ledger anew.

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
                hint=f"did you mean {near}?" if near else "`promptops guards show` names them",
            )
        return found, False

    def tell_overrun(self, key: str, reserved: int, cost: int) -> None:
        """Tell that a provider charged more than was reserved for the attempt."""
        now = self._clock()
        self._tell(
            Alert(
                "overrun",
                "a call cost more than was reserved for it",
                f"{describe_amount(reserved, 'micros')} were reserved and "
                f"{describe_amount(cost, 'micros')} charged (attempt {key}); a budget may be "
                "overrun by the difference.",
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
                raise self._refuse_unknown(rule.guard, unknown)
            one = charge(rule, amount, now)
            charges.append(one)
            guards[one.window] = rule.guard
        if cost is None and any(one.unit == "micros" for one in further):
            raise self._refuse_unknown("eval.max_cost", unknown)
        charges.extend(further)
        if request_hash is not None:
            repeated = identical_rule(self.settings, scope, request_hash)
            if repeated is not None:
                one = charge(repeated, 1, now)
                charges.append(one)
                guards[one.window] = repeated.guard
        return _GuardPlan(charges, guards, meets_default)

    def _is_configured(self, guard: str) -> bool:
        """Return whether somebody set this limit; the one that holds without any counts what it
        can.
        """
        return self.settings.is_strict or guard not in GLOBAL_SPENDING

    def _refuse_unknown(self, guard: str, unknown: str) -> GuardError:
        return GuardError(
            f"what this run may cost cannot be bounded, and {guard} is set: it lacks {unknown}",
            guard=guard,
            hint="set max_tokens in the prompt, and a price in [models] (or free = true)",
        )

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
            if self._waiting:
                self._settle_waiting(_SETTLED_AT_ONCE, wait=wait)
            if charges:
                refusal = ledger.reserve(
                    key, charges, lease_seconds=lease_seconds, now=now, wait=wait
                )
        except LedgerBusyError:
            raise
        except LedgerError as error:
            charges = self._local_charges(plan, cost, now, error)
            ledger, is_local = self._local, True
            refusal = ledger.reserve(key, charges, lease_seconds=lease_seconds, now=now)
        if refusal is not None:
            raise self._refuse(plan, refusal, charges)
        return Reservation(self, ledger, key, cost=cost, tokens=tokens, is_local=is_local)

    def _local_charges(
        self, plan: _GuardPlan, cost: int | None, now: float, error: LedgerError
    ) -> list[Charge]:
        """Return what to count in this process while the ledger is out of reach, or refuse."""
        settings = self.settings
        self._tell(
            Alert(
                "ledger",
                "the ledger of the guards is out of reach",
                f"{error.message}. "
                + (
                    "Each process counts alone until it is back."
                    if settings.on_ledger_down == "local"
                    else "Runs whose spending is limited are refused until it is back."
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
                or 'bring the ledger back, or set guards.on_ledger_down = "local" with a limit',
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
        # Rates and repetition still hold, each process for itself.
        return [own, *(one for one in plan.charges if one.unit == "calls")]

    def _settle_waiting(self, count: int, *, wait: bool) -> int:
        for _ in range(count):
            with self._lock:
                if not self._waiting:
                    break
                key, amounts = self._waiting.popleft()
            try:
                self.ledger.settle(key, amounts, now=self._clock(), wait=wait)
            except LedgerError as error:
                self._waiting.appendleft((key, amounts))
                if isinstance(error, LedgerBusyError):
                    break
                raise
        return len(self._waiting)

    def _refuse(self, plan: _GuardPlan, refusal: Refusal, charges: Sequence[Charge]) -> GuardError:
        full = next(one for one in charges if one.window == refusal.window)
        guard = plan.guards.get(full.window, "the cap of this eval")
        limit = describe_amount(full.limit, full.unit)
        if guard == "guards.identical_per_minute":
            message = f"the same request was made {refusal.spent} times in this minute already"
            hint = "look for a loop; trials of an eval belong into the environment 'eval'"
        elif refusal.frees_at is None:
            message = (
                f"{guard} is {limit}, and this call alone may take "
                f"{describe_amount(full.amount, full.unit)}"
            )
            hint = f"lower max_tokens in the prompt, or raise {guard}"
        else:
            message = (
                f"{guard} is {limit}: {describe_amount(refusal.spent, full.unit)} are spent or "
                f"reserved, and this call may take {describe_amount(full.amount, full.unit)}"
            )
            at = datetime.fromtimestamp(refusal.frees_at, UTC).strftime("%H:%M UTC")
            hint = f"it frees at {at}; `promptops guards show` says what is spent where"
        self._tell(
            Alert(
                "guard",
                f"{guard} refused a run",
                f"{message}. The window is {full.window}.",
                f"guard/{full.window}",
                full.ends_at,
            )
        )
        return GuardError(
            message,
            guard=guard,
            limit=full.limit,
            spent=refusal.spent,
            frees_at_seconds=refusal.frees_at,
            hint=hint,
        )

    def _tell(self, alert: Alert) -> None:
        if self._notify is not None:
            self._notify(alert)


def whose_window(window: str) -> str:
    """Return whose window it is, such as `global` or `prompts/support/*`."""
    return window.split("/", 2)[2].rsplit("/", 1)[0]


def describe_amount(amount: int, unit: Unit) -> str:
    """Return an amount as a person reads it, such as `1.25 USD` or `20 calls`."""
    if unit == "micros":
        # Two digits as money has them; more where it is about fractions of a cent.
        text = f"{amount / MICROS:.6f}".rstrip("0")
        whole, _, fraction = text.partition(".")
        return f"{whole}.{fraction.ljust(2, '0')} USD"
    word = unit if amount != 1 else unit.removesuffix("s")
    return f"{amount} {word}"


def _give_back(task: asyncio.Future[Reservation]) -> None:
    import asyncio

    with suppress(asyncio.CancelledError, RefusedError, LedgerError):
        reservation = task.result()
        # In a thread: this runs in the event loop.
        threading.Thread(target=reservation.release, name=GIVING_BACK, daemon=True).start()
