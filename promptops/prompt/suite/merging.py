"""Turn a row into a sample.

A row with `inputs` is a complete sample. Any other row is a mapping of columns: a column with an
input's name is that input's value, `name` and `tags` are the sample's, and `{{ column }}` in the
strings of `expect` and `inputs` is replaced by the value. An unused column is a fault: it would be
an expectation that is never checked.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from promptops.errors import quote
from promptops.prompt.suite.rows import RowFault
from promptops.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_PLACEHOLDER = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")


def is_whole(values: Mapping[str, Any], inputs: Collection[str] | None) -> bool:
    """Return whether a row is a complete sample, instead of columns."""
    return isinstance(values.get("inputs"), dict) and "inputs" not in (inputs or ())


def has_placeholders(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Return whether a row changes `value`, a part of a suite's entry."""
    if isinstance(value, dict):
        return any(map(has_placeholders, value.values()))
    if isinstance(value, list):
        return any(map(has_placeholders, value))
    return isinstance(value, str) and _PLACEHOLDER.search(value) is not None


def merge_row(
    values: Mapping[str, Any],
    written: Mapping[str, Any],
    inputs: Collection[str] | None,
    *,
    is_fixed: bool = False,
) -> dict[str, Any]:
    """Return the sample that a row makes of the suite's entry `written`.

    `inputs` are the names of the prompt's inputs; None if unknown. `is_fixed` says that the entry
    has no placeholders, which saves looking for them in every row. Raises RowFault if the row does
    not fit the entry.
    """
    if is_whole(values, inputs):
        return _merge_sample(values, written)
    columns: Mapping[str, str] = written.get("columns", {})
    used = set(columns.values())
    for column in columns.values():
        _require(column, values)
    expect, filled = written.get("expect", []), written.get("inputs", {})
    if not is_fixed:
        expect, filled = _fill(expect, values, used), _fill(filled, values, used)
    merged = {**written, "expect": expect}
    merged.pop("name", None)
    found = {column: value for column, value in values.items() if column not in used}
    if inputs is None or "name" not in inputs:
        name = found.pop("name", None)
        if name is not None:
            merged["name"] = name
    if inputs is None or "tags" not in inputs:
        merged["tags"] = [*written.get("tags", ()), *_tags(found.pop("tags", []))]
    # A column may be an input and also fill a placeholder.
    found.update({one: values[one] for one in used & set(inputs or ()) if one not in columns})
    if inputs is not None:
        for column in found:
            if column not in inputs:
                _refuse(column, inputs)
    merged["inputs"] = {**filled, **found, **{one: values[at] for one, at in columns.items()}}
    return merged


def _merge_sample(values: Mapping[str, Any], written: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**written, **values}
    if "name" not in values:
        merged.pop("name", None)
    merged["inputs"] = {**written.get("inputs", {}), **values["inputs"]}
    for key in ("tags", "expect"):
        own = values.get(key, [])
        merged[key] = [*written.get(key, ()), *own] if isinstance(own, list) else own
    return merged


def _refuse(column: str, inputs: Collection[str]) -> None:
    near = nearest(column, inputs)
    use = f"use it as {{{{ {column} }}}} under 'expect', or remove it"
    hint = (
        f"did you mean the input '{near}'?" if near else f"it is not an input of the prompt: {use}"
    )
    raise RowFault(f"the column {quote(column)} is not used", 1, hint)


def _require(column: str, values: Mapping[str, Any]) -> None:
    if column not in values:
        near = nearest(column, values)
        hint = f"did you mean '{near}'?" if near else f"columns: {', '.join(values)}"
        raise RowFault(f"there is no column {quote(column)}", 1, hint)


def _tags(value: object) -> list[str]:
    if isinstance(value, list):
        return [str(one) for one in value]
    return [one for one in (piece.strip() for piece in str(value).split(",")) if one]


def _fill(value: Any, row: Mapping[str, Any], used: set[str]) -> Any:  # noqa: ANN401 - any JSON value
    """Replace `{{ column }}` in the strings of `value`. A string that is only a placeholder gets
    the column's type.
    """
    if isinstance(value, dict):
        return {key: _fill(one, row, used) for key, one in value.items()}
    if isinstance(value, list):
        return [_fill(one, row, used) for one in value]
    if not isinstance(value, str):
        return value
    names = _PLACEHOLDER.findall(value)
    for name in names:
        _require(name, row)
    used.update(names)
    whole = _PLACEHOLDER.fullmatch(value)
    if whole is not None:
        return row[whole[1]]
    return _PLACEHOLDER.sub(lambda found: as_text(row[found[1]]), value)


def as_text(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return a string as is, any other value as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
