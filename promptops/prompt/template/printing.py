"""What may become text while a template runs, and how much of it.

Python prints anything; half of that is an address in memory or a silent mistake. And a template
is bounded by counts, never by a clock, so that it succeeds or fails alike on every machine.
"""

from __future__ import annotations

from types import BuiltinMethodType, FunctionType, GeneratorType, MethodType
from typing import TYPE_CHECKING

from jinja2 import Undefined
from jinja2.runtime import Macro

if TYPE_CHECKING:
    from typing import NoReturn

MAX_CHARACTERS = 10_000_000
"""The longest text a template may build."""

MAX_STEPS = 1_000_000
"""The most rounds of loops in one rendering; a call or an include counts as `CALL_STEPS`."""

CALL_STEPS = 10
"""How many rounds of an empty loop take about as long as a call or an include."""

MAX_WIDTH = 1_000
"""The widest padding, indentation or number format, in characters."""

BUDGET = "step budget"
"""Where a rendering keeps its `Budget`: with a space, no template can spell it."""

MAX_BITS = 100_000
"""The largest integer that multiplication or a power may give."""


class Refused(Exception):  # noqa: N818 (never leaves this package: rendering turns it into ours)
    """A rule of ours says no while a template runs."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Budget:
    """Counts the steps of one rendering, since a clock would make results differ."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_STEPS

    def spend(self, steps: int) -> None:
        """Take steps; the last straw is an error."""
        self.left -= steps
        if self.left < 0:
            message = f"the template takes more than {MAX_STEPS:,} steps"
            raise Refused(message, "shorten the loops, or prepare the text before rendering")


_LIGHT = 64

PER_ITEM = 16
"""How much longer than going through a text it takes to go through its words or letters."""


def weigh(value: object) -> int:
    """Return how many steps it takes to go through a value once, as a filter or a comparison does.

    64 characters of text or bits of a number are one step, and so is each item of a list or object,
    as often as it stands there: lists that hold one another twice, thirty times over, are small in
    memory and endless to whoever prints them.
    """
    kind = type(value)
    if isinstance(value, str):
        return len(value) // _LIGHT
    if isinstance(value, int):
        return value.bit_length() // _LIGHT
    if kind is range:
        return min(len(value), MAX_STEPS + 1)  # type: ignore[arg-type]
    if kind not in _CONTAINERS:
        return 0
    steps = 0
    pending = [value]
    while pending and steps <= MAX_STEPS:
        item = pending.pop()
        kind = type(item)
        if kind in _CONTAINERS:
            steps += 1 + len(item)  # type: ignore[arg-type]
            if kind is dict:
                pending.extend(item.keys())  # type: ignore[attr-defined]
                item = item.values()  # type: ignore[attr-defined]
            pending.extend(item)  # type: ignore[arg-type]
        elif kind is str:
            steps += len(item) // _LIGHT  # type: ignore[arg-type]
    return steps


_CONTAINERS = frozenset({list, tuple, dict})


def describe(value: object) -> str:
    """Return what a value is, in the words of a prompt's author; never its address."""
    if value is None:
        return "none"
    for kinds, words in _WORDS:
        if isinstance(value, kinds):
            return words
    return f"a value of the type {type(value).__name__}"


_WORDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "a boolean"),
    (int, "an integer"),
    (float, "a number"),
    (str, "a string"),
    (list, "a list"),
    (dict, "an object"),
    (tuple, "a tuple"),
    (Macro, "a macro"),
    ((BuiltinMethodType, MethodType, FunctionType, type), "a function or method"),
    (GeneratorType, "a lazy sequence"),
)


def text(value: object) -> object:
    """Return the value when it prints the same everywhere, as `{{ }}` needs it.

    Strings, numbers, booleans, and lists and objects of these (and of none) print. Anything else is
    a silent mistake or prints an address in memory.
    """
    kind = type(value)
    if kind is str or kind in _PRINTABLE:
        return value
    if kind is list or kind is dict:
        _require_plain(value)
        return value
    if isinstance(value, Undefined):
        return str(value)
    return _refuse_to_print(value)


_PRINTABLE = frozenset({int, float, bool})


def _require_plain(value: object) -> None:
    pending = [value]
    while pending:
        item = pending.pop()
        kind = type(item)
        if kind is list:
            pending.extend(item)  # type: ignore[arg-type]  # a list, by its type
        elif kind is dict:
            pending.extend(item.keys())  # type: ignore[attr-defined]  # a dict, by its type
            pending.extend(item.values())  # type: ignore[attr-defined]
        elif kind is not str and item is not None and kind not in _PRINTABLE:
            if isinstance(item, Undefined):
                str(item)
            message = f"a list or object that holds {describe(item)} cannot be printed"
            raise Refused(message, "print its parts one by one")


def _refuse_to_print(value: object) -> NoReturn:
    words = describe(value)
    if value is None:
        hint = 'write what to say instead: `{{ value or "" }}`'
    elif callable(value):
        hint = 'call it with `()`, or write `value["key"]` for a key that has a method\'s name'
    else:
        hint = "turn it into text with `| join(', ')` or `| tojson`"
    message = f"{words} cannot be printed"
    raise Refused(message, hint)


def limit_length(length: int) -> None:
    """Refuse a text of more than `MAX_CHARACTERS`."""
    if length > MAX_CHARACTERS:
        message = f"the template builds a text of more than {MAX_CHARACTERS:,} characters"
        raise Refused(message, "shorten the loops or the inputs")


def limit_width(*values: object) -> None:
    """Refuse any integer above `MAX_WIDTH`."""
    for value in values:
        if isinstance(value, int) and abs(value) > MAX_WIDTH:
            message = f"a width of more than {MAX_WIDTH:,} characters"
            raise Refused(message, "use a smaller width")
