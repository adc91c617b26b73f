"""A judge says whether the answer agrees with a reference.

    - factual: Orders can be returned within 30 days, unopened.
    - factual: {reference: ..., complete: true}

The score is the share of two criteria that are met: nothing in the answer contradicts the
reference, and no fact is claimed that it does not support. With `complete`, a third one: all facts
of the reference are in the answer. By default all must be met.
"""

from __future__ import annotations

from typing import Any

from promptops.evals.scorers import rubric
from promptops.evals.scorers.scorer import Context, Cost, JudgedAnswer, Score

NAME = "factual"
COST = Cost.JUDGE
IS_DETERMINISTIC = False

_CRITERIA = (
    "Nothing in the answer contradicts the answer known to be good.",
    "Every fact that the answer states is supported by the answer known to be good or by the task.",
)
_COMPLETE = "Every fact of the answer known to be good is in the answer too."


def score(answer: JudgedAnswer, argument: Any, context: Context) -> Score:  # noqa: ANN401 - as the schema says
    """Return the share of the criteria that the judge says are met."""
    options = argument if isinstance(argument, dict) else {"reference": argument}
    criteria = [*_CRITERIA, _COMPLETE] if options.get("complete") else list(_CRITERIA)
    asked = {"criteria": criteria, "reference": options["reference"]}
    return rubric.score(answer, asked, context)
