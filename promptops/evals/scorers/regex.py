r"""A regular expression matches somewhere in the answer.

    - regex: 'order \d{6}'
    - regex: '(?i)^dear '

The engine is Rust's `regex`, which comes with the JSON Schema engine. It takes time linear in the
text, so no pattern can hang an eval. It has no look-around and no back-references; `validate`
reports such a pattern. `\w` and `\d` mean ASCII, `\s` and `\b` Unicode. `.` is never a newline
(write `[\s\S]`), `$` is the end of the text, and `(?m)` and `(?i)` at the beginning work as usual.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from promptops.evals.scorers.scorer import (
    Context,
    Cost,
    JudgedAnswer,
    Score,
    ScorerError,
    yes_or_no,
)
from promptops.evals.scorers.texts import quoted

if TYPE_CHECKING:
    import jsonschema_rs

NAME = "regex"
COST = Cost.FREE
IS_DETERMINISTIC = True


def score(answer: JudgedAnswer, argument: str, _context: Context) -> Score:
    """Return 1 if the pattern matches, else 0."""
    is_met = _compile(argument).is_valid(answer.text)
    return yes_or_no(is_met, f"{quoted(argument)} {'matches' if is_met else 'matches nowhere'}")


@lru_cache(maxsize=512)
def _compile(pattern: str) -> jsonschema_rs.Draft202012Validator:
    import jsonschema_rs

    try:
        return jsonschema_rs.Draft202012Validator(
            {"type": "string", "pattern": pattern}, pattern_options=jsonschema_rs.RegexOptions()
        )
    except (jsonschema_rs.ValidationError, ValueError) as error:
        raise ScorerError(
            f"the pattern {quoted(pattern)} is not supported: {error}".split("\n", 1)[0],
            hint="remove look-around and back-references",
        ) from None
