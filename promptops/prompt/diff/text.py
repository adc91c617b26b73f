"""Compare two texts line by line, and word by word within a changed line.

The work is bounded for any texts. Unique common lines anchor the comparison (Bram Cohen's patience
diff). Myers' algorithm (An O(ND) Difference Algorithm, 1986) compares the parts between the
anchors. A part that needs too many steps counts as replaced.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

_MAX_EDITS = 256
_MAX_STEPS = 2_000_000
_MAX_SPLITS = 16
# Below this share of common text, highlighting single words only distracts.
_MIN_LIKENESS = 0.3

_JOINER = "\N{ZERO WIDTH JOINER}"
# Scripts without spaces between words: each character counts as a word.
_IDEOGRAPHS = "\u2e80-\u30ff\u31f0-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_LETTERS = rf"[^\W{_IDEOGRAPHS}]+"
_WORD = re.compile(
    rf"\n|[^\S\n]+|[\U0001F1E6-\U0001F1FF]{{2}}|{_LETTERS}(?:['\u2019]{_LETTERS})*|.", re.DOTALL
)
_MEANINGFUL = re.compile(r"\w|\n")


class SegmentKind(StrEnum):
    """Whether a part of a line is in both versions, only in the new or only in the old one."""

    EQUAL = "equal"
    INSERT = "insert"
    DELETE = "delete"


class LineKind(StrEnum):
    """Whether a line is in both versions, only in the old or only in the new one."""

    CONTEXT = "context"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of one line."""

    kind: SegmentKind
    text: str


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a comparison. Its segments' texts join to the line, newline included.

    Attributes:
        kind: in which of the two texts it is.
        before_number: its line number in the old text, from 1, or None.
        after_number: its line number in the new text, from 1, or None.
        segments: its parts. A removed line has no INSERT, an added line has no DELETE.
    """

    kind: LineKind
    before_number: int | None
    after_number: int | None
    segments: tuple[Segment, ...]

    @property
    def text(self) -> str:
        """The line, with its newline if it has one."""
        return "".join(segment.text for segment in self.segments)


@dataclass(frozen=True, slots=True)
class Hunk:
    """Adjacent changed lines with some unchanged lines around them.

    Attributes:
        lines: the lines in display order: removed lines before the lines that replace them.
        files: the edited files, as paths below the prompts folder.
    """

    lines: tuple[DiffLine, ...]
    files: tuple[str, ...] = ()


def compare_texts(before: str, after: str) -> tuple[DiffLine, ...]:
    """Return every line of both texts.

    Unchanged and removed lines join to exactly `before`, unchanged and added lines to exactly
    `after`.
    """
    old, new = _split_lines(before), _split_lines(after)
    budget = _DiffBudget()
    lines: list[DiffLine] = []
    i = j = 0
    for start, other, length in [*_align(old, new, budget), (len(old), len(new), 0)]:
        removed, added = mark_words("".join(old[i:start]), "".join(new[j:other]), budget)
        lines += [
            DiffLine(LineKind.REMOVED, i + n, None, segments)
            for n, segments in enumerate(removed, 1)
        ]
        lines += [
            DiffLine(LineKind.ADDED, None, j + n, segments) for n, segments in enumerate(added, 1)
        ]
        lines += [
            DiffLine(
                LineKind.CONTEXT,
                start + n + 1,
                other + n + 1,
                (Segment(SegmentKind.EQUAL, old[start + n]),),
            )
            for n in range(length)
        ]
        i, j = start + length, other + length
    return tuple(lines)


def cut_hunks(lines: Sequence[DiffLine], context: int = 3) -> Iterator[tuple[DiffLine, ...]]:
    """Yield a hunk for each group of changed lines, with up to `context` unchanged lines around
    it.
    """
    start = end = 0
    for index, line in enumerate(lines):
        if line.kind is LineKind.CONTEXT:
            continue
        if index - context > end:
            if end:
                yield tuple(lines[start:end])
            start = max(0, index - context)
        end = min(len(lines), index + context + 1)
    if end:
        yield tuple(lines[start:end])


def mark_words(
    before: str, after: str, budget: _DiffBudget | None = None
) -> tuple[list[tuple[Segment, ...]], list[tuple[Segment, ...]]]:
    """Split both texts into lines of segments, with the words that differ marked. `budget` limits
    the work; None: a new one.
    """
    old, new = split_words(before), split_words(after)
    blocks = _align(old, new, budget or _DiffBudget()) if old and new else []
    blocks = _drop_chance(old, new, blocks)
    removed = _segments(old, [(i, length) for i, _, length in blocks], SegmentKind.DELETE)
    added = _segments(new, [(j, length) for _, j, length in blocks], SegmentKind.INSERT)
    return _by_line(removed), _by_line(added)


def split_words(text: str) -> list[str]:
    """Split a text into words, runs of spaces, newlines and other single characters.

    The parts join to `text`. A grapheme (a letter with its accents, a joined emoji, a flag) is
    never split.
    """
    words = _WORD.findall(text)
    return words if text.isascii() else _join_clusters(text, words)


def _join_clusters(text: str, words: list[str]) -> list[str]:
    extending = {character for character in set(text) if _extends(character)}
    if not extending:
        return words
    starts: list[int] = []
    place = 0
    for word in words:
        if not starts or not _continues(text, place, starts[-1], extending):
            starts.append(place)
        place += len(word)
    return [text[i:j] for i, j in pairwise([*starts, len(text)])]


def _continues(text: str, place: int, start: int, extending: set[str]) -> bool:
    """Return whether the character at `place` continues the word that began at `start`."""
    previous = text[place - 1]
    if text[place] in extending:
        return previous != "\n"
    if previous not in extending or text[place] == "\n":
        return False
    # In many scripts vowel signs are combining marks within words.
    return previous == _JOINER or (text[start].isalnum() and text[place].isalnum())


def _extends(character: str) -> bool:
    """Return whether a character modifies the one before it: an accent, joiner, skin tone or
    tag.
    """
    return not character.isascii() and (
        character == _JOINER
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
        or unicodedata.category(character)[0] == "M"
    )


def _split_lines(text: str) -> list[str]:
    """Return lines with their newlines. Only LF ends a line: other separators are part of the
    text.
    """
    lines = [f"{line}\n" for line in text.split("\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


def _drop_chance(
    old: list[str], new: list[str], blocks: list[tuple[int, int, int]]
) -> list[tuple[int, int, int]]:
    """Drop coincidental matches: single spaces between changes, and lines with little in common."""
    kept = []
    for index, (i, j, length) in enumerate(blocks):
        before, after = (0, 0), (len(old), len(new))
        if index:
            last = blocks[index - 1]
            before = (last[0] + last[2], last[1] + last[2])
        if index + 1 < len(blocks):
            after = blocks[index + 1][:2]
        enclosed = (i, j) != before and (i + length, j + length) != after
        if not enclosed or any(map(_MEANINGFUL.search, old[i : i + length])):
            kept.append((i, j, length))
    common = sum(_weight(old[i : i + length]) for i, _, length in kept)
    return kept if common >= _MIN_LIKENESS * min(_weight(old), _weight(new)) else []


def _weight(words: Sequence[str]) -> int:
    return sum(len(word) for word in words if not word.isspace())


def _segments(
    words: list[str], equal: list[tuple[int, int]], changed: SegmentKind
) -> list[Segment]:
    segments = []
    place = 0
    for start, length in [*equal, (len(words), 0)]:
        if start > place:
            segments.append(Segment(changed, "".join(words[place:start])))
        if length:
            segments.append(Segment(SegmentKind.EQUAL, "".join(words[start : start + length])))
        place = start + length
    return segments


def _by_line(segments: list[Segment]) -> list[tuple[Segment, ...]]:
    lines: list[tuple[Segment, ...]] = []
    line: list[Segment] = []
    for segment in segments:
        for part in _split_lines(segment.text):
            line.append(Segment(segment.kind, part))
            if part.endswith("\n"):
                lines.append(tuple(line))
                line = []
    return [*lines, tuple(line)] if line else lines


class _DiffBudget:
    """Counts the steps that one comparison may still take."""

    __slots__ = ("steps",)

    def __init__(self) -> None:
        self.steps = _MAX_STEPS


def align(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[tuple[int, int, int]]:
    """Return the common runs of two sequences, in order: (index before, index after, length)."""
    return _align(before, after, _DiffBudget())


def _align(
    before: Sequence[Hashable], after: Sequence[Hashable], budget: _DiffBudget
) -> list[tuple[int, int, int]]:
    numbers: dict[Hashable, int] = {}
    old = [numbers.setdefault(item, len(numbers)) for item in before]
    new = [numbers.setdefault(item, len(numbers)) for item in after]
    blocks: list[tuple[int, int, int]] = []
    pending = [(0, len(old), 0, len(new), 0)]
    while pending:
        i, i_end, j, j_end, splits = pending.pop()
        start = i
        while i < i_end and j < j_end and old[i] == new[j]:
            i, j = i + 1, j + 1
        if i > start:
            blocks.append((start, j - (i - start), i - start))
        end = i_end
        while i < i_end and j < j_end and old[i_end - 1] == new[j_end - 1]:
            i_end, j_end = i_end - 1, j_end - 1
        if end > i_end:
            blocks.append((i_end, j_end, end - i_end))
        if i == i_end or j == j_end:
            continue
        anchors = _anchors(old, new, (i, i_end, j, j_end)) if splits < _MAX_SPLITS else []
        if not anchors:
            found = _shortest_edit(old[i:i_end], new[j:j_end], budget)
            blocks += [(i + x, j + y, 1) for x, y in found]
            continue
        for x, y in anchors:
            pending.append((i, x, j, y, splits + 1))
            i, j = x, y
        pending.append((i, i_end, j, j_end, splits + 1))
    return _merge(sorted(blocks))


def _merge(blocks: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    merged: list[tuple[int, int, int]] = []
    for i, j, length in blocks:
        if merged and merged[-1][0] + merged[-1][2] == i and merged[-1][1] + merged[-1][2] == j:
            merged[-1] = (merged[-1][0], merged[-1][1], merged[-1][2] + length)
        else:
            merged.append((i, j, length))
    return merged


def _anchors(
    old: list[int], new: list[int], bounds: tuple[int, int, int, int]
) -> list[tuple[int, int]]:
    """Find items that occur once on each side and are in the same order on both."""
    i, i_end, j, j_end = bounds
    in_old, in_new = Counter(old[i:i_end]), Counter(new[j:j_end])
    places = {new[y]: y for y in range(j, j_end) if in_new[new[y]] == 1}
    pairs = [
        (x, places[old[x]]) for x in range(i, i_end) if in_old[old[x]] == 1 and old[x] in places
    ]
    return _longest_rise(pairs)


def _longest_rise(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest subsequence with increasing second numbers. The first numbers increase
    already.
    """
    tails: list[int] = []
    tail_pairs: list[int] = []
    before: list[int] = []
    for index, (_, y) in enumerate(pairs):
        rank = bisect_left(tails, y)
        before.append(tail_pairs[rank - 1] if rank else -1)
        tails[rank : rank + 1] = [y]
        tail_pairs[rank : rank + 1] = [index]
    rise = []
    index = tail_pairs[-1] if tail_pairs else -1
    while index >= 0:
        rise.append(pairs[index])
        index = before[index]
    return rise[::-1]


