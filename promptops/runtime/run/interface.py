"""The values that a runner takes and returns, and what it depends on."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.repository.settings.cache import CacheSettings
from promptops.runtime.run.course import RunLimits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from promptops.repository.prices import Prices
    from promptops.runtime.alerts.alerter import Alerter
    from promptops.runtime.guards.breaker import Breakers
    from promptops.runtime.guards.guard import Guards
    from promptops.runtime.guards.windows import Rule
    from promptops.runtime.log.log import RunLog
    from promptops.runtime.log.record import Decision
    from promptops.runtime.log.recorder import Recorder
    from promptops.runtime.models import Models
    from promptops.runtime.resolution import ResolvedPrompt
    from promptops.runtime.run.result import Run
    from promptops.runtime.safety.safety import Safety
    from promptops.runtime.telemetry.telemetry import Telemetry


class Caller(NamedTuple):
    """The caller of a run.

    Attributes:
        user: the application's id of the person.
        tenant: the application's id of the customer.
        key: the key that always gets the same version while traffic is split; None: the user.
        environment: the environment for limits and log, instead of the prompt's: `eval` for runs
            that are not real traffic.
        labels: labels of the run in the log.
    """

    user: str | None = None
    tenant: str | None = None
    key: str | None = None
    environment: str | None = None
    labels: Mapping[str, str] | None = None


class StreamPart(NamedTuple):
    """A part of a streamed answer.

    Attributes:
        text: the new text; empty in the last part.
        run: the run, in the last part; else None.
        run_id: the run's id, in every part.
    """

    text: str
    run: Run | None = None
    run_id: str = ""


class Plan(NamedTuple):
    """The plan of a run that is not executed.

    Attributes:
        resolved: the prompt.
        model: the model that would be asked first; None: a fixed reply answers.
        request: the request.
        tokens: an upper bound of the tokens of the prompt.
        cost_micros: the maximum cost of one attempt, in micro-dollars; None if a price or
            `max_tokens` is missing.
        decisions: the rules that applied.
        reply: the fixed reply, or None.
        limits: the limits that would apply, except those on repetition and depth.
    """

    resolved: ResolvedPrompt
    model: str | None
    request: dict[str, Any]
    tokens: int
    cost_micros: int | None
    decisions: tuple[Decision, ...]
    reply: str | None = None
    limits: tuple[Rule, ...] = ()


async def _sleep(seconds: float) -> None:
    # Programs with an event loop have imported it; a command does not need it.
    import asyncio

    await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Tools:
    """The dependencies of a runner.

    Attributes:
        models: the open models.
        prices: their prices.
        allows: returns whether the prompt at a path below the prompts folder may use a model.
        guards: the limits.
        breakers: the circuit breakers.
        recorder: writes to the run log.
        open_log: opens the run log for reading.
        random_bytes: random bytes, for ids.
        random: returns a random number from 0 to 1, for waits.
        clock: seconds since 1970.
        monotonic: a monotonic clock, in seconds.
        sleep: waits in a thread.
        asleep: waits on an event loop.
        limits: timeouts and retries.
        cache: the settings of the answer cache.
        alerter: sends alerts, or None.
        telemetry: exports traces and metrics, or None.
        safety: the safety measures, or None.
    """

    models: Models
    prices: Prices
    allows: Callable[[str, str], bool]
    guards: Guards
    breakers: Breakers
    recorder: Recorder
    open_log: Callable[[], RunLog]
    random_bytes: Callable[[int], bytes]
    random: Callable[[], float]
    clock: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    asleep: Callable[[float], Awaitable[None]] = _sleep
    limits: RunLimits = field(default_factory=RunLimits)
    cache: CacheSettings = field(default_factory=CacheSettings)
    alerter: Alerter | None = None
    telemetry: Telemetry | None = None
    safety: Safety | None = None
