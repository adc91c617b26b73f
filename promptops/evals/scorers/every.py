"""All of several checks hold. Useful inside `any` and `not`.

    - any:
        - equals: none
        - all: [{starts: "Dear"}, {length: {max: 500}}]

If one cannot be judged, the result is an error, unless another one fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.evals.scorers.scorer import Context, Cost, JudgedAnswer, Score, ScorerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.prompt.suite import Check

NAME = "all"
COST = Cost.FREE
IS_DETERMINISTIC = True


def score(answer: JudgedAnswer, argument: Sequence[Check], context: Context) -> Score:
    """Return 1 if all checks pass, else 0."""
    from promptops.evals.scorers.registry import judge_check

    failure: ScorerError | None = None
    for check in argument:
        try:
            result = judge_check(check, answer, context)
        except ScorerError as error:
            failure = error
            continue
        if not result.is_met:
            return Score(0.0, f"{check.label}: {result.score.reason}")
    if failure is not None:
        raise failure
    return Score(1.0, "all hold")
