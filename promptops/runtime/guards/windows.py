"""Find the windows of an attempt, and its charges to them.

Minutes, hours and days are fixed and in UTC: an hourly limit is free again at the full hour for
everybody, and processes need not agree on when a window began.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from promptops.repository.config import EVAL_ENVIRONMENT
from promptops.runtime.ledger import LATE_SECONDS, Charge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.repository.settings.guards import GuardSettings, Limits
    from promptops.runtime.ledger import Unit

Length = Literal["minute", "hour", "day"]

SECONDS: dict[Length, int] = {"minute": 60, "hour": 3_600, "day": 86_400}
_STAMPS: dict[Length, str] = {"minute": "%Y-%m-%dT%H:%M", "hour": "%Y-%m-%dT%H", "day": "%Y-%m-%d"}
# A minute's window is kept for ten more minutes, so that many users do not fill the ledger.
_LATE_LENGTHS = 10
# A user's id may be an e-mail address, or a megabyte long.
_DIGITS = 24


class Scope(NamedTuple):
    """User, tenant, prompt and environment of an attempt.

    Attributes:
        environment: the prompt's environment; `eval` for evals, replays and drills; None for a work
            tree or an exact version.
        prompt: the prompt's name.
        user: the application's id of the user.
        tenant: the application's id of the tenant.
    """

    environment: str | None
    prompt: str
    user: str | None = None
    tenant: str | None = None


class Rule(NamedTuple):
    """One limit that applies to an attempt.

    Attributes:
        guard: its configuration key, such as `guards.per_user.spend_per_hour`.
        what: `spend`, `calls`, `tokens` or `identical`.
        length: the length of its windows.
        who: the owner of the windows, such as `global` or `user/…`.
        unit: what is counted.
        limit: the limit.
    """

    guard: str
    what: str
    length: Length
    who: str
    unit: Unit
    limit: int


def hash_name(name: str) -> str:
    """Return a short name for a user, tenant or caller, of fixed length and not readable."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]


@lru_cache(maxsize=256)
def _place(length: Length, index: int) -> tuple[str, int, int]:
    seconds = SECONDS[length]
    ends_at = (index + 1) * seconds
    stamp = datetime.fromtimestamp(index * seconds, UTC).strftime(_STAMPS[length])
    return stamp, ends_at, ends_at + min(LATE_SECONDS, _LATE_LENGTHS * seconds)


def name_window(rule: Rule, now: float) -> str:
    """Return the name of the window of `rule` at the time `now`."""
    stamp, _, _ = _place(rule.length, int(now // SECONDS[rule.length]))
    return f"{rule.what}/{rule.length}/{rule.who}/{stamp}"


def charge(rule: Rule, amount: int, now: float) -> Charge:
    """Return the charge of `amount` to the window of `rule` at the time `now`."""
    stamp, ends_at, kept_until = _place(rule.length, int(now // SECONDS[rule.length]))
    window = f"{rule.what}/{rule.length}/{rule.who}/{stamp}"
    return Charge(window, rule.limit, amount, rule.unit, ends_at, kept_until)


def rules_for(settings: GuardSettings, scope: Scope) -> Iterator[Rule]:
    """Yield the limits that apply to `scope`: global, environment, prompt, user, tenant.

    In the environment `eval`, only its own limits: evals must not use up production's.
    """
    if scope.environment is not None:
        own = settings.environments.get(scope.environment)
        if own is not None:
            yield from _rules(
                own, f"guards.environments.{scope.environment}", f"environment/{scope.environment}"
            )
    if scope.environment == EVAL_ENVIRONMENT:
        return
    yield from _rules(settings.limits, "guards", "global")
    for pattern, limits in settings.prompts:
        if fnmatchcase(scope.prompt, pattern):
            yield from _rules(limits, f'guards.prompts."{pattern}"', f"prompts/{pattern}")
    if scope.user is not None:
        yield from _rules(settings.per_user, "guards.per_user", f"user/{hash_name(scope.user)}")
    if scope.tenant is not None:
        yield from _rules(
            settings.per_tenant, "guards.per_tenant", f"tenant/{hash_name(scope.tenant)}"
        )


def identical_rule(settings: GuardSettings, scope: Scope, request_hash: str) -> Rule | None:
    """Return the limit of identical requests of one caller, or None.

    Repeated trials of an eval do not count as identical.
    """
    if scope.environment == EVAL_ENVIRONMENT:
        return None
    caller = hash_name(f"{scope.environment}\0{scope.tenant}\0{scope.user}\0{request_hash}")
    return Rule(
        "guards.identical_per_minute",
        "identical",
        "minute",
        f"request/{caller}",
        "calls",
        settings.identical_per_minute,
    )


def _rules(limits: Limits, guard: str, who: str) -> Iterator[Rule]:
    if limits.spend_per_hour is not None:
        yield Rule(f"{guard}.spend_per_hour", "spend", "hour", who, "micros", limits.spend_per_hour)
    if limits.spend_per_day is not None:
        yield Rule(f"{guard}.spend_per_day", "spend", "day", who, "micros", limits.spend_per_day)
    if limits.calls_per_minute is not None:
        yield Rule(
            f"{guard}.calls_per_minute", "calls", "minute", who, "calls", limits.calls_per_minute
        )
    if limits.tokens_per_minute is not None:
        yield Rule(
            f"{guard}.tokens_per_minute",
            "tokens",
            "minute",
            who,
            "tokens",
            limits.tokens_per_minute,
        )
    if limits.tokens_per_hour is not None:
        yield Rule(
            f"{guard}.tokens_per_hour", "tokens", "hour", who, "tokens", limits.tokens_per_hour
        )
    if limits.tokens_per_day is not None:
        yield Rule(f"{guard}.tokens_per_day", "tokens", "day", who, "tokens", limits.tokens_per_day)
