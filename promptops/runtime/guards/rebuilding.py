"""What windows must hold that a ledger has lost, from the runs that the log has. Pure.

Too much rather than too little: a run counts in each window that it may have spent in, and one
whose cost is not known counts like the dearest run of its prompt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptops.runtime.guards.windows import SECONDS, Scope, charge, rules_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from promptops.repository.settings.guards import GuardSettings
    from promptops.runtime.guards.ledger import Charge
    from promptops.runtime.log.record import RunRecord

# Runs from before the day began may have spent in it; none is under way for longer.
_EARLIER_SECONDS = 3_600.0


class Rebuilt(NamedTuple):
    """What the log says that windows hold.

    Attributes:
        charges: the windows, each with what it holds as its amount.
        runs: how many runs were counted.
        guessed: how many of them count like another one, as their cost is not known.
    """

    charges: tuple[Charge, ...]
    runs: int
    guessed: int


def oldest_start(now: float) -> float:
    """Return since when runs may have spent something in a window that has not ended."""
    return now // SECONDS["day"] * SECONDS["day"] - _EARLIER_SECONDS


def rebuild_windows(settings: GuardSettings, runs: Iterable[RunRecord], now: float) -> Rebuilt:
    """Return what the hours and days of now hold. Minutes are left out: they are soon over."""
    found = list(runs)
    guess_cost, guess_tokens = _guess(found, _cost), _guess(found, _tokens)
    used: dict[str, tuple[int, Charge]] = {}
    counted = guessed = 0
    for run in found:
        cost, tokens = _cost(run), _tokens(run)
        amounts = {
            "micros": guess_cost(run) if cost is None else cost,
            "tokens": guess_tokens(run) if tokens is None else tokens,
        }
        if run.prompt is None or not any(amounts.values()):
            continue
        counted += 1
        guessed += cost is None
        ended_at = run.started_at + (run.ms or 0.0) / 1000
        for rule in rules_for(settings, Scope(run.environment, run.prompt, run.user, run.tenant)):
            one = charge(rule, 0, now)
            is_over = ended_at < one.ends_at - SECONDS[rule.length] and run.ms is not None
            if rule.length == "minute" or is_over:
                continue
            before = used[one.window][0] if one.window in used else 0
            used[one.window] = (before + amounts[rule.unit], one)
    charges = tuple(one._replace(amount=amount) for amount, one in used.values())
    return Rebuilt(charges, counted, guessed)


def _cost(run: RunRecord) -> int | None:
    return run.cost_micros


def _tokens(run: RunRecord) -> int | None:
    if run.input_tokens is not None and run.output_tokens is not None:
        return run.input_tokens + run.output_tokens
    # What cost nothing asked nobody, or a model that is free.
    return 0 if run.cost_micros == 0 else None


def _guess(
    runs: Sequence[RunRecord], read: Callable[[RunRecord], int | None]
) -> Callable[[RunRecord], int]:
    """Return what a run of an unknown amount counts: the most of its prompt, else the most."""
    most: dict[str | None, int] = {}
    for run in runs:
        amount = read(run) or 0
        for key in (run.prompt, None):
            most[key] = max(most.get(key, 0), amount)
    return lambda run: most.get(run.prompt) or most.get(None, 0)
