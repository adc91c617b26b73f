"""The answer is JSON that contains at least the given values.

    - json: {topic: billing, urgency: high}
    - json: {criteria: [{met: true}, {met: false}]}

A subset match: mappings may have further keys. Lists match item by item, in order and in length.
Types are JSON's: 1 is 1.0, and is neither "1" nor true. The whole answer must be JSON, without a
Markdown fence.
"""

from __future__ import annotations

from typing import Any

from promptops.evals.scorers.scorer import Context, Cost, JudgedAnswer, Score, yes_or_no
from promptops.evals.scorers.values import NotJson, difference, parse

NAME = "json"
COST = Cost.FREE
IS_DETERMINISTIC = True


def score(answer: JudgedAnswer, argument: Any, _context: Context) -> Score:  # noqa: ANN401 - any JSON value
    """Return 1 if all wanted values are present and equal, else 0."""
    try:
        found = difference(parse(answer.text), argument, subset=True)
    except NotJson as error:
        return yes_or_no(False, str(error))
    return yes_or_no(found is None, found or "it contains what is expected")
