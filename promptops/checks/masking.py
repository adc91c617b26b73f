"""Hide what the masked checks found, such as a secret, from all that is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.registry import MASKED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from promptops.prompt.finding import Finding, Position

_MASK = "*"


def mask(findings: Iterable[Finding], texts: dict[str, str]) -> list[Finding]:
    """Black out what the masked checks found, in `texts` (changed in place) and in the findings.

    Args:
        findings: what was found.
        texts: the files to be shown, by the paths of the findings.

    Returns:
        The findings, in the same order, without the hidden text.
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
        # An edit that writes the secret out again would carry it into every report.
        if any(secret in fix.text for fix in fixes):
            fixes = ()
    return finding._replace(message=message, hint=hint, fixes=fixes)


def _black_out(secret: str) -> str:
    """Return a text as long as the secret, line for line, so that no place moves."""
    return "\n".join(_MASK * len(line) for line in secret.split("\n"))


def _find_span(text: str, place: Position) -> tuple[int, int]:
    """Return the offsets of a place in a file's text, whose byte order mark takes no column."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    mark = text.startswith("\ufeff")
    start = starts[place.line - 1] + place.column - 1 + (mark and place.line == 1)
    end = starts[place.end_line - 1] + place.end_column - 1 + (mark and place.end_line == 1)
    return start, end
