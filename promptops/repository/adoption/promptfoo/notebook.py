"""Collect notes on what is not converted, each once, with its first case."""

from __future__ import annotations

from dataclasses import dataclass

from promptops.repository.adoption.draft import Note


@dataclass(frozen=True, slots=True)
class CasePlace:
    """A position: the file ("" for the configuration), its line, and the case."""

    line: int = 0
    file: str = ""
    case: str = ""


class Notebook:
    """Collects notes; the same sentence about many cases becomes one note."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, bool], list[CasePlace]] = {}

    def add(self, message: str, place: CasePlace | None = None, *, is_lost: bool = False) -> None:
        """Add a note for the user; with `is_lost`, the verdict may differ from promptfoo's."""
        self._found.setdefault((message, is_lost), []).append(place or CasePlace())

    def notes(self) -> list[Note]:
        """Return the notes, those on differing verdicts first."""
        ordered = sorted(self._found.items(), key=lambda one: not one[0][1])
        return [_write(message, is_lost, places) for (message, is_lost), places in ordered]


def _write(message: str, is_lost: bool, places: list[CasePlace]) -> Note:  # noqa: FBT001 - of a pair
    first = places[0]
    where = [f"'{first.case}'"] if first.case else []
    if first.file:
        where.append(f"{first.file}:{first.line}" if first.line else first.file)
    others = len({one.case for one in places}) - 1
    if others > 0:
        where.append(f"and {others} more")
    line = first.line if first.line and not first.file else None
    return Note(f"{message} ({', '.join(where)})" if where else message, line, is_lost)
