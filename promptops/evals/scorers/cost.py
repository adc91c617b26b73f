"""The trial cost at most so many dollars.

    - cost: 0.002

An unknown cost (a model without a price, or without reported usage) is an error.
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

NAME = "cost"
COST = Cost.FREE
IS_DETERMINISTIC = True


def score(answer: JudgedAnswer, argument: float, _context: Context) -> Score:
    """Return 1 if the cost is within the limit, else 0."""
    if answer.cost_micros is None:
        raise ScorerError(
            "the cost of the answer is unknown", hint="set a price for the model in [models]"
        )
    # In whole micro-dollars, since 0.0003 has no exact binary value.
    is_met = answer.cost_micros <= round(argument * 1_000_000)
    return yes_or_no(is_met, f"it cost ${answer.cost_micros / 1e6:.6f}, the limit is ${argument:g}")
