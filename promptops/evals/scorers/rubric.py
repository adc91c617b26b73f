"""A judge says whether the answer meets criteria.

    - rubric: The summary mentions that money was taken twice.
    - rubric: [It apologises once., It promises no date.]
    - rubric: {criteria: [It is polite.], reference: An answer known to be good.}

The score is the share of criteria that are met; by default all must be met. The judge is a prompt
of the repository. It is asked last, and only about answers that passed the other checks. Measure it
with `promptops eval calibrate` before it decides anything.
"""

from __future__ import annotations

from typing import Any

from promptops.evals.scorers.judging import ask
from promptops.evals.scorers.scorer import Context, Cost, JudgedAnswer, Score, ScorerQuestion

NAME = "rubric"
COST = Cost.JUDGE
IS_DETERMINISTIC = False


def score(answer: JudgedAnswer, argument: Any, context: Context) -> Score:  # noqa: ANN401 - as the schema says
    """Return the share of criteria that the judge says are met."""
    options = argument if isinstance(argument, dict) else {"criteria": argument}
    criteria = options["criteria"]
    criteria = (criteria,) if isinstance(criteria, str) else tuple(criteria)
    question = ScorerQuestion(context.task, answer.text, criteria, options.get("reference", ""))
    rulings = ask(context, question, NAME)
    missed = [
        f"{criterion} ({ruling.reason})" if ruling.reason else criterion
        for criterion, ruling in zip(criteria, rulings, strict=True)
        if not ruling.is_met
    ]
    reason = f"not met: {'; '.join(missed)}" if missed else "all criteria are met"
    return Score(1 - len(missed) / len(criteria), reason)
