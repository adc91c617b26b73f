"""Check that a deployment's action leads from the previous state to the new one.

For each prompt that differs, the action is applied again to the previous state and must give
exactly the new state.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from promptops.delivery import state as lock
from promptops.errors import IntegrityError, NotDeployedError, RefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from promptops.delivery.environments import Deployment
    from promptops.delivery.state import Entry, Live, Point, State
    from promptops.prompt.version import Version

    # Computes a state, or raises an error.
    Making = Callable[[], State]

BY_HAND = "make this deployment with promptops, from the newest state"


class Transition(NamedTuple):
    """A deployment with the states before and after it.

    Attributes:
        deployment: the deployment.
        before: the state before.
        tip: the deployment with that state; None before the first.
        after: the state after.
        names: the prompts that it touches, sorted.
        state_at: reads the state after an older deployment.
    """

    deployment: Deployment
    before: State
    tip: Point | None
    after: State
    names: tuple[str, ...]
    state_at: Callable[[Point], State]


def check_action(transition: Transition) -> None:
    """Raise IntegrityError unless the action explains all changes. Not for restorations."""
    make = _ACTIONS.get(transition.deployment.action)
    if make is None:
        raise IntegrityError(
            f"its action is '{transition.deployment.action}', which does not exist", hint=BY_HAND
        )
    for name in transition.names:
        if not any(_explains(making, transition, name) for making in make(transition, name)):
            raise IntegrityError(
                f"its action is {transition.deployment.action}, which does not make of {name} "
                f"what {lock.LOCK_FILE} and {lock.UNDO_FILE} say now",
                hint=BY_HAND,
            )


def list_promoted(transition: Transition, name: str) -> list[Live]:
    """Return the versions whose promotion would explain a prompt's change.

    While traffic is split, a shift of shares may be a promotion of either version.
    """
    return [
        live
        for live in _live(transition, name)
        if _explains(_promotion(transition, name, live), transition, name)
    ]


def list_gaining(before: Entry | None, after: Entry | None) -> list[Live]:
    """Return the versions that become live or get a greater share."""
    shares = {live.version: live.share for live in before.live} if before else {}
    now = after.live if after else ()
    return [live for live in now if live.share > shares.get(live.version, 0)]


def _explains(making: Making, transition: Transition, name: str) -> bool:
    try:
        state = making()
    except (RefusedError, NotDeployedError, UsageError):
        return False  # the action is not possible
    return state.touches(name) == transition.after.touches(name)


def _live(transition: Transition, name: str) -> tuple[Live, ...]:
    entry = transition.after.entries.get(name)
    return entry.live if entry else ()


def _promotion(transition: Transition, name: str, live: Live) -> Making:
    return partial(lock.promote, transition.before, transition.tip, name, live)


def _promote(transition: Transition, name: str) -> Iterator[Making]:
    for live in _live(transition, name):
        yield _promotion(transition, name, live)


def _retire(transition: Transition, name: str) -> Iterator[Making]:
    environment = transition.deployment.environment
    yield partial(lock.retire, transition.before, transition.tip, name, environment)


def _pause(transition: Transition, name: str) -> Iterator[Making]:
    deployment = transition.deployment
    yield partial(lock.pause, transition.before, [name], deployment.environment, deployment.reason)


def _resume(transition: Transition, name: str) -> Iterator[Making]:
    yield partial(lock.resume, transition.before, [name], transition.deployment.environment)


def _rollback(transition: Transition, name: str) -> Iterator[Making]:
    """Yield the possible results of a rollback: one step, and further back to the now live
    version.
    """
    live = _live(transition, name)
    for to in (None, *(one.version for one in live[:1])):
        yield partial(_roll_back, transition, name, to)


def _roll_back(transition: Transition, name: str, to: Version | None) -> State:
    environment = transition.deployment.environment
    return lock.rollback(transition.before, name, environment, transition.state_at, to)[0]


_ACTIONS: Mapping[str, Callable[[Transition, str], Iterator[Making]]] = {
    "promote": _promote,
    "rollback": _rollback,
    "retire": _retire,
    "pause": _pause,
    "resume": _resume,
}
