"""Compare the messages of two versions: added, removed, moved and reworded."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.prompt.diff.change import ChangeClass, Difference, MessageDiff, MessageStatus
from promptops.prompt.diff.text import (
    Hunk,
    LineKind,
    SegmentKind,
    align,
    compare_texts,
    cut_hunks,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from promptops.prompt.diff.flow import Element, Flow
    from promptops.prompt.diff.text import DiffLine

# Pairing by similarity compares every pair, which is quadratic; larger gaps are paired in order.
_MAX_PAIRS = 400


@dataclass(slots=True)
class _MessagePair:
    """Indexes of one element in the two flows; None where it is missing."""

    before: int | None
    after: int | None
    moved: bool = False


def compare_messages(before: Flow, after: Flow, changed: frozenset[str]) -> tuple[MessageDiff, ...]:
    """Return every element that differs.

    `changed` are the included files that both versions have and that differ. A difference that such
    a file causes is attributed to it.
    """
    old, new = before.elements, after.elements
    pairs = [pair for pair in _pair_elements(old, new) if not _is_same(pair, old, new)]
    numbers = _count_messages(old), _count_messages(new)
    return tuple(_describe(pair, old, new, numbers, changed) for pair in pairs)


def classify_messages(diffs: Sequence[MessageDiff], own_file: str) -> Iterator[Difference]:
    """Yield a difference for each message and each file whose edit caused it; `own_file` is the
    prompt's.
    """
    for diff in diffs:
        before: object = diff.before if diff.status is not MessageStatus.CHANGED else None
        after: object = diff.after if diff.status is not MessageStatus.CHANGED else None
        reason = _REASONS[diff.status]
        if diff.number == 0:
            reason = "which messages are sent, or how often, may change"
        if diff.previous_role is not None:
            before, after = diff.previous_role, diff.role
            reason = "the role changed"
        for file in diff.files or (own_file,):
            cause = None if file == own_file else file
            yield Difference(ChangeClass.BEHAVIOUR, diff.subject, reason, before, after, cause)


_REASONS = {
    MessageStatus.ADDED: "the model reads a message that it did not read before",
    MessageStatus.REMOVED: "the model no longer reads this message",
    MessageStatus.CHANGED: "the model reads another text",
    MessageStatus.MOVED: "the model reads the messages in another order",
}


def _is_same(pair: _MessagePair, old: Sequence[Element], new: Sequence[Element]) -> bool:
    if pair.before is None or pair.after is None or pair.moved:
        return False
    return _identity(old[pair.before]) == _identity(new[pair.after])


def _identity(element: Element) -> tuple[str | None, tuple[tuple[str, str], ...]]:
    return element.role, element.key


def _pair_elements(old: Sequence[Element], new: Sequence[Element]) -> list[_MessagePair]:
    """Pair elements, in the order of the new flow; a removed element keeps its old place."""
    pairs: list[_MessagePair] = []
    i = j = 0
    blocks = align([_identity(one) for one in old], [_identity(one) for one in new])
    for start, other, length in [*blocks, (len(old), len(new), 0)]:
        pairs += _pair_gap(old, new, range(i, start), range(j, other))
        pairs += [_MessagePair(start + n, other + n) for n in range(length)]
        i, j = start + length, other + length
    return _find_moved(pairs, old, new)


def _pair_gap(
    old: Sequence[Element], new: Sequence[Element], befores: range, afters: range
) -> list[_MessagePair]:
    """Pair the most similar elements of one role without changing their order."""
    if len(befores) * len(afters) > _MAX_PAIRS:
        roles = align([old[i].role for i in befores], [new[j].role for j in afters])
        chosen = [(befores[x + n], afters[y + n]) for x, y, size in roles for n in range(size)]
    else:
        chosen = _pair_alike(old, new, befores, afters)
    pairs: list[_MessagePair] = []
    i, j = befores.start, afters.start
    for x, y in [*chosen, (befores.stop, afters.stop)]:
        pairs += [_MessagePair(n, None) for n in range(i, x)]
        pairs += [_MessagePair(None, n) for n in range(j, y)]
        if x < befores.stop:
            pairs.append(_MessagePair(x, y))
        i, j = x + 1, y + 1
    return pairs


def _pair_alike(
    old: Sequence[Element], new: Sequence[Element], befores: range, afters: range
) -> list[tuple[int, int]]:
    elements = [*old[befores.start : befores.stop], *new[afters.start : afters.stop]]
    words = {id(element): frozenset(element.text.split()) for element in elements}
    # best[x][y]: the greatest sum of similarities among the first x and y elements of the gap.
    best = [[0.0] * (len(afters) + 1) for _ in range(len(befores) + 1)]
    gains: dict[tuple[int, int], float] = {}
    for x, i in enumerate(befores, 1):
        for y, j in enumerate(afters, 1):
            gain = _likeness(old[i], new[j], words)
            gains[x, y] = gain
            together = best[x - 1][y - 1] + gain if gain else 0.0
            best[x][y] = max(best[x - 1][y], best[x][y - 1], together)
    pairs: list[tuple[int, int]] = []
    x, y = len(befores), len(afters)
    while x and y:
        if best[x][y] == best[x - 1][y]:
            x -= 1
        elif best[x][y] == best[x][y - 1]:
            y -= 1
        else:
            x, y = x - 1, y - 1
            pairs.append((befores[x], afters[y]))
    return pairs[::-1]


def _likeness(one: Element, other: Element, words: dict[int, frozenset[str]]) -> float:
    if one.role != other.role:
        # The same text under another role is one change, not a removal and an addition.
        return 1.0 if one.key == other.key and one.role and other.role else 0.0
    mine, yours = words[id(one)], words[id(other)]
    return 0.1 + len(mine & yours) / max(1, len(mine | yours))


def _find_moved(
    pairs: list[_MessagePair], old: Sequence[Element], new: Sequence[Element]
) -> list[_MessagePair]:
    gone: dict[object, list[_MessagePair]] = {}
    for pair in pairs:
        if pair.after is None and pair.before is not None and old[pair.before].role:
            gone.setdefault(_identity(old[pair.before]), []).append(pair)
    dropped: set[int] = set()
    found: list[_MessagePair] = []
    for pair in pairs:
        source = (
            gone.get(_identity(new[pair.after]))
            if pair.before is None and pair.after is not None
            else None
        )
        if source:
            removed = source.pop(0)
            dropped.add(id(removed))
            found.append(_MessagePair(removed.before, pair.after, moved=True))
        else:
            found.append(pair)
    return [pair for pair in found if id(pair) not in dropped]


def _count_messages(elements: Sequence[Element]) -> list[int]:
    """Return each element's number among the messages, from 1; 0 for tags between messages."""
    numbers = []
    count = 0
    for element in elements:
        count += element.role is not None
        numbers.append(count if element.role is not None else 0)
    return numbers


