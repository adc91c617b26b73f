"""Any of several checks holds.

    - any:
        - equals: none
        - json: {items: []}

If one cannot be judged, the result is an error, unless another one holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.evals.scorers.scorer import Context, Cost, JudgedAnswer, Score, ScorerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.prompt.suite import Check

NAME = "any"
COST = Cost.FREE
IS_DETERMINISTIC = True


def score(answer: JudgedAnswer, argument: Sequence[Check], context: Context) -> Score:
    """Return 1 if a check passes, else 0."""
    from promptops.evals.scorers.registry import judge_check

    failure: ScorerError | None = None
    reasons = []
    for check in argument:
        try:
            result = judge_check(check, answer, context)
        except ScorerError as error:
            failure = error
            continue
        if result.is_met:
            return Score(1.0, f"{check.label}: {result.score.reason}")
        reasons.append(result.score.reason)
    if failure is not None:
        raise failure
    return Score(0.0, f"no check passed: {'; '.join(reasons)}")