def _shortest_edit(old: list[int], new: list[int], budget: _DiffBudget) -> list[tuple[int, int]]:
    """Return the matching positions of a shortest edit script; empty if finding one takes too
    long.
    """
    most = min(len(old) + len(new), _MAX_EDITS)
    furthest = [0] * (2 * most + 3)
    middle = most + 1
    trace: list[list[int]] = []
    for edits in range(most + 1):
        if budget.steps < 0:
            return []
        trace.append(furthest[middle - edits - 1 : middle + edits + 2])
        for k in range(-edits, edits + 1, 2):
            down = k == -edits or (
                k != edits and furthest[middle + k - 1] < furthest[middle + k + 1]
            )
            x = furthest[middle + k + 1] if down else furthest[middle + k - 1] + 1
            start = x
            while x < len(old) and x - k < len(new) and old[x] == new[x - k]:
                x += 1
            budget.steps -= 1 + x - start
            furthest[middle + k] = x
            if x >= len(old) and x - k >= len(new):
                return _walk_back(trace, len(old), len(new))
    return []


def _walk_back(trace: list[list[int]], x: int, y: int) -> list[tuple[int, int]]:
    matches = []
    for edits in range(len(trace) - 1, -1, -1):
        reached, middle = trace[edits], edits + 1
        k = x - y
        down = k == -edits or (k != edits and reached[middle + k - 1] < reached[middle + k + 1])
        previous = k + 1 if down else k - 1
        start = reached[middle + previous] if edits else 0
        stop = start if down else start + 1
        while x > (stop if edits else 0):
            x, y = x - 1, y - 1
            matches.append((x, y))
        x, y = start, start - previous
    return matches
