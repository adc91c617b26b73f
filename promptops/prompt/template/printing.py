"""Decide which values a template may print, and bound its work.

Python prints any object, often as a memory address, which can hide a mistake. Work is bounded by
counts and not by time, so that a template succeeds or fails alike on every machine.
"""

from __future__ import annotations

from types import BuiltinMethodType, FunctionType, GeneratorType, MethodType
from typing import TYPE_CHECKING

from jinja2 import Undefined
from jinja2.runtime import Macro

if TYPE_CHECKING:
    from typing import NoReturn

MAX_CHARACTERS = 10_000_000
"""The maximum length of a text that a template builds, in characters."""

MAX_STEPS = 1_000_000
"""The maximum number of loop iterations in one rendering; a call or an include counts as
`CALL_STEPS`.
"""

CALL_STEPS = 10
"""How many iterations of an empty loop take about as long as a call or an include."""

MAX_WIDTH = 1_000
"""The maximum width of padding, indentation and number formats, in characters."""

BUDGET = "step budget"
"""The name under which a rendering keeps its `Budget`. It has a space, so no template can spell
it.
"""

MAX_BITS = 100_000
"""The maximum size of an integer that a multiplication or power returns, in bits."""


class Refused(Exception):  # noqa: N818 (never leaves this package: rendering turns it into ours)
    """A running template broke a rule of this package."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Budget:
    """Counts the steps of one rendering. A time limit would make results differ between
    machines.
    """

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_STEPS

    def spend(self, steps: int) -> None:
        """Spend steps; raise an error over the limit."""
        self.left -= steps
        if self.left < 0:
            message = f"the template takes more than {MAX_STEPS:,} steps"
            raise Refused(message, "shorten the loops, or prepare the text before rendering")


_LIGHT = 64

PER_ITEM = 16
"""How many times longer it takes to process a text word by word or letter by letter than as a
whole.
"""


def weigh(value: object) -> int:
    """Return the steps it takes to read a value once, as a filter or a comparison does.

    A step is 64 characters of a string, 64 bits of a number, or an item of a list or object. Shared
    items count each time: thirty lists that each hold the next one twice are small in memory and
    have a billion items when printed.
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
    """Describe a value's type in a prompt author's words."""
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
    """Return the value for `{{ }}` if it prints the same on every machine, else raise.

    Strings, numbers, booleans, and lists and objects of these and of None print. Other values
    would print a memory address or hide a mistake.
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
