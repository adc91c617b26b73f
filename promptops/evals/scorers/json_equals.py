"""The answer is JSON and equals the given value.

    - json_equals: {topic: billing, tags: [refund]}

The order of keys does not matter, that of lists does. Types are JSON's: 1 is 1.0, and is neither
"1" nor true. The whole answer must be JSON, without a Markdown fence.
"""

from __future__ import annotations

from typing import Any

from promptops.evals.scorers.scorer import Context, Cost, JudgedAnswer, Score, yes_or_no
from promptops.evals.scorers.values import NotJson, difference, parse

NAME = "json_equals"
COST = Cost.FREE
IS_DETERMINISTIC = True


def score(answer: JudgedAnswer, argument: Any, _context: Context) -> Score:  # noqa: ANN401 - any JSON value
    """Return 1 if the values are equal, else 0."""
    try:
        found = difference(parse(answer.text), argument, subset=False)
    except NotJson as error:
        return yes_or_no(False, str(error))
    return yes_or_no(found is None, found or "it equals what is expected")
