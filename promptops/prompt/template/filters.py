"""Jinja2's filters and operators, made deterministic and bounded."""

from __future__ import annotations

import json
import operator
import re
from functools import wraps
from itertools import islice
from typing import TYPE_CHECKING, Any

from jinja2 import Undefined, pass_context, pass_environment, pass_eval_context
from jinja2.filters import FILTERS

from promptops.prompt.template.messages import insert_history, open_message
from promptops.prompt.template.printing import (
    BUDGET,
    MAX_BITS,
    MAX_STEPS,
    MAX_WIDTH,
    Refused,
    describe,
    limit_length,
    limit_width,
    text,
    weigh,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from jinja2 import Environment
    from jinja2.nodes import EvalContext
    from jinja2.runtime import Context

# Names with a space: no template can spell them, so none can redefine them.
STEPS = "counted steps"
WEIGHED = "weighed value"
CONCAT = "checked concat"
HISTORY = "inserted history"
MESSAGE = "opened message"

# Prompts are plain text, so filters for HTML are removed; `random` and `pprint` are not
# deterministic.
REMOVED_FILTERS = {
    "e": "prompts are plain text: nothing is escaped, leave the filter out",
    "escape": "prompts are plain text: nothing is escaped, leave the filter out",
    "forceescape": "prompts are plain text: nothing is escaped, leave the filter out",
    "safe": "prompts are plain text: nothing is escaped, leave the filter out",
    "urlize": "prompts are plain text: write the link in the text",
    "xmlattr": "prompts are plain text: write the attributes in the text",
    "pprint": "use `| tojson(indent=2)`",
    "random": "rendering is deterministic: pass the choice as an input",
}


def concat(parts: Iterable[str]) -> str:
    """Join the output of a captured block, within the size limit."""
    if not isinstance(parts, list):
        parts = list(parts)
    limit_length(sum(map(len, parts)))
    return "".join(parts)


@pass_context
def checked_concat(context: Context, values: Sequence[object]) -> str:
    """Evaluate `a ~ b`, for printable values only."""
    joined = concat([str(text(value)) for value in values])
    context.parent[BUDGET].spend(weigh(joined))
    return joined


@pass_environment
def join(
    environment: Environment, value: Any, d: str = "", attribute: str | int | None = None
) -> str:
    """Filter `join`, for printable values only; `attribute` may be dotted, as in Jinja."""
    if attribute is not None:
        path = [int(part) if part.isdigit() else part for part in str(attribute).split(".")]
        value = [_attribute_of(environment, item, path) for item in value]
    parts = [str(text(item)) for item in value]
    separator = str(text(d))
    limit_length(sum(map(len, parts)) + len(separator) * len(parts))
    return separator.join(parts)


def _attribute_of(environment: Environment, value: Any, path: Sequence[str | int]) -> Any:
    for part in path:
        value = environment.getitem(value, part)
    return value


def tojson(value: object, indent: int | None = None) -> str:
    """Filter `tojson`: JSON for a model to read: keys in their own order, no escapes for HTML or
    Unicode.
    """
    if isinstance(value, Undefined):
        str(value)
    limit_width(indent)
    try:
        if indent is None:
            return json.dumps(value, ensure_ascii=False, allow_nan=False)
        # Bounded piece by piece: deep nesting makes indentation longer than the data.
        encoder = json.JSONEncoder(ensure_ascii=False, indent=indent, allow_nan=False)
        parts, length = [], 0
        for part in encoder.iterencode(value):
            length += len(part)
            limit_length(length)
            parts.append(part)
        return "".join(parts)
    except (TypeError, ValueError) as error:
        hint = "JSON has strings, numbers, booleans, null, lists and objects"
        message = f"{describe(value)} cannot be written as JSON"
        raise Refused(message, hint) from error


def string(value: object) -> str:
    """Filter `string`, for printable values only."""
    return str(text(value))


_WIDE_PERCENT = re.compile(r"%(?:\([^)]*\))?[-#0 +]*(?:\d*\.)?(?:\*|\d{4,})")


def percent(template: str, arguments: Any) -> str:
    """Evaluate `template % arguments` with bounded widths, for printable values only."""
    if _WIDE_PERCENT.search(template):
        limit_width(MAX_WIDTH + 1)
    if isinstance(arguments, dict):
        values = list(arguments.values())
    else:
        values = list(arguments) if isinstance(arguments, tuple) else [arguments]
    longest = max((len(str(text(value))) for value in values), default=0)
    limit_length(len(template) + template.count("%") * max(longest, MAX_WIDTH))
    formatted: str = template % arguments
    return formatted


def format_filter(value: object, *arguments: object, **named: object) -> str:
    """Filter `format`: printf-style formatting."""
    if arguments and named:
        message = "`| format` takes positional or named values, not both"
        raise Refused(message, "use one of the two")
    return percent(str(text(value)), named or arguments)


def replace(value: object, old: object, new: object, count: int | None = None) -> str:
    """Filter `replace`, within the size limit."""
    whole, old, new = str(text(value)), str(text(old)), str(text(new))
    _check_replace(whole, old, new)
    return whole.replace(old, new, -1 if count is None else count)


def _check_replace(whole: str, old: str, new: str, *_: object) -> None:
    if len(new) > len(old):
        limit_length(len(whole) + whole.count(old) * len(new))


def same_as(value: object, other: object) -> bool:
    """Test `sameas`: same type and equal. Object identity would depend on the interpreter."""
    return type(value) is type(other) and value == other


@pass_context
def count_steps(context: Context, iterable: Any, steps: int) -> Any:
    """Charge a loop for its iterations before it begins; an iterable without length becomes a list.

    Args:
        context: the rendering.
        iterable: the value that the loop iterates over.
        steps: how many steps each iteration takes.
    """
    if type(iterable) not in _SIZED:
        iterable = list(islice(iterable, MAX_STEPS + 1))
    context.parent[BUDGET].spend(len(iterable) * steps)
    return iterable


@pass_context
def weigh_value(context: Context, value: Any, times: int) -> Any:
    """Charge the reading of a value for the value's size; for a text, `times` its size."""
    steps = weigh(value)
    if steps:
        context.parent[BUDGET].spend(steps * times if type(value) is str else steps)
    return value


_SIZED = frozenset({list, dict, str, tuple, range})


def limit_method(
    name: str, whole: str, arguments: tuple[Any, ...], named: Mapping[str, Any]
) -> None:
    """Check the bounds of a string method that can multiply text, before the call."""
    if name in {"center", "ljust", "rjust", "zfill", "expandtabs"}:
        limit_width(*arguments, *named.values())
        limit_length(len(whole) + whole.count("\t") * MAX_WIDTH)
    elif name == "replace" and len(arguments) > 1:
        _check_replace(whole, *map(str, arguments))
    elif name == "join" and arguments:
        items = arguments[0]
        if isinstance(items, (list, tuple, dict, str)):
            limit_length(len(whole) * len(items) + sum(len(str(item)) for item in items))
    elif name == "translate":
        message = "`translate` is not available"
        raise Refused(message, "use `| replace`")


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, (str, list, tuple)) and isinstance(right, (str, list, tuple)):
        limit_length(len(left) + len(right))
    return left + right


