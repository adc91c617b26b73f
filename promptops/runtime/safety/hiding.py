"""Replace private input values by stand-ins in requests, and restore them in answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from promptops.runtime.redaction import change_values, hide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.runtime.models.model import Answer

# A shorter text would match everywhere.
_MIN_LENGTH = 2


def find_stand_ins(inputs: Mapping[str, object], names: Sequence[str]) -> dict[str, str]:
    """Return the values of these inputs, each with its stand-in: `[NAME]`, `[NAME-2]`."""
    found: dict[str, str] = {}
    for name in names:
        number = 0
        pending: list[Any] = [inputs.get(name)]
        while pending:
            value = pending.pop(0)
            if isinstance(value, Mapping):
                pending += value.values()
            elif isinstance(value, list | tuple):
                pending += value
            elif isinstance(value, str | int | float) and not isinstance(value, bool):
                text = str(value).strip()
                if len(text) >= _MIN_LENGTH and text not in found:
                    number += 1
                    found[text] = f"[{name}]" if number == 1 else f"[{name}-{number}]"
    return found


def hide_inputs(
    inputs: Mapping[str, object], names: Sequence[str], stand_ins: Mapping[str, str]
) -> dict[str, object]:
    """Return inputs with stand-ins wherever a value occurs, other inputs included.

    Numbers are replaced only in the hidden inputs themselves.
    """
    shown = {name: hide(value, stand_ins) for name, value in inputs.items()}
    return shown | {name: _hide_numbers(shown[name], stand_ins) for name in names if name in shown}


def put_back(answer: Answer, stand_ins: Mapping[str, str], *, is_json: bool) -> Answer:
    """Return an answer with stand-ins replaced by their values; `is_json`: escaped for JSON."""
    plain = {one: value for value, one in stand_ins.items()}
    written = {one: json.dumps(value)[1:-1] for one, value in plain.items()}
    return replace(
        answer,
        text=hide(answer.text, written if is_json else plain),
        tool_calls=tuple(
            replace(call, arguments=hide(call.arguments, written)) for call in answer.tool_calls
        ),
    )


def _hide_numbers(value: Any, stand_ins: Mapping[str, str]) -> Any:  # noqa: ANN401 - plain data
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return stand_ins.get(str(value), value)
    return change_values(value, lambda one: _hide_numbers(one, stand_ins))
