"""The table `[guards]`: limits on spending, calls, tokens and nesting of runs, and their ledger.

[guards] spend_per_hour = 20 # US dollars, all prompts together calls_per_minute = 600 ledger =
"redis://redis.example.com/3"

[guards.per_user] spend_per_day = 0.5

[guards.prompts."support/*"] # shared by all prompts that the pattern matches spend_per_hour = 5

[guards.environments.eval] spend_per_day = 30
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal, NamedTuple

from promptops.repository.settings.reading import StorePlace, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

# The defaults.
DEFAULT_SPEND_PER_HOUR = 20_000_000
DEFAULT_DEPTH = 8
DEFAULT_IDENTICAL = 20
DEFAULT_LEDGER = "sqlite"
SCHEMES = ("sqlite", "redis", "rediss", "postgres", "postgresql")
TABLES = ("per_user", "per_tenant", "prompts", "environments", "breaker")
# Ledgers count in integers that every language can represent; no limit needs more.
MAX_LIMIT = 2**53 - 1
_INSTEAD = 'write ledger_variable = "PROMPTOPS_LEDGER", and the whole address into that variable'


class Limits(NamedTuple):
    """A set of limits; None means no limit.

    Attributes:
        spend_per_hour: micro-dollars in one UTC hour.
        spend_per_day: micro-dollars in one UTC day.
        calls_per_minute: requests to models in one minute.
        tokens_per_minute: input and output tokens in one minute.
        tokens_per_hour: the same in one UTC hour.
        tokens_per_day: the same in one UTC day.
    """

    spend_per_hour: int | None = None
    spend_per_day: int | None = None
    calls_per_minute: int | None = None
    tokens_per_minute: int | None = None
    tokens_per_hour: int | None = None
    tokens_per_day: int | None = None

    @property
    def guards_spending(self) -> bool:
        """Whether one of them limits spending."""
        return self.spend_per_hour is not None or self.spend_per_day is not None

    def find_key(self, start: str) -> str | None:
        """Return the first key that begins with `start` and is set."""
        found = (key for key in self._fields if key.startswith(start))
        return next((key for key in found if getattr(self, key) is not None), None)


class BreakerSettings(NamedTuple):
    """When a model's circuit breaker opens and closes.

    Attributes:
        failures: the number of failures within the window that opens it.
        window_seconds: the window.
        cooldown_seconds: how long it stays open before one trial request is let through.
    """

    failures: int = 5
    window_seconds: float = 60.0
    cooldown_seconds: float = 30.0


LIMIT_KEYS = Limits._fields
KEYS = (
    *LIMIT_KEYS,
    "depth",
    "identical_per_minute",
    "ledger",
    "ledger_variable",
    "on_ledger_down",
    "local_spend_per_hour",
    *TABLES,
)
NO_LIMITS = Limits()
DEFAULT_LIMITS = Limits(spend_per_hour=DEFAULT_SPEND_PER_HOUR)
DEFAULT_BREAKER = BreakerSettings()


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """The table `[guards]`.

    Attributes:
        limits: the limits of all runs together, except evals.
        per_user: the limits of each user.
        per_tenant: the limits of each tenant.
        prompts: pairs of a pattern and the limits shared by all matching prompts.
        environments: the limits of each environment.
        depth: the maximum nesting of runs.
        identical_per_minute: how many identical requests one caller may make in a minute.
        ledger: `sqlite`, a path, or a `redis://`, `rediss://` or `postgresql://` URL without a
            password.
        ledger_variable: the environment variable that holds the ledger's URL instead.
        on_ledger_down: `refuse`, or `local`: count in this process with `local_spend_per_hour`.
        local_spend_per_hour: the limit of each process while the ledger is unreachable.
        breaker: the settings of circuit breakers.
        is_strict: whether `limits` on spending are configured. If so, as for every other table, a
            run whose cost cannot be bounded is refused.
    """

    limits: Limits = DEFAULT_LIMITS
    per_user: Limits = NO_LIMITS
    per_tenant: Limits = NO_LIMITS
    prompts: tuple[tuple[str, Limits], ...] = ()
    environments: Mapping[str, Limits] = field(default_factory=dict)
    depth: int = DEFAULT_DEPTH
    identical_per_minute: int = DEFAULT_IDENTICAL
    ledger: str = DEFAULT_LEDGER
    ledger_variable: str | None = None
    on_ledger_down: Literal["refuse", "local"] = "refuse"
    local_spend_per_hour: int | None = None
    breaker: BreakerSettings = DEFAULT_BREAKER
    is_strict: bool = False

    @property
    def place(self) -> StorePlace:
        """The place of the ledger. It is a file even if the log is in PostgreSQL."""
        own = None if self.ledger == DEFAULT_LEDGER else self.ledger
        return StorePlace("guards.ledger_variable", self.ledger_variable, own, "ledger.db")


def find_guards(
    settings: GuardSettings, prompt: str, *, beside: str
) -> tuple[str | None, str | None]:
    """Return a spending limit and a token limit that apply to a prompt's runs; None without one.

    The default limit and those of the environment `beside` are ignored.
    """
    tables = [
        ("guards", settings.limits if settings.is_strict else _without_spending(settings.limits)),
        *(
            (f'guards.prompts."{pattern}"', limits)
            for pattern, limits in settings.prompts
            if fnmatchcase(prompt, pattern)
        ),
        *(
            (f"guards.environments.{name}", limits)
            for name, limits in settings.environments.items()
            if name != beside
        ),
        ("guards.per_user", settings.per_user),
        ("guards.per_tenant", settings.per_tenant),
    ]

    def find(start: str) -> str | None:
        found = ((name, limits.find_key(start)) for name, limits in tables)
        return next((f"{name}.{key}" for name, key in found if key is not None), None)

    return find("spend_"), find("tokens_")


def _without_spending(limits: Limits) -> Limits:
    return limits._replace(spend_per_hour=None, spend_per_day=None)


def read_guards(value: object, path: str) -> GuardSettings:
    """Read the table `[guards]` of the file `path`; raises ConfigurationError."""
    table = Table(value, path, "guards")
    table.check_keys(KEYS)
    limits = _read_limits(table)
    per_user, per_tenant = (_read_table(table.table(key)) for key in ("per_user", "per_tenant"))
    prompts = _read_named(table.table("prompts"))
    environments = _read_named(table.table("environments"))
    if "ledger" in table and "ledger_variable" in table:
        table.fail("ledger", "and ledger_variable are both set", "remove one of them")
    ledger = table.address("ledger", SCHEMES, what="a ledger", instead=_INSTEAD)
    on_down = table.choice("on_ledger_down", ("refuse", "local"), "refuse")
    return GuardSettings(
        # A configured limit replaces the default one.
        limits=limits
        if limits.guards_spending
        else limits._replace(spend_per_hour=DEFAULT_SPEND_PER_HOUR),
        per_user=per_user,
        per_tenant=per_tenant,
        prompts=tuple(prompts.items()),
        environments=environments,
        depth=table.whole("depth", DEFAULT_DEPTH, least=1),
        identical_per_minute=table.whole("identical_per_minute", DEFAULT_IDENTICAL, least=1),
        ledger=ledger or DEFAULT_LEDGER,
        ledger_variable=table.variable("ledger_variable", "PROMPTOPS_LEDGER"),
        on_ledger_down="local" if on_down == "local" else "refuse",
        local_spend_per_hour=_read_local(table, on_down),
        breaker=_read_breaker(table.table("breaker")),
        is_strict=limits.guards_spending,
    )


def _read_named(table: Table) -> dict[str, Limits]:
    found = {}
    for name in table:
        if not isinstance(table.raw(name), dict):
            table.fail(name, "is not a table", f'write it below [{table.name}."{name}"]')
        found[name] = _read_table(table.table(name))
    return found


def _read_table(table: Table) -> Limits:
    table.check_keys(LIMIT_KEYS)
    return _read_limits(table)


def _read_limits(table: Table) -> Limits:
    limits: dict[str, int | None] = {}
    for key in LIMIT_KEYS:
        is_money = key.startswith("spend_")
        limit = table.micros(key) if is_money else table.whole(key, None)
        if limit is not None and limit > MAX_LIMIT:
            table.fail(key, "is too large", "leave it out")
        limits[key] = limit
    return Limits(**limits)


def _read_local(table: Table, on_down: str) -> int | None:
    limit = table.micros("local_spend_per_hour")
    if on_down == "local" and limit is None:
        table.fail(
            "local_spend_per_hour",
            'is missing, and on_ledger_down is "local"',
            "set what each process may spend in an hour while the ledger is unreachable",
        )
    if on_down != "local" and limit is not None:
        table.fail(
            "local_spend_per_hour",
            'has an effect only with on_ledger_down = "local"',
            'add on_ledger_down = "local", or leave it out',
        )
    return limit


def _read_breaker(table: Table) -> BreakerSettings:
    table.check_keys(("failures", "window", "cooldown"))
    default = DEFAULT_BREAKER
    return BreakerSettings(
        table.whole("failures", default.failures, least=1),
        float(table.duration("window") or default.window_seconds),
        float(table.duration("cooldown") or default.cooldown_seconds),
    )
