"""The trial took at most so many seconds.

    - latency: 2.5

A replayed answer is judged by its recorded time. An unknown time is an error.
"""

from __future__ import annotations

from promptops.evals.scorers.scorer import (
    Context,
    Cost,
    JudgedAnswer,
    Score,
    ScorerError,
    yes_or_no,
)

NAME = "latency"
COST = Cost.FREE
IS_DETERMINISTIC = True


def score(answer: JudgedAnswer, argument: float, _context: Context) -> Score:
    """Return 1 if the latency is within the limit, else 0."""
    if answer.latency_seconds is None:
        raise ScorerError("the duration of the answer is unknown")
    took = answer.latency_seconds
    return yes_or_no(took <= argument, f"it took {took:.3f} s, the limit is {argument:g} s")
