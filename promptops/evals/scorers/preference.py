"""A judge compares the answer with the baseline's: 1 better, 0.5 neither, 0 worse.

    - preference: more helpful to an angry customer
      min: 0.5

The judge is asked twice, with the order of the two answers swapped. A judge that prefers the
first answer both times contradicts itself, which counts as no preference. The judge is not asked
about equal answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptops.evals.scorers.judging import ask
from promptops.evals.scorers.scorer import (
    Context,
    Cost,
    JudgedAnswer,
    Score,
    ScorerError,
    ScorerQuestion,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = "preference"
COST = Cost.JUDGE
IS_DETERMINISTIC = False

_FIRST = "The first answer:\n\n"
_SECOND = "\n\nThe second answer:\n\n"


def score(answer: JudgedAnswer, argument: Any, context: Context) -> Score:  # noqa: ANN401 - as the schema says
    """Ask with both orders; return 1 for better, 0.5 for neither, 0 for worse."""
    if context.baseline is None:
        raise ScorerError(
            "the scorer 'preference' needs a baseline's answer",
            hint="compare with a baseline: --against REF",
        )
    if answer.text == context.baseline:
        return Score(0.5, "both answers are equal")
    by = argument["by"] if isinstance(argument, dict) else argument
    criteria = write_criteria(by)
    outcomes = []
    for first, second in ((answer.text, context.baseline), (context.baseline, answer.text)):
        pair = write_pair(first, second)
        rulings = ask(context, ScorerQuestion(context.task, pair, criteria), NAME)
        outcomes.append((rulings[0].is_met, rulings[1].is_met))
    if any(one == (True, True) for one in outcomes):
        raise ScorerError("the judge says of each answer that it is better than the other")
    ours = (outcomes[0] == (True, False)) + (outcomes[1] == (False, True))
    theirs = (outcomes[0] == (False, True)) + (outcomes[1] == (True, False))
    if ours == 2:
        return Score(1.0, "preferred in both orders")
    if theirs == 2:
        return Score(0.0, "the baseline's answer is preferred in both orders")
    contradicts = ours == theirs == 1
    return Score(0.5, "the judge's choice depends on the order" if contradicts else "no preference")


def write_criteria(by: str) -> tuple[str, str]:
    """Return what a judge is asked about two answers."""
    return (
        f"The first answer is better than the second, by this measure: {by}",
        f"The second answer is better than the first, by this measure: {by}",
    )


def write_pair(first: str, second: str) -> str:
    """Return two answers as the one text that a judge compares."""
    return f"{_FIRST}{first}{_SECOND}{second}"


def swap_pair(text: str, criteria: Sequence[str]) -> str | None:
    """Return the text with its two answers swapped; None if the judge is asked something else."""
    by = str(criteria[0]).rpartition("by this measure: ")[2]
    first, between, second = text.removeprefix(_FIRST).partition(_SECOND)
    is_pair = text.startswith(_FIRST) and between and tuple(criteria) == write_criteria(by)
    return write_pair(second, first) if is_pair else None
