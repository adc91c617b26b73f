"""The answer's length is within limits.

    - length: {max: 280}                       # characters
    - length: {min: 50, max: 120, unit: words}
    - length: {max: 3, unit: sentences}

Units: `characters` (code points), `words` (pieces between white space), `sentences`, `lines` (that
are not blank). A number alone is the maximum number of characters.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from promptops.evals.scorers.scorer import Context, Cost, JudgedAnswer, Score, yes_or_no

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "length"
COST = Cost.FREE
IS_DETERMINISTIC = True

_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s|$)|[。！？]+[」』”]*")  # noqa: RUF001 - the ends of sentences in several scripts


def _count_sentences(text: str) -> int:
    return sum(1 for piece in _SENTENCE_END.split(text) if any(map(str.isalnum, piece)))


_UNITS: dict[str, Callable[[str], int]] = {
    "characters": len,
    "words": lambda text: len(text.split()),
    "sentences": _count_sentences,
    "lines": lambda text: sum(1 for line in text.splitlines() if line.strip()),
}


def score(answer: JudgedAnswer, argument: Any, _context: Context) -> Score:  # noqa: ANN401 - as the schema says
    """Return 1 if the length is within the limits, inclusive, else 0."""
    options = argument if isinstance(argument, dict) else {"max": argument}
    unit = options.get("unit", "characters")
    count = _UNITS[unit](answer.text)
    least, most = options.get("min", 0), options.get("max", count)
    limits = f"{least} to {most}" if "max" in options else f"at least {least}"
    shown = unit if count != 1 else unit.removesuffix("s")
    if least <= count <= most:
        return yes_or_no(True, f"it has {count} {shown}")
    return yes_or_no(False, f"it has {count} {shown}, not {limits}")
