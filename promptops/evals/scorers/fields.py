"""The share of fields of a JSON answer that are right, numbers within a tolerance.

    - fields: {customer.name: Ann, total: {value: 12.5, tolerance: 0.01}}
    - fields: {city: {value: paris, case: false}, date: "2026-01-05"}
      min: 0.5

Each key is a path (as in `json_path`), each value the expected content: a value, or a mapping with
`value` and `tolerance` (absolute), `relative` (a share of the value) or `case: false`. The score is
the share of right fields; by default all must be right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptops.evals.scorers.scorer import Context, Cost, JudgedAnswer, Score, yes_or_no
from promptops.evals.scorers.texts import quoted
from promptops.evals.scorers.values import NotJson, are_equal, find_path, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "fields"
COST = Cost.FREE
IS_DETERMINISTIC = True


def score(answer: JudgedAnswer, argument: Mapping[str, Any], _context: Context) -> Score:
    """Return the share of right fields."""
    try:
        value = parse(answer.text)
    except NotJson as error:
        return yes_or_no(False, str(error))
    wrong = []
    for path, field in argument.items():
        wanted = field if isinstance(field, dict) and "value" in field else {"value": field}
        found = find_path(value, path)
        if len(found) != 1:
            wrong.append(f"'{path}' is missing" if not found else f"'{path}' is several values")
        elif not _fits(found[0], wanted):
            wrong.append(f"'{path}' is {quoted(found[0])}, not {quoted(wanted['value'])}")
    right = len(argument) - len(wrong)
    return Score(right / len(argument), "; ".join(wrong[:5]) or "all fields are right")


def _fits(given: Any, wanted: Mapping[str, Any]) -> bool:  # noqa: ANN401 - any JSON value
    value = wanted["value"]
    if _is_number(given) and _is_number(value):
        allowed = max(wanted.get("tolerance", 0), wanted.get("relative", 0) * abs(value))
        # With a tolerance, since 1.01 - 1 is more than 0.01 in binary.
        margin = 1e-12 * max(1.0, abs(value), abs(given))
        return bool(abs(given - value) <= allowed + margin) if allowed else given == value
    if isinstance(given, str) and isinstance(value, str) and wanted.get("case") is False:
        return given.casefold() == value.casefold()
    return are_equal(given, value)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
