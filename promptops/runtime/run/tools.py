"""Add tool results to a conversation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from promptops.errors import UsageError, quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.runtime.models.model import Answer, ToolCall


def add_results(
    messages: Sequence[Mapping[str, Any]], answer: Answer, results: object
) -> list[dict[str, Any]]:
    """Return the conversation with an answer that calls tools, and the results.

    Args:
        messages: the conversation so far.
        answer: the answer.
        results: a result for each call: by its id, or in the order of the calls. A string is sent
            as is, everything else as JSON.

    Raises:
        UsageError: results are missing, belong to no call, or are not JSON values.
    """
    calls = answer.tool_calls
    asked = {
        "role": "assistant",
        "content": answer.text or None,
        "tool_calls": [
            {
                "id": one.id,
                "type": "function",
                "function": {"name": one.name, "arguments": one.arguments},
            }
            for one in calls
        ],
    }
    given = [
        {"role": "tool", "tool_call_id": call.id, "content": _write(call, result)}
        for call, result in zip(calls, _match(calls, results), strict=True)
    ]
    return [*map(dict, messages), asked, *given]


def _match(calls: Sequence[ToolCall], results: object) -> list[object]:
    """Return the results in the order of the calls."""
    ids = [call.id for call in calls]
    if isinstance(results, Mapping):
        missing = [one for one in ids if one not in results]
        unknown = [str(one) for one in results if one not in ids]
        if missing or unknown:
            what = (
                f"no result for {quote(missing[0])}" if missing else f"no call {quote(unknown[0])}"
            )
            raise UsageError(what, hint=f"the calls are {', '.join(ids) or 'none'}")
        return [results[one] for one in ids]
    if not isinstance(results, list | tuple):
        raise UsageError(
            "results are not a mapping or a list",
            hint="give {call.id: result}, or a list in the order of run.tool_calls",
        )
    if len(results) != len(ids):
        raise UsageError(
            f"{len(results)} results for {len(ids)} calls",
            hint="pass one result for each call; an error is a result too",
        )
    return list(results)


def _write(call: ToolCall, result: object) -> str:
    if isinstance(result, str):
        return result
    try:
        return json.dumps(result, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(
            f"the result of {quote(call.name)} is not a JSON value: {error}",
            hint="pass a text or a JSON value",
        ) from None
