"""What a run wants done: a driver carries it out, and hands back the result or the error.

The course of a run is written once, as generators that yield these commands. Drivers differ in how
they wait: in a thread, on an event loop, or with parts of a stream handed out meanwhile.
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
    from promptops.runtime.guards.guard import Reservation
    from promptops.runtime.guards.windows import Scope
    from promptops.runtime.log.record import RunRecord
    from promptops.runtime.models.model import Request
    from promptops.runtime.resolution import ResolvedPrompt


class Find(NamedTuple):
    """Resolve a prompt ref, to one of the versions that share traffic. Gives a ResolvedPrompt."""

    ref: str
    version: str | None = None


class Begin(NamedTuple):
    """Record that the run begins."""

    record: RunRecord


class Call(NamedTuple):
    """Ask a model once. The result is an Answer; the error a ModelError."""

    request: Request
    deadline: float


class Sleep(NamedTuple):
    """Wait before the next attempt."""

    seconds: float


class Reserve(NamedTuple):
    """Reserve an attempt in all windows. The result is a Reservation; the error a GuardError."""

    scope: Scope
    key: str
    cost: int | None
    tokens: int | None
    lease_seconds: float
    request_hash: str | None


class Admit(NamedTuple):
    """Ask the breaker of a model. The result is a Permit; the error a BreakerOpenError."""

    model: str


class Report(NamedTuple):
    """Tell the breaker how the attempt ended; None: it says nothing about the model."""

    permit: Permit
    is_healthy: bool | None


class Settle(NamedTuple):
    """Settle a reservation at what was used; release it where nothing was sent."""

    reservation: Reservation
    cost: int | None
    tokens: int | None
    is_sent: bool


class Recall(NamedTuple):
    """Look for the answer to an identical request, and wait for one that is under way.

    Gives it as Kept; a Flight where the caller leads now; None where it neither leads nor waits.
    """

    key: str
    deadline: float
    leads: bool


class Land(NamedTuple):
    """Keep an answer, if any, and end the flight if the run leads one."""

    key: str
    flight: Flight | None
    kept: Kept | None


Command = Find | Begin | Call | Sleep | Admit | Report | Reserve | Settle | Recall | Land


class World(NamedTuple):
    """What a run needs to know, without waiting for it.

    Attributes:
        clock: seconds since 1970.
        monotonic: seconds that never go back, as deadlines are given.
        random: a number from 0 to 1.
        price: the price of a model; None where it is unknown.
        count: an upper bound of a request's tokens.
        context: how many tokens a model reads; None where that is unknown.
        allows: whether the prompt of a file below the prompts folder may use a model.
        check_depth: raises GuardError where runs are nested too deeply.
        describe_pause: the error for a prompt that is paused.
        make_id: a new id, for something that happens now.
        cache: which answers are kept.
        refuses: the parameters that a model is known not to take.
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
