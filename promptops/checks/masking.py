"""Mask what masked checks found, such as secrets, in all output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.registry import MASKED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from promptops.prompt.finding import Finding, Position

_MASK = "*"


def mask(findings: Iterable[Finding], texts: dict[str, str]) -> list[Finding]:
    """Mask what masked checks found, in `texts` (changed in place) and in the findings.

    Args:
        findings: all findings.
        texts: the files for display, by the paths of the findings.

    Returns:
        The findings, in the same order, without the masked text.
    """
    result = list(findings)
    spans = [
        (one.path, _find_span(texts[one.path], one.position))
        for one in result
        if one.check in MASKED and one.position is not None and one.path in texts
    ]
    if not spans:
        return result
    hidden = {texts[path][start:end] for path, (start, end) in spans} - {""}
    for path, text in texts.items():
        shown = text
        for secret in hidden:
            shown = shown.replace(secret, _black_out(secret))
        texts[path] = shown
    return [_remove(one, hidden) for one in result]


def _remove(finding: Finding, hidden: Collection[str]) -> Finding:
    message, hint, fixes = finding.message, finding.hint, finding.fixes
    for secret in hidden:
        message = message.replace(secret, _black_out(secret))
        hint = hint.replace(secret, _black_out(secret)) if hint is not None else None
        # A fix that contains the secret would put it into every report.
        if any(secret in fix.text for fix in fixes):
            fixes = ()
    return finding._replace(message=message, hint=hint, fixes=fixes)


def _black_out(secret: str) -> str:
    """Return a mask with the same length in each line, so that positions stay valid."""
    return "\n".join(_MASK * len(line) for line in secret.split("\n"))


def _find_span(text: str, place: Position) -> tuple[int, int]:
    """Return the offsets of a position in a file's text. A byte order mark does not count as a
    column.
    """
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    mark = text.startswith("\ufeff")
    start = starts[place.line - 1] + place.column - 1 + (mark and place.line == 1)
    end = starts[place.end_line - 1] + place.end_column - 1 + (mark and place.end_line == 1)
    return start, end
