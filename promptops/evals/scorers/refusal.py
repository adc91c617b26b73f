"""The model refuses: it says that it cannot or will not do what was asked.

    - refusal: true
    - not_refusal: true

An answer is a refusal if the provider says so (`finish` is `refusal` or `content_filter`), or if
one of its first sentences has a phrase of refusal, in English, German, French, Spanish, Italian,
Portuguese, Dutch, Chinese or Japanese. An apology alone or an empty answer is not a refusal.
Unusual wordings and other languages are not detected; use `rubric` for them.
"""

from __future__ import annotations

from promptops.evals.scorers.scorer import Context, Cost, JudgedAnswer, Score, yes_or_no
from promptops.evals.scorers.texts import quoted
from promptops.runtime.refusals import find_refusal

NAME = "refusal"
COST = Cost.FREE
IS_DETERMINISTIC = True

_FINISHES = frozenset({"refusal", "content_filter"})


def score(answer: JudgedAnswer, _argument: bool, _context: Context) -> Score:  # noqa: FBT001 - as the schema says
    """Return 1 if the answer is a refusal, else 0."""
    if answer.finish in _FINISHES:
        return yes_or_no(True, f"the provider ended it with '{answer.finish}'")
    found = find_refusal(answer.text)
    if found is not None:
        return yes_or_no(True, f"it says {quoted(found)}")
    return yes_or_no(False, "it contains no refusal" if answer.text else "it is empty")
