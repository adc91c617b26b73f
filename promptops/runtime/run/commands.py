"""The commands that a run's generator yields to its driver.

The steps of a run are written once, as generators that yield these commands. A driver executes a
command and sends back its result or error. Drivers differ in how they wait: in a thread, on an
event loop, or while streaming parts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptops.repository.settings.cache import CacheSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from promptops.errors import PausedError
    from promptops.repository.prices import Price
    from promptops.runtime.answers import Flight, Kept
    from promptops.runtime.guards.breaker import Permit
    from promptops.runtime.guards.reservation import Reservation
    from promptops.runtime.guards.windows import Scope
    from promptops.runtime.log.record import RunRecord
    from promptops.runtime.models.model import Request
    from promptops.runtime.resolution import ResolvedPrompt
    from promptops.runtime.safety.safety import Safety


class Find(NamedTuple):
    """Resolve a prompt ref, to one of the versions that share traffic. Returns a ResolvedPrompt."""

    ref: str
    version: str | None = None


class Begin(NamedTuple):
    """Record the start of the run."""

    record: RunRecord


class Call(NamedTuple):
    """Call a model once. Returns an Answer, or raises ModelError."""

    request: Request
    deadline: float


class Sleep(NamedTuple):
    """Wait before the next attempt."""

    seconds: float


class Reserve(NamedTuple):
    """Reserve an attempt in all limits. Returns a Reservation, or raises GuardError."""

    scope: Scope
    key: str
    cost: int | None
    tokens: int | None
    lease_seconds: float
    request_hash: str | None
    lacking: str = ""
    """What is missing to compute the cost, in words; "" if the cost is known."""


class Admit(NamedTuple):
    """Ask a model's circuit breaker. Returns a Permit, or raises BreakerOpenError."""

    model: str


class Report(NamedTuple):
    """Tell the breaker how the attempt ended; None: the outcome says nothing about the model."""

    permit: Permit
    is_healthy: bool | None


class Settle(NamedTuple):
    """Settle a reservation with the actual use; release it if nothing was sent."""

    reservation: Reservation
    cost: int | None
    tokens: int | None
    is_sent: bool


class Recall(NamedTuple):
    """Look up the answer to an identical request, and wait for one in progress.

    Returns Kept; a Flight if other runs may wait for this run's call; or None if they may not, as
    for a streamed run.
    """

    key: str
    deadline: float
    leads: bool


class Land(NamedTuple):
    """Cache an answer, if any, and end the run's flight, if any.

    `is_shared`: whether other processes may use the answer too.
    """

    key: str
    flight: Flight | None
    kept: Kept | None
    is_shared: bool = True


Command = Find | Begin | Call | Sleep | Admit | Report | Reserve | Settle | Recall | Land


class RunFacts(NamedTuple):
    """The data that a run needs without waiting.

    Attributes:
        clock: seconds since 1970.
        monotonic: a monotonic clock in seconds, for deadlines.
        random: returns a random number from 0 to 1.
        price: returns a model's price; None if unknown.
        count: returns an upper bound of a request's tokens.
        context: returns a model's maximum number of input tokens; None if unknown.
        allows: returns whether the prompt at a path below the prompts folder may use a model.
        check_depth: raises GuardError if runs are nested too deeply.
        describe_pause: returns the error for a paused prompt.
        make_id: returns a new id.
        cache: the settings of the answer cache.
        refuses: returns the parameters that a model is known to refuse.
        safety: the safety measures, or None.
    """

    clock: Callable[[], float]
    monotonic: Callable[[], float]
    random: Callable[[], float]
    price: Callable[[str], Price | None]
    count: Callable[[Request], int]
    context: Callable[[str], int | None]
    allows: Callable[[str, str], bool]
    check_depth: Callable[[], None]
    describe_pause: Callable[[ResolvedPrompt], PausedError]
    make_id: Callable[[], str]
    cache: CacheSettings = CacheSettings()
    refuses: Callable[[str], Collection[str]] = lambda _model: ()
    safety: Safety | None = None
