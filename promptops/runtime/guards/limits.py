"""The limits that guards hold runs to, as they stand in the configuration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

# What holds where nothing is configured.
DEFAULT_SPEND_PER_HOUR = 20_000_000
MICROS = 1_000_000


class Limits(NamedTuple):
    """Limits of one kind of window; None means no limit.

    Attributes:
        spend_per_hour: micro-dollars in one UTC hour.
        spend_per_day: micro-dollars in one UTC day.
        calls_per_minute: requests to models in one minute.
        tokens_per_minute: tokens, prompt and answer together, in one minute.
        tokens_per_hour: likewise in one UTC hour.
        tokens_per_day: likewise in one UTC day.
    """

    spend_per_hour: int | None = None
    spend_per_day: int | None = None
    calls_per_minute: int | None = None
    tokens_per_minute: int | None = None
    tokens_per_hour: int | None = None
    tokens_per_day: int | None = None

    @property
    def guards_spending(self) -> bool:
        """Whether they limit money."""
        return self.spend_per_hour is not None or self.spend_per_day is not None


class BreakerSettings(NamedTuple):
    """When the breaker of a model opens and closes.

    Attributes:
        failures: so many failures within the window open it.
        window_seconds: the window.
        cooldown_seconds: how long it stays open before one request may try.
    """

    failures: int = 5
    window_seconds: float = 60.0
    cooldown_seconds: float = 30.0


NO_LIMITS = Limits()
DEFAULT_LIMITS = Limits(spend_per_hour=DEFAULT_SPEND_PER_HOUR)
DEFAULT_BREAKER = BreakerSettings()


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """The table `[guards]`.

    Attributes:
        limits: the limits of everything together, evals excepted.
        per_user: the limits of each user.
        per_tenant: the limits of each tenant.
        prompts: pairs of a pattern and the limits that all prompts it matches share.
        environments: the limits of each environment.
        depth: how many runs may be nested in one another.
        identical_per_minute: how often one caller may make the same request in a minute.
        ledger: `sqlite`, a path, or a `redis://`, `rediss://` or `postgresql://` URL without
            a password.
        ledger_variable: the environment variable that holds the ledger's URL instead.
        on_ledger_down: `refuse`, or `local`: count in this process with `local_spend_per_hour`.
        local_spend_per_hour: the limit of each process while the ledger is out of reach.
        breaker: when breakers open and close.
        is_strict: whether a spending limit was configured, so that a run whose cost cannot be
            bounded is refused.
    """

    limits: Limits = DEFAULT_LIMITS
    per_user: Limits = NO_LIMITS
    per_tenant: Limits = NO_LIMITS
    prompts: tuple[tuple[str, Limits], ...] = ()
    environments: Mapping[str, Limits] = field(default_factory=dict)
    depth: int = 8
    identical_per_minute: int = 20
    ledger: str = "sqlite"
    ledger_variable: str | None = None
    on_ledger_down: Literal["refuse", "local"] = "refuse"
    local_spend_per_hour: int | None = None
    breaker: BreakerSettings = DEFAULT_BREAKER
    is_strict: bool = False
