"""The answer contains a text, all of several, or any of them.

    - contains: refund
    - contains: {text: Refund, case: false}
    - contains: {any: [refund, money back]}
    - contains: {all: [name, date], case: false}

A composed character does not match a decomposed one.
"""

from __future__ import annotations

from typing import Any

from promptops.evals.scorers.scorer import Context, Cost, JudgedAnswer, Score, yes_or_no
from promptops.evals.scorers.texts import as_text, folded, quoted

NAME = "contains"
COST = Cost.FREE
IS_DETERMINISTIC = True


def score(answer: JudgedAnswer, argument: Any, _context: Context) -> Score:  # noqa: ANN401 - as the schema says
    """Return 1 if the texts occur, else 0."""
    options = argument if isinstance(argument, dict) else {"text": argument}
    wanted = options.get("any") or options.get("all") or [options["text"]]
    text = folded(answer.text, options)
    found = [one for one in wanted if folded(as_text(one), options) in text]
    if "any" in options:
        if found:
            return yes_or_no(True, f"it contains {quoted(found[0])}")
        return yes_or_no(False, f"it contains none of {quoted(wanted)}")
    missing = [one for one in wanted if one not in found]
    if missing:
        return yes_or_no(False, f"it does not contain {', '.join(map(quoted, missing[:3]))}")
    return yes_or_no(True, f"it contains {', '.join(map(quoted, wanted[:3]))}")