def _describe(
    pair: _MessagePair,
    old: Sequence[Element],
    new: Sequence[Element],
    numbers: tuple[list[int], list[int]],
    changed: frozenset[str],
) -> MessageDiff:
    before = old[pair.before] if pair.before is not None else None
    after = new[pair.after] if pair.after is not None else None
    shown = after or before
    if shown is None:
        message = "a pair has at least one side"
        raise ValueError(message)
    hunks: tuple[Hunk, ...] = ()
    status = MessageStatus.MOVED
    if before is None:
        status = MessageStatus.ADDED
    elif after is None:
        status = MessageStatus.REMOVED
    elif not pair.moved:
        status = MessageStatus.CHANGED
    if status is not MessageStatus.MOVED:
        hunks = tuple(_find_hunks(before, after, changed))
    files = tuple(sorted({file for hunk in hunks for file in hunk.files}))
    own = shown.origins[0][1][0] if shown.origins else None
    role_changed = before is not None and after is not None and before.role != after.role
    return MessageDiff(
        status,
        shown.role,
        before.role if before is not None and role_changed else None,
        numbers[1][pair.after] if pair.after is not None else numbers[0][pair.before or 0],
        before.text if before is not None else None,
        after.text if after is not None else None,
        hunks,
        files,
        files[0] if len(files) == 1 and files[0] != own else None,
    )


def _find_hunks(
    before: Element | None, after: Element | None, changed: frozenset[str]
) -> Iterator[Hunk]:
    lines = compare_texts(before.text if before else "", after.text if after else "")
    old, new = _MessageOrigins(before, changed), _MessageOrigins(after, changed)
    places = _place_lines(lines)
    for hunk in cut_hunks(lines):
        files: set[str] = set()
        for line in hunk:
            if line.kind is LineKind.CONTEXT:
                continue
            origins = old if line.kind is LineKind.REMOVED else new
            place = places[line.kind, line.before_number or line.after_number]
            for segment in line.segments:
                end = place + len(segment.text)
                if segment.kind is not SegmentKind.EQUAL:
                    files |= origins.find_files(place, end)
                place = end
        yield Hunk(hunk, tuple(sorted(files)))


def _place_lines(lines: Sequence[DiffLine]) -> dict[tuple[LineKind, int | None], int]:
    """Return the offset of each changed line in its text."""
    places: dict[tuple[LineKind, int | None], int] = {}
    old = new = 0
    for line in lines:
        if line.kind is LineKind.REMOVED:
            places[line.kind, line.before_number] = old
        elif line.kind is LineKind.ADDED:
            places[line.kind, line.after_number] = new
        length = len(line.text)
        old += length if line.kind is not LineKind.ADDED else 0
        new += length if line.kind is not LineKind.REMOVED else 0
    return places


class _MessageOrigins:
    """Finds the files whose edits changed a part of an element's text."""

    def __init__(self, element: Element | None, changed: frozenset[str]) -> None:
        origins = element.origins if element is not None else ()
        self._ends = [end for end, _ in origins]
        # If the included file itself is unchanged, the change is its include tag, in the including
        # file.
        self._files = [
            next((file for file in reversed(files) if file in changed), files[0])
            for _, files in origins
        ]

    def find_files(self, start: int, end: int) -> set[str]:
        """Return the innermost edited files of all text between two offsets."""
        first = bisect_right(self._ends, start)
        last = bisect_left(self._ends, end)
        return set(self._files[first : last + 1])
