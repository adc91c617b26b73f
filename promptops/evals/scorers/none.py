"""None of several checks holds.

    - not: [{contains: sorry}, {regex: 'as an AI'}]

The opposite of `any`. To negate a single check, use its name with `not_`: `not_contains: sorry`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.evals.scorers import some
from promptops.evals.scorers.scorer import Context, Cost, JudgedAnswer, Score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.prompt.suite import Check

NAME = "not"
COST = Cost.FREE
IS_DETERMINISTIC = True


def score(answer: JudgedAnswer, argument: Sequence[Check], context: Context) -> Score:
    """Return 1 if no check passes, else 0."""
    return some.score(answer, argument, context).negated
