"""What a report is made of: findings, the texts they point into, and how to colour."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from promptops.prompt.finding import Finding, Inclusion, Severity

Paint = Callable[[str, str], str]
"""Colours a text for a purpose: `error`, `warning`, `note`, `place`, `hint` or `frame`."""


def _plain(text: str, purpose: str) -> str:  # noqa: ARG001 - a painter's signature
    return text


@dataclass(frozen=True, slots=True)
class ReportOutcome:
    """Everything a format may show.

    Attributes:
        findings: in the order in which to show them.
        prompts: how many prompts were judged.
        texts: the files with findings, by path, for excerpts.
        paint: colours text, or leaves it alone.
        included_from: for partials with findings, the includes that lead to them, nearest first.
        rules: what findings mean that are no check's, by id.
    """

    findings: Sequence[Finding]
    prompts: int
    texts: Mapping[str, str] = field(default_factory=dict)
    paint: Paint = _plain
    included_from: Mapping[str, Sequence[Inclusion]] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)

    def count(self, severity: Severity) -> int:
        """Return how many findings have that severity."""
        return sum(finding.severity is severity for finding in self.findings)

    @property
    def fixable(self) -> int:
        """How many findings `--fix` would fix."""
        return sum(bool(finding.fixes) for finding in self.findings)


class ReportFormat(Protocol):
    """A module that writes findings in one format."""

    def render(self, outcome: ReportOutcome) -> str:
        """Return the report, without a newline at its end; empty when there is nothing to say."""


def summarize(outcome: ReportOutcome) -> str:
    """Return one line: how many prompts, and how many findings of each kind."""
    prompts = _counted(outcome.prompts, "prompt")
    parts = [
        _counted(outcome.count(severity), severity.value)
        for severity in Severity
        if outcome.count(severity)
    ]
    fixable = f"; --fix fixes {outcome.fixable:,}" if outcome.fixable else ""
    return f"{prompts} checked: {', '.join(parts) or 'no problems found'}{fixable}"


def count_checks(outcome: ReportOutcome) -> list[tuple[int, Severity, str, int]]:
    """For each check that found something: findings, greatest severity, id, and fixable findings.

    Those with the most findings come first.
    """
    order = list(Severity)
    groups: dict[str, list[Finding]] = {}
    for finding in outcome.findings:
        groups.setdefault(finding.check, []).append(finding)
    rows = [
        (
            len(found),
            min((finding.severity for finding in found), key=order.index),
            check,
            sum(bool(finding.fixes) for finding in found),
        )
        for check, found in groups.items()
    ]
    return sorted(rows, key=lambda row: (-row[0], row[2]))


def fingerprints(outcome: ReportOutcome) -> list[str]:
    """For each finding a text of 16 hexadecimal digits, a colon and a number from 1.

    It stays the same while lines are added or removed elsewhere in the file: it is made of path,
    check and the line at fault without white space around it; the number tells equal ones apart.
    Forges recognise by it what they have shown before.
    """
    import hashlib

    lines = {path: text.split("\n") for path, text in outcome.texts.items()}
    seen: dict[str, int] = {}
    result = []
    for finding in outcome.findings:
        found = lines.get(finding.path, [])
        place = finding.position
        known = place is not None and place.line <= len(found)
        line = found[place.line - 1].strip() if place is not None and known else finding.message
        source = f"{finding.path}\0{finding.check}\0{line}"
        digest = hashlib.sha256(source.encode(errors="surrogatepass")).hexdigest()[:16]
        seen[digest] = seen.get(digest, 0) + 1
        result.append(f"{digest}:{seen[digest]}")
    return result


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def visible(text: str) -> str:
    """Return one line of a stranger's file, with what cannot be seen or moves the cursor written
    out.
    """
    return "".join(
        character if character.isprintable() else _escaped(character) for character in text
    )


def _escaped(character: str) -> str:
    if character in "\u200d\u200c":
        return character
    return "    " if character == "\t" else f"<U+{ord(character):04X}>"
