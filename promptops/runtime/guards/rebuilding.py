"""Rebuild lost windows from the runs in the log.

The amounts are upper bounds: a run counts in every window in which it may have spent, and one of
unknown cost counts like the most expensive run of its prompt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptops.runtime.guards.windows import SECONDS, Scope, charge, rules_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from promptops.repository.settings.guards import GuardSettings
    from promptops.runtime.ledger import Charge
    from promptops.runtime.log.record import RunRecord

# Runs that started before the day may have spent in it; no run takes longer than this.
_EARLIER_SECONDS = 3_600.0


class Rebuilt(NamedTuple):
    """The rebuilt windows.

    Attributes:
        charges: the windows, with their amounts.
        runs: the number of counted runs.
        guessed: the number of runs with unknown cost.
    """

    charges: tuple[Charge, ...]
    runs: int
    guessed: int


def oldest_start(now: float) -> float:
    """Return the earliest start of runs that may have spent in a current window."""
    return now // SECONDS["day"] * SECONDS["day"] - _EARLIER_SECONDS


def rebuild_windows(settings: GuardSettings, runs: Iterable[RunRecord], now: float) -> Rebuilt:
    """Return the windows of the current hour and day. Minutes are left out, since they end soon."""
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
    # Zero cost means no call, or a free model.
    return 0 if run.cost_micros == 0 else None


def _guess(
    runs: Sequence[RunRecord], read: Callable[[RunRecord], int | None]
) -> Callable[[RunRecord], int]:
    """Return the assumed amount of an unknown run: the maximum of its prompt, else of all."""
    most: dict[str | None, int] = {}
    for run in runs:
        amount = read(run) or 0
        for key in (run.prompt, None):
            most[key] = max(most.get(key, 0), amount)
    return lambda run: most.get(run.prompt) or most.get(None, 0)
