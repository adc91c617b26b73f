"""The model called the expected tools.

    - tool_calls: [lookup_order]                             # these, in this order, and no others
    - tool_calls: [{name: lookup_order, arguments: {id: 17}}]
    - tool_calls: {calls: [a, b], order: any, others: true}
    - tool_calls: []                                         # none at all

Arguments are a subset match, as in `json`. `order: any` ignores the order; `others: true` allows
further calls. Arguments that are not JSON match nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptops.evals.scorers.scorer import Context, Cost, JudgedAnswer, Score, yes_or_no
from promptops.evals.scorers.values import NotJson, difference, parse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptops.runtime.models.model import ToolCall

NAME = "tool_calls"
COST = Cost.FREE
IS_DETERMINISTIC = True


def score(answer: JudgedAnswer, argument: Any, _context: Context) -> Score:  # noqa: ANN401 - as the schema says
    """Return 1 if the calls are as expected, else 0."""
    options: Mapping[str, Any] = argument if isinstance(argument, dict) else {"calls": argument}
    wanted = [{"name": one} if isinstance(one, str) else one for one in options["calls"]]
    made = ", ".join(call.name for call in answer.tool_calls) or "nothing"
    if len(answer.tool_calls) > len(wanted) and not options.get("others"):
        return yes_or_no(False, f"it called {made}, more than expected")
    if options.get("order") == "any":
        missing = _match_any_order(answer.tool_calls, wanted)
    else:
        missing = _match_in_order(answer.tool_calls, wanted)
    if missing is None:
        return yes_or_no(True, f"it called {made}")
    return yes_or_no(False, f"it called {made}: {missing}")


def _match_in_order(calls: Sequence[ToolCall], wanted: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the expectations without a call; matching each as early as possible is optimal."""
    index = 0
    for expected in wanted:
        reason = f"no call of '{expected['name']}' there"
        while index < len(calls):
            fault = _misfit(calls[index], expected)
            index += 1
            if fault is None:
                break
            reason = fault
        else:
            return reason
    return None


def _match_any_order(calls: Sequence[ToolCall], wanted: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the expectations without a call in a maximum matching (augmenting paths)."""
    fits = [
        [index for index, call in enumerate(calls) if _misfit(call, expected) is None]
        for expected in wanted
    ]
    taken: dict[int, int] = {}

    def place(one: int, seen: set[int]) -> bool:
        for index in fits[one]:
            if index not in seen:
                seen.add(index)
                if index not in taken or place(taken[index], seen):
                    taken[index] = one
                    return True
        return False

    for number, expected in enumerate(wanted):
        if not place(number, set()):
            return f"no call of '{expected['name']}' as expected"
    return None


def _misfit(call: ToolCall, expected: Mapping[str, Any]) -> str | None:
    if call.name != expected["name"]:
        return f"'{call.name}' instead of '{expected['name']}'"
    if "arguments" not in expected:
        return None
    try:
        found = difference(parse(call.arguments or "{}"), expected["arguments"], subset=True)
    except NotJson:
        return f"the arguments of '{call.name}' are not JSON"
    return None if found is None else f"the arguments of '{call.name}': {found}"
