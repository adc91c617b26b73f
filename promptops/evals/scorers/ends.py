"""The answer ends with a text.

    - ends: Jane
    - ends: {text: jane, case: false}

White space counts.
"""

from __future__ import annotations

from typing import Any

from promptops.evals.scorers.scorer import Context, Cost, JudgedAnswer, Score, yes_or_no
from promptops.evals.scorers.texts import as_text, folded, quoted

NAME = "ends"
COST = Cost.FREE
IS_DETERMINISTIC = True


def score(answer: JudgedAnswer, argument: Any, _context: Context) -> Score:  # noqa: ANN401 - as the schema says
    """Return 1 if the answer ends with the text, else 0. White space counts."""
    options = argument if isinstance(argument, dict) else {"text": argument}
    wanted = as_text(options["text"])
    is_met = folded(answer.text, options).endswith(folded(wanted, options))
    if is_met:
        return yes_or_no(True, f"it ends with {quoted(wanted)}")
    return yes_or_no(False, f"it does not end with {quoted(wanted)}")
