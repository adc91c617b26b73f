"""Shared helpers of JSON scorers: strict parsing, equality, subsets and paths."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NoReturn

from promptops.errors import count_of
from promptops.evals.scorers.scorer import ScorerError
from promptops.evals.scorers.texts import quoted
from promptops.prompt.exact_json import unique_members

if TYPE_CHECKING:
    from collections.abc import Mapping

_STEP = re.compile(
    r"\.?(?P<name>[^.\[\]'\"\s*$][^.\[\]]*)|\[(?P<index>-?[0-9]+)\]|(?P<all>\[\*\]|\.\*)"
    r"|\[(?P<quoted>'[^']*'|\"[^\"]*\")\]"
)


class NotJson(ValueError):  # noqa: N818 - it becomes a score of 0
    """The answer is not JSON. The message says why."""


def parse(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """Parse an answer that is JSON as a whole. Raises NotJson for any other.

    Refused: a Markdown fence, NaN, infinities, and duplicate keys.
    """
    try:
        return json.loads(text, parse_constant=_refuse, object_pairs_hook=unique_members)
    except (ValueError, RecursionError) as error:
        fenced = text.lstrip().startswith("```")
        why = "it is fenced as Markdown" if fenced else str(error) or "it is nested too deep"
        raise NotJson(f"the answer is not JSON: {why}") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON number")


def are_equal(one: Any, other: Any) -> bool:  # noqa: ANN401 - any JSON values
    """Return whether two JSON values are equal. 1 is 1.0, but neither true nor "1"."""
    return difference(one, other, subset=False) is None


def difference(given: Any, wanted: Any, *, subset: bool, where: str = "") -> str | None:  # noqa: ANN401 - any JSON values
    """Describe the first difference between `given` and `wanted`; None if there is none.

    With `subset`, mappings may have further keys. Lists always must have the same length and order.
    """
    at = f" at '{where}'" if where else ""
    if isinstance(wanted, dict):
        return _mapping_difference(given, wanted, subset=subset, where=where)
    if isinstance(wanted, list):
        if not isinstance(given, list):
            return f"{quoted(given)}{at} is not a list"
        if len(given) != len(wanted):
            return f"the list{at} has {count_of(len(given), 'item')}, not {len(wanted)}"
        for index, (one, other) in enumerate(zip(given, wanted, strict=True)):
            found = difference(one, other, subset=subset, where=f"{where}[{index}]")
            if found is not None:
                return found
        return None
    is_boolean = isinstance(given, bool), isinstance(wanted, bool)
    if given == wanted and is_boolean[0] == is_boolean[1]:
        return None
    return f"{quoted(given)}{at} is not {quoted(wanted)}"


def _mapping_difference(
    given: Any,  # noqa: ANN401 - any JSON value
    wanted: Mapping[str, Any],
    *,
    subset: bool,
    where: str,
) -> str | None:
    at = f" at '{where}'" if where else ""
    if not isinstance(given, dict):
        return f"{quoted(given)}{at} is not a mapping"
    for key, value in wanted.items():
        place = f"{where}.{key}" if where else key
        if key not in given:
            return f"'{place}' is missing"
        found = difference(given[key], value, subset=subset, where=place)
        if found is not None:
            return found
    further = [key for key in given if key not in wanted]
    if further and not subset:
        return f"there is an unexpected key{at}: {quoted(further[0])}"
    return None


def find_path(value: Any, path: str) -> list[Any]:  # noqa: ANN401 - any JSON value
    """Return the values at a path such as `items[0].name`, `$.items[*].name` or `['a.b']`.

    Several values only if the path has `[*]`. Raises ScorerError for a malformed path.
    """
    found = [value]
    index = 1 if path.startswith("$") else 0
    while index < len(path):
        step = _STEP.match(path, index)
        if step is None:
            raise ScorerError(
                f"{quoted(path)} is not a path",
                hint="write a path such as items[0].name or items[*]",
            )
        found = [one for parent in found for one in _step(parent, step)]
        index = step.end()
    return found


def _step(parent: Any, step: re.Match[str]) -> list[Any]:  # noqa: ANN401 - any JSON value
    if step["all"] is not None:
        if isinstance(parent, dict):
            return list(parent.values())
        return list(parent) if isinstance(parent, list) else []
    if step["index"] is not None:
        index = int(step["index"])
        inside = isinstance(parent, list) and -len(parent) <= index < len(parent)
        return [parent[index]] if inside else []
    name = step["name"] if step["name"] is not None else step["quoted"][1:-1]
    return [parent[name]] if isinstance(parent, dict) and name in parent else []
