"""The value at a path of a JSON answer is as expected.

    - json_path: {path: scenarios, length: 3}
    - json_path: {path: "items[*].price", minimum: 0}
    - json_path: {path: "customer['first.name']", equals: Ann}
    - json_path: {path: error, exists: false}

A path has names, `[0]` (`[-1]` is the last), `[*]` and `['a name']`. With `[*]` the expectation
must hold of every value found, and there must be at least one. Expectations: `equals`, `contains`
(a text in a text, an item in a list), `matches` (as `regex`), `length`, `min_length`,
`max_length`, `minimum`, `maximum`, `type` (a type of JSON Schema), `exists`. A path alone means
that it exists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptops.evals.scorers import regex
from promptops.evals.scorers.scorer import Context, Cost, JudgedAnswer, Score, yes_or_no
from promptops.evals.scorers.texts import quoted
from promptops.evals.scorers.values import NotJson, are_equal, find_path, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NAME = "json_path"
COST = Cost.FREE
IS_DETERMINISTIC = True


def score(answer: JudgedAnswer, argument: Mapping[str, Any], context: Context) -> Score:
    """Return 1 if all expectations hold for all values at the path, else 0."""
    path = argument["path"]
    try:
        found = find_path(parse(answer.text), path)
    except NotJson as error:
        return yes_or_no(False, str(error))
    if argument.get("exists") is False:
        return yes_or_no(not found, f"'{path}' {'exists' if found else 'does not exist'}")
    if not found:
        return yes_or_no(False, f"'{path}' does not exist")
    for name, wanted in argument.items():
        if name in {"path", "exists"}:
            continue
        for value in found:
            if not _TESTS[name](value, wanted, context):
                reason = f"'{path}' is {quoted(value)}{_WRONG[name]} {quoted(wanted)}"
                return yes_or_no(False, reason)
    return yes_or_no(True, f"'{path}' is {quoted(found[0])}")


def _contains(value: Any, wanted: Any, _context: Context) -> bool:  # noqa: ANN401 - any JSON values
    if isinstance(value, str):
        return isinstance(wanted, str) and wanted in value
    return isinstance(value, list) and any(are_equal(item, wanted) for item in value)


def _matches(value: Any, wanted: Any, context: Context) -> bool:  # noqa: ANN401 - as above
    return isinstance(value, str) and regex.score(JudgedAnswer(value), wanted, context).value == 1


def _size(value: Any) -> int | None:  # noqa: ANN401 - as above
    return len(value) if isinstance(value, (str, list, dict)) else None


def _number(value: Any) -> float | None:  # noqa: ANN401 - as above
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _is_at_least(value: float | None, limit: float) -> bool:
    return value is not None and value >= limit


def _is_at_most(value: float | None, limit: float) -> bool:
    return value is not None and value <= limit


def _has_type(value: Any, name: str) -> bool:  # noqa: ANN401 - as above
    if name == "null":
        return value is None
    if name == "integer":
        return _number(value) is not None and float(value).is_integer()
    if name == "number":
        return _number(value) is not None
    kinds = {"string": str, "boolean": bool, "array": list, "object": dict}
    return isinstance(value, kinds[name])


_WRONG = {
    "equals": ", not",
    "contains": ", which does not contain",
    "matches": ", which does not match",
    "length": ", whose length is not",
    "min_length": ", which is shorter than",
    "max_length": ", which is longer than",
    "minimum": ", which is not at least",
    "maximum": ", which is not at most",
    "type": ", whose type is not",
}
_TESTS: dict[str, Callable[[Any, Any, Context], bool]] = {
    "equals": lambda value, wanted, _: are_equal(value, wanted),
    "contains": _contains,
    "matches": _matches,
    "length": lambda value, wanted, _: _size(value) == wanted,
    "min_length": lambda value, wanted, _: _is_at_least(_size(value), wanted),
    "max_length": lambda value, wanted, _: _is_at_most(_size(value), wanted),
    "minimum": lambda value, wanted, _: _is_at_least(_number(value), wanted),
    "maximum": lambda value, wanted, _: _is_at_most(_number(value), wanted),
    "type": lambda value, wanted, _: _has_type(value, wanted),
}
