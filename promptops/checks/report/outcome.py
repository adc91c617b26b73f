"""The content of a report: findings, files and colours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from promptops.errors import count_of
from promptops.prompt.finding import Finding, Inclusion, Severity

Paint = Callable[[str, str], str]
"""Colours a text for a purpose: `error`, `warning`, `note`, `place`, `hint` or `frame`."""


def _plain(text: str, purpose: str) -> str:  # noqa: ARG001 - a painter's signature
    return text


@dataclass(frozen=True, slots=True)
class ReportOutcome:
    """Everything that a format may show.

    Attributes:
        findings: the findings in display order.
        prompts: the number of validated prompts.
        texts: the files with findings, by path, for excerpts.
        paint: colours text, or returns it unchanged.
        included_from: for each partial with findings, the chain of includes to it, nearest first.
        rules: id -> description, for findings that are not from a check.
        elsewhere: the number of findings left out: older ones, in files that are not staged.
    """

    findings: Sequence[Finding]
    prompts: int
    texts: Mapping[str, str] = field(default_factory=dict)
    paint: Paint = _plain
    included_from: Mapping[str, Sequence[Inclusion]] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)
    elsewhere: int = 0

    def count(self, severity: Severity) -> int:
        """Return the number of findings of a severity."""
        return sum(finding.severity is severity for finding in self.findings)

    @property
    def fixable(self) -> int:
        """The number of findings that `--fix` would fix."""
        return sum(bool(finding.fixes) for finding in self.findings)


class ReportFormat(Protocol):
    """The interface of a format's module."""

    def render(self, outcome: ReportOutcome) -> str:
        """Return the report, without a newline at its end; may be empty."""


def summarize(outcome: ReportOutcome) -> str:
    """Return one line with the numbers of prompts and findings."""
    prompts = count_of(outcome.prompts, "prompt")
    parts = [
        count_of(outcome.count(severity), severity.value)
        for severity in Severity
        if outcome.count(severity)
    ]
    fixable = f"; --fix fixes {outcome.fixable:,}" if outcome.fixable else ""
    older = ""
    if outcome.elsewhere:
        older = f"; {count_of(outcome.elsewhere, 'older problem')} in files that are not staged"
    return f"{prompts} checked: {', '.join(parts) or 'no problems found'}{fixable}{older}"


def count_checks(outcome: ReportOutcome) -> list[tuple[int, Severity, str, int]]:
    """Count the findings of each check: findings, greatest severity, id, fixable findings.

    Checks with the most findings come first.
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
    """Return a fingerprint for each finding: 16 hexadecimal digits, a colon and a number from 1.

    It is made of path, check and the stripped line, so it does not change when other lines are
    added or removed. The number distinguishes equal ones. Forges use it to recognise known
    findings.
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


def visible(text: str) -> str:
    """Return one line of an untrusted file with invisible and control characters escaped."""
    return "".join(
        character if character.isprintable() else _escaped(character) for character in text
    )


def _escaped(character: str) -> str:
    if character in "\u200d\u200c":
        return character
    return "    " if character == "\t" else f"<U+{ord(character):04X}>"
