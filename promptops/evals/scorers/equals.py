"""The whole answer is exactly a text.

    - equals: Paris
    - equals: {text: paris, case: false, trim: true}

Nothing is trimmed by default: `Paris` and `Paris` with a newline differ. A number or a boolean is
compared as text, so 42 equals `42` and not `42.0`. `json_equals` compares values.
"""

from __future__ import annotations

from typing import Any

from promptops.evals.scorers.scorer import Context, Cost, JudgedAnswer, Score, yes_or_no
from promptops.evals.scorers.texts import as_text, folded, quoted

NAME = "equals"
COST = Cost.FREE
IS_DETERMINISTIC = True


def score(answer: JudgedAnswer, argument: Any, _context: Context) -> Score:  # noqa: ANN401 - as the schema says
    """Return 1 if the answer is the text, else 0."""
    options = argument if isinstance(argument, dict) else {"text": argument}
    wanted, given = folded(as_text(options["text"]), options), folded(answer.text, options)
    if options.get("trim"):
        wanted, given = wanted.strip(), given.strip()
    if wanted == given:
        return yes_or_no(True, f"it is {quoted(options['text'])}")
    near = "; only the space around it differs" if wanted.strip() == given.strip() else ""
    return yes_or_no(False, f"it is {quoted(answer.text)}, not {quoted(options['text'])}{near}")