def _multiply(left: Any, right: Any) -> Any:
    for whole, times in ((left, right), (right, left)):
        if isinstance(whole, (str, bytes)) and isinstance(times, int):
            limit_length(len(whole) * times)
        elif isinstance(whole, (list, tuple)) and isinstance(times, int):
            limit_length(weigh(whole) * times)
    if isinstance(left, int) and isinstance(right, int):
        _within_bits(left.bit_length() + right.bit_length())
    return left * right


def _power(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int) and right > 0:
        _within_bits(left.bit_length() * right if abs(left) > 1 else 1)
    return left**right


def _within_bits(bits: int) -> None:
    if bits > MAX_BITS:
        message = f"an integer of more than {MAX_BITS:,} bits"
        raise Refused(message, "use smaller numbers")


def _modulo(left: Any, right: Any) -> Any:
    return percent(left, right) if isinstance(left, str) else operator.mod(left, right)


def _subtract(left: Any, right: Any) -> Any:
    if not isinstance(left, (int, float)) or not isinstance(right, (int, float)):
        # On keys of two objects the operator would return a set, whose order differs between runs.
        message = f"{describe(right)} cannot be subtracted from {describe(left)}"
        raise Refused(message, "use `| reject('in', ...)` to leave items out")
    return left - right


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": _add,
    "*": _multiply,
    "**": _power,
    "%": _modulo,
    "-": _subtract,
    "/": operator.truediv,
    "//": operator.floordiv,
}


