"""Answers of the doctor's checks: what was examined, what was found, and why it matters."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from promptops.prompt.finding import Finding, Severity


class AnswerState(StrEnum):
    """The three states of an answer. Unknown never counts as fine."""

    FINE = "fine"
    FINDING = "finding"
    UNKNOWN = "could not tell"


@dataclass(frozen=True, slots=True)
class DoctorAnswer:
    """One answer of one check.

    Attributes:
        state: the state.
        seen: what was examined and found; lower case, no full stop.
        place: the examined file, ref or setting.
        severity: of a finding. Error: the gate can be circumvented; warning: a mistake or an attack
            is easier; note: an inconvenience.
        risk: of a finding, what an attack or a mistake could do.
        remedy: how to fix it, or how to find out: a command or the exact name of a setting.
        check: the id of the check, set by the caller.
    """

    state: AnswerState
    seen: str
    place: str
    severity: Severity | None = None
    risk: str = ""
    remedy: str = ""
    check: str = ""

    def as_finding(self) -> Finding | None:
        """Return the answer as a finding; None if fine."""
        if self.state is AnswerState.FINE:
            return None
        severity = self.severity or Severity.WARNING
        message = f"could not tell: {self.seen}" if self.state is AnswerState.UNKNOWN else self.seen
        hint = "; ".join(part for part in (self.risk, self.remedy) if part)
        return Finding(self.check, severity, message, self.place, hint=hint or None)


@dataclass(frozen=True, slots=True)
class UnreadSetting:
    """Something that could not be read.

    Attributes:
        why: the reason.
        remedy: what to do.
    """

    why: str
    remedy: str = ""


def fine(seen: str, place: str) -> DoctorAnswer:
    """Return the answer that all is fine."""
    return DoctorAnswer(AnswerState.FINE, seen, place)


def unknown(seen: str, place: str, remedy: str = "") -> DoctorAnswer:
    """Return the answer that the check could not see or understand something."""
    return DoctorAnswer(AnswerState.UNKNOWN, seen, place, remedy=remedy)


def unread(part: UnreadSetting, place: str) -> DoctorAnswer:
    """Return the answer for something unreadable."""
    return unknown(part.why, place, part.remedy)


def error(seen: str, place: str, *, risk: str, remedy: str) -> DoctorAnswer:
    """Return an error: the gate can be circumvented."""
    return DoctorAnswer(AnswerState.FINDING, seen, place, Severity.ERROR, risk, remedy)


def warning(seen: str, place: str, *, risk: str, remedy: str) -> DoctorAnswer:
    """Return a warning: a mistake or an attack becomes easier."""
    return DoctorAnswer(AnswerState.FINDING, seen, place, Severity.WARNING, risk, remedy)


def note(seen: str, place: str, *, risk: str, remedy: str) -> DoctorAnswer:
    """Return a note: an inconvenience."""
    return DoctorAnswer(AnswerState.FINDING, seen, place, Severity.NOTE, risk, remedy)
