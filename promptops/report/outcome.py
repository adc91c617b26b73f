"""What a report is made of: findings, the texts they point into, and how to colour."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from promptops.finding import Finding, Severity

Paint = Callable[[str, str], str]
"""Colours a text for a purpose: `error`, `warning`, `note`, `place`, `hint` or `frame`."""


def _plain(text: str, purpose: str) -> str:  # noqa: ARG001 - a painter's signature
    return text


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything a format may show.

    Attributes:
        findings: in the order in which to show them.
        prompts: how many prompts were judged.
        texts: the files with findings, by path, for excerpts.
        paint: colours text, or leaves it alone.
    """

    findings: Sequence[Finding]
    prompts: int
    texts: Mapping[str, str] = field(default_factory=dict)
    paint: Paint = _plain

    def count(self, severity: Severity) -> int:
        """How many findings have that severity."""
        return sum(finding.severity is severity for finding in self.findings)


class ReportFormat(Protocol):
    """A module that writes findings in one format."""

    def render(self, outcome: Outcome) -> str:
        """The report, without a line end at its end; empty when there is nothing to say."""


def summarize(outcome: Outcome) -> str:
    """One line: how many prompts, and how many findings of each kind."""
    prompts = _counted(outcome.prompts, "prompt")
    parts = [
        _counted(outcome.count(severity), severity.value)
        for severity in Severity
        if outcome.count(severity)
    ]
    return f"{prompts} checked: {', '.join(parts) or 'nothing to complain about'}"


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def visible(text: str) -> str:
    """One line of a stranger's file, with what cannot be seen or moves the cursor written out."""
    return "".join(
        character if character.isprintable() else _escaped(character) for character in text
    )


def _escaped(character: str) -> str:
    if character in "\u200d\u200c":
        return character
    return "    " if character == "\t" else f"<U+{ord(character):04X}>"