def _eager(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a lazy filter return a list: a generator has no length, prints an address and can be
    used once.
    """

    @wraps(function)
    def listed(*arguments: Any, **named: Any) -> Any:
        result = function(*arguments, **named)
        return result if isinstance(result, str) else list(islice(result, MAX_STEPS))

    return listed


def _on_text(function: Callable[..., Any], *, widths: bool = False) -> Callable[..., Any]:
    """Wrap a text filter: printable values only, and bounded widths."""
    # Jinja passes its environment or context to some filters before the value.
    index = 1 if hasattr(function, "jinja_pass_arg") else 0

    @wraps(function)
    def checked(*arguments: Any, **named: Any) -> Any:
        if widths:
            limit_width(*arguments[index + 1 :], *named.values())
        head, value, rest = arguments[:index], arguments[index], arguments[index + 1 :]
        return function(*head, text(value), *rest, **named)

    return checked


def _indent(value: str, width: int | str = 4, first: bool = False, blank: bool = False) -> str:  # noqa: FBT001, FBT002 (Jinja's own signature)
    longest = len(width) if isinstance(width, str) else width
    limit_length(len(value) + (value.count("\n") + 1) * longest)
    result: str = FILTERS["indent"](value, width, first, blank)
    return result


def _batch(value: Any, linecount: int, fill_with: Any = None) -> Any:
    limit_width(linecount)
    return FILTERS["batch"](value, linecount, fill_with)


@pass_eval_context
def _slice(context: EvalContext, value: Any, slices: int, fill_with: Any = None) -> Any:
    limit_width(slices)
    return FILTERS["slice"](context, value, slices, fill_with)


@pass_environment
def _wordwrap(  # noqa: PLR0917 (Jinja's own signature)
    environment: Environment,
    value: str,
    width: int = 79,
    break_long_words: bool = True,  # noqa: FBT001, FBT002 (Jinja's own signature)
    wrapstring: str | None = None,
    break_on_hyphens: bool = True,  # noqa: FBT001, FBT002 (Jinja's own signature)
) -> str:
    if wrapstring is not None:
        limit_length(len(value) * (1 + len(wrapstring) // max(1, width)))
    wrapped: str = FILTERS["wordwrap"](
        environment, value, width, break_long_words, wrapstring, break_on_hyphens
    )
    return wrapped


@pass_environment
def _sum(
    environment: Environment, iterable: Any, attribute: str | int | None = None, start: Any = 0
) -> Any:
    if not isinstance(start, (list, tuple)):
        return FILTERS["sum"](environment, iterable, attribute, start)
    items = FILTERS["map"](environment, iterable, attribute=attribute) if attribute else iterable
    parts = [start, *items]
    limit_length(sum(map(len, parts)))
    return type(start)(item for part in parts for item in part)


@pass_context
def _map(context: Context, value: Any, *arguments: Any, **named: Any) -> list[Any]:
    """Filter `map`, charged for the size of each result: the mapped filter may make a long one."""
    budget = context.parent[BUDGET]
    mapped = []
    for item in FILTERS["map"](context, value, *arguments, **named):
        budget.spend(1 + weigh(item))
        mapped.append(item)
    return mapped


def build_filters() -> dict[str, Callable[..., Any]]:
    """Return every supported filter, by name."""
    filters = {name: filter_ for name, filter_ in FILTERS.items() if name not in REMOVED_FILTERS}
    for name in ("select", "reject", "selectattr", "rejectattr", "unique", "items"):
        filters[name] = _eager(filters[name])
    filters["reverse"] = _eager(filters["reverse"])
    filters["batch"] = _eager(_batch)
    filters["slice"] = _eager(_slice)
    filters["map"] = _map
    filters["sum"] = _sum
    filters["wordwrap"] = _wordwrap
    for name in (
        "capitalize",
        "lower",
        "striptags",
        "title",
        "trim",
        "upper",
        "urlencode",
        "wordcount",
    ):
        filters[name] = _on_text(filters[name])
    for name in ("center", "truncate", "wordwrap"):
        # Only padding multiplies text: `truncate` and `wordwrap` with a large width return the
        # input.
        filters[name] = _on_text(filters[name], widths=name == "center")
    filters["indent"] = _on_text(_indent, widths=True)
    filters |= {
        "format": format_filter,
        "join": join,
        "replace": replace,
        "string": string,
        "tojson": tojson,
        STEPS: count_steps,
        WEIGHED: weigh_value,
        CONCAT: checked_concat,
        HISTORY: insert_history,
        MESSAGE: open_message,
    }
    return filters
