"""Findings for a terminal: the line with a caret under the fault, and what to do."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from promptops.checks.report.concise import headline
from promptops.checks.report.outcome import visible

if TYPE_CHECKING:
    from promptops.checks.report.outcome import ReportOutcome
    from promptops.prompt.finding import Finding, Position

_WIDTH = 100
_BEFORE = 40


def render(outcome: ReportOutcome) -> str:
    """Return a paragraph for each finding, separated by empty lines."""
    lines: dict[str, list[str]] = {}
    paragraphs = []
    for finding in outcome.findings:
        text = outcome.texts.get(finding.path)
        if text is not None and finding.path not in lines:
            lines[finding.path] = text.removeprefix("\ufeff").split("\n")
        paragraphs.append("\n".join(_paragraph(finding, lines.get(finding.path, []), outcome)))
    return "\n\n".join(paragraphs)


def _paragraph(finding: Finding, lines: list[str], outcome: ReportOutcome) -> list[str]:
    paint = outcome.paint
    result = [headline(finding, paint)]
    place = finding.position
    if place is not None and place.line <= len(lines):
        number = str(place.line)
        margin = " " * len(number)
        source, marks = _excerpt(lines[place.line - 1], place)
        if source.strip():
            result.append(f"{paint(f'{number} |', 'frame')} {source}")
            result.append(f"{paint(f'{margin} |', 'frame')} {paint(marks, finding.severity.value)}")
    chain = outcome.included_from.get(finding.path, ())
    if chain:
        places = ", ".join(visible(inclusion.place) for inclusion in chain)
        result.append(f"  {paint('included from', 'frame')} {places}")
    if finding.hint:
        result.append(f"  {paint('hint:', 'hint')} {visible(finding.hint)}")
    return result


def _excerpt(line: str, place: Position) -> tuple[str, str]:
    """Return the part of a line around the fault, and the carets under it."""
    start = min(place.column - 1, len(line))
    end = place.end_column - 1 if place.end_line == place.line else len(line)
    end = min(max(end, start + 1), len(line) + 1)
    first = 0
    if len(line) > _WIDTH:
        first = max(0, min(start - _BEFORE, len(line) - _WIDTH))
    cut = line[first : first + _WIDTH]
    head, tail = ("…" if first else ""), ("…" if first + _WIDTH < len(line) else "")
    before = _cells(head + visible(cut[: start - first]))
    marked = cut[start - first : end - first]
    return head + visible(cut) + tail, " " * before + "^" * max(_cells(visible(marked)), 1)


def _cells(text: str) -> int:
    """Return the approximate width of a text in terminal cells."""
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.combining(character) or unicodedata.category(character) in {"Cf", "Mn", "Me"}
        else 2
        if unicodedata.east_asian_width(character) in "WF"
        else 1
        for character in text
    )
