"""The answer is near a text: the number of changed characters (Levenshtein).

    - edit_distance: {to: Paris, max: 2}       # yes or no
    - edit_distance: Paris                     # a score: 1 - distance / length of the longer
      min: 0.8

Counts code points. Two empty texts are equal. Needs the extra `evals`.
"""

from __future__ import annotations

from typing import Any

from promptops.evals.scorers.libraries import load
from promptops.evals.scorers.scorer import Context, Cost, JudgedAnswer, Score, yes_or_no

NAME = "edit_distance"
COST = Cost.LIBRARY
IS_DETERMINISTIC = True


def require(_argument: object, _context: Context) -> None:
    """Load the library."""
    load("rapidfuzz.distance.Levenshtein", NAME)


def score(answer: JudgedAnswer, argument: Any, _context: Context) -> Score:  # noqa: ANN401 - as the schema says
    """Return the similarity, or whether the distance is within `max`."""
    levenshtein = load("rapidfuzz.distance.Levenshtein", NAME)
    options = argument if isinstance(argument, dict) else {"to": argument}
    wanted = options["to"]
    distance = int(levenshtein.distance(answer.text, wanted))
    if "max" in options:
        return yes_or_no(distance <= options["max"], f"{distance} edits away")
    longer = max(len(answer.text), len(wanted))
    return Score(1 - distance / longer if longer else 1.0, f"{distance} edits away")
