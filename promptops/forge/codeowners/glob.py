"""Match glob patterns against sequences without backtracking.

A file name is a sequence of characters, a path a sequence of names; `*` in a name and `**` in a
path both match anything of any length. So one matcher serves both. It splits a pattern at its stars
into runs. The first run must match at the beginning, the last at the end, and every other run at
its leftmost match after the previous one: a later match never helps. Finding a run reads each item
once (Shift-And: Baeza-Yates and Gonnet, 1992).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeGuard, cast

Test: TypeAlias = Callable[[str], bool]


def anything(item: str) -> bool:  # noqa: ARG001 - a test's signature
    """Match any item."""
    return True


# One item of a run: a literal, or a test.
Element: TypeAlias = str | Test


@dataclass(frozen=True, slots=True)
class CharacterClass:
    """A character class such as `[a-z]` or `[!0-9_]`; tests one character.

    Attributes:
        members: single characters.
        ranges: first and last character of each range.
        is_negated: whether it matches the characters that are not listed.
    """

    members: frozenset[str]
    ranges: tuple[tuple[str, str], ...]
    is_negated: bool

    def __call__(self, character: str) -> bool:
        """Return whether the character is in the set."""
        is_listed = character in self.members or any(
            first <= character <= last for first, last in self.ranges
        )
        return is_listed is not self.is_negated


class GlobRun(Protocol):
    """A part of a pattern with a fixed length, its `size`."""

    size: int

    def fits(self, items: Sequence[str], at: int) -> bool:
        """Return whether the items from `at` on match. The caller makes sure that there are
        enough.
        """

    def find(self, items: Sequence[str], start: int, stop: int) -> int:
        """Return the end of the leftmost match between `start` and `stop`; -1 if there is none."""


class Glob:
    """A pattern: runs with anything between them."""

    __slots__ = ("_first", "_last", "_least", "_middle")

    def __init__(self, runs: Sequence[GlobRun]) -> None:
        """Store the runs, at least one; between two runs there is a star."""
        self._first = runs[0]
        self._last = runs[-1] if len(runs) > 1 else None
        self._middle = tuple(runs[1:-1])
        self._least = sum(run.size for run in runs)

    def matches(self, items: Sequence[str]) -> bool:
        """Return whether the whole sequence matches."""
        first, last, count = self._first, self._last, len(items)
        if count < self._least:
            return False
        if last is None:
            return count == first.size and first.fits(items, 0)
        stop = count - last.size
        if not (first.fits(items, 0) and last.fits(items, stop)):
            return False
        start = first.size
        for run in self._middle:
            start = run.find(items, start, stop)
            if start < 0:
                return False
        return True


class TextRun:
    """A run of literal characters; only for patterns of names, which are strings."""

    __slots__ = ("size", "text")

    def __init__(self, text: str) -> None:
        """Store the characters."""
        self.text = text
        self.size = len(text)

    def fits(self, items: Sequence[str], at: int) -> bool:
        """See `GlobRun`."""
        return cast("str", items).startswith(self.text, at)

    def find(self, items: Sequence[str], start: int, stop: int) -> int:
        """See `GlobRun`."""
        at = cast("str", items).find(self.text, start, stop)
        return at if at < 0 else at + self.size


class ElementRun:
    """A run of which some items are tests."""

    __slots__ = ("_elements", "_exact", "_tests", "size")

    def __init__(self, elements: Sequence[Element]) -> None:
        """Store the elements: strings are compared, others are called."""
        self.size = len(elements)
        self._elements = tuple(elements)
        # For `find`: the positions of each literal and each test in the run, as bits.
        self._exact: dict[str, int] = {}
        self._tests: dict[Test, int] = {}
        for index, element in enumerate(elements):
            if isinstance(element, str):
                self._exact[element] = self._exact.get(element, 0) | 1 << index
            else:
                self._tests[element] = self._tests.get(element, 0) | 1 << index

    def fits(self, items: Sequence[str], at: int) -> bool:
        """See `GlobRun`."""
        for index, element in enumerate(self._elements, at):
            if isinstance(element, str):
                if items[index] != element:
                    return False
            elif not element(items[index]):
                return False
        return True

    def find(self, items: Sequence[str], start: int, stop: int) -> int:
        """See `GlobRun`."""
        if self.size == 0:
            return start
        known: dict[str, int] = {}
        # Bit i of the state: the items read so far match the first i + 1 elements.
        state, whole = 0, 1 << (self.size - 1)
        for at in range(start, stop):
            item = items[at]
            places = known.get(item)
            if places is None:
                places = known[item] = self._places(item)
            state = (state << 1 | 1) & places
            if state & whole:
                return at + 1
        return -1

    def _places(self, item: str) -> int:
        """Return the positions of the run that an item matches, as bits."""
        places = self._exact.get(item, 0)
        for test, bits in self._tests.items():
            if test(item):
                places |= bits
        return places


class Star:
    """Marks a star in a list of elements: any number of items, or none."""


STAR = Star()


def compile_name(tokens: Sequence[Element | Star]) -> Element:
    """Compile the element for one name of a path from tokens, one for each character.

    Returns:
        The name itself if all tokens are literal, otherwise a test.
    """
    if all(isinstance(token, str) for token in tokens):
        return "".join(token for token in tokens if isinstance(token, str))
    runs = split_at_stars(tokens)
    if not any(runs):
        return anything
    simple = ["".join(run) for run in runs if _is_text(run)]
    if len(simple) == len(runs):
        return _simple_test(simple) or Glob([TextRun(text) for text in simple]).matches
    return Glob([_character_run(run) for run in runs]).matches


def _simple_test(runs: Sequence[str]) -> Test | None:
    """Return a fast test for common patterns: `*.md`, `test_*`, `a*b` and `*draft*`; else None."""
    first, *middle, last = runs
    least = len(first) + len(last)
    if not middle:
        return lambda name: name.endswith(last) and name.startswith(first) and len(name) >= least
    if len(middle) == 1 and not least:
        text = middle[0]
        return lambda name: text in name
    return None


def _is_text(run: Sequence[Element]) -> TypeGuard[Sequence[str]]:
    return all(isinstance(token, str) for token in run)


def compile_path(elements: Sequence[Element | Star]) -> Glob:
    """Compile the pattern for whole paths from elements, one for each name."""
    return Glob([ElementRun(run) for run in split_at_stars(elements)])


def split_at_stars(elements: Sequence[Element | Star]) -> list[list[Element]]:
    """Split elements into runs; adjacent stars count as one."""
    runs: list[list[Element]] = [[]]
    before: Element | Star | None = None
    for element in elements:
        if not isinstance(element, Star):
            runs[-1].append(element)
        elif before is not STAR:
            runs.append([])
        before = element
    return runs


def _character_run(tokens: Sequence[Element]) -> GlobRun:
    return TextRun("".join(tokens)) if _is_text(tokens) else ElementRun(tokens)
