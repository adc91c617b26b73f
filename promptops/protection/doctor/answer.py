"""What a check of the doctor says: what it looked at, what it found, and why that matters."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from promptops.prompt.finding import Finding, Severity


class AnswerState(StrEnum):
    """The three answers there are. What could not be told is never taken for fine."""

    FINE = "fine"
    FINDING = "finding"
    UNKNOWN = "could not tell"


@dataclass(frozen=True, slots=True)
class DoctorAnswer:
    """One answer of one check.

    Attributes:
        state: which of the three.
        seen: what was looked at and what was found there; lower case, no full stop.
        place: the file, ref or setting that was looked at.
        severity: of a finding, how much it weighs: an error lets somebody past who should not
            pass, a warning is where a slip or an attacker begins, a note costs comfort.
        risk: of a finding, what an attacker or a slip could do.
        remedy: how to close it, or how to find out: a command or the exact name of a setting.
        check: the id of the check, stamped by who asked it.
    """

    state: AnswerState
    seen: str
    place: str
    severity: Severity | None = None
    risk: str = ""
    remedy: str = ""
    check: str = ""

    def as_finding(self) -> Finding | None:
        """Return the answer in the shape of all reports; None for what is fine."""
        if self.state is AnswerState.FINE:
            return None
        severity = self.severity or Severity.WARNING
        message = f"could not tell: {self.seen}" if self.state is AnswerState.UNKNOWN else self.seen
        hint = "; ".join(part for part in (self.risk, self.remedy) if part)
        return Finding(self.check, severity, message, self.place, hint=hint or None)


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that could not be read.

    Attributes:
        why: what was said.
        remedy: what would help.
    """

    why: str
    remedy: str = ""


def fine(seen: str, place: str) -> DoctorAnswer:
    """Nothing to complain about."""
    return DoctorAnswer(AnswerState.FINE, seen, place)


def unknown(seen: str, place: str, remedy: str = "") -> DoctorAnswer:
    """The check could not look, or could not understand what it saw."""
    return DoctorAnswer(AnswerState.UNKNOWN, seen, place, remedy=remedy)


def unread(part: Unread, place: str) -> DoctorAnswer:
    """Return what could not be read, as an answer."""
    return unknown(part.why, place, part.remedy)


def error(seen: str, place: str, *, risk: str, remedy: str) -> DoctorAnswer:
    """Somebody can get past who should not."""
    return DoctorAnswer(AnswerState.FINDING, seen, place, Severity.ERROR, risk, remedy)


def warning(seen: str, place: str, *, risk: str, remedy: str) -> DoctorAnswer:
    """A slip or an attack begins here."""
    return DoctorAnswer(AnswerState.FINDING, seen, place, Severity.WARNING, risk, remedy)


def note(seen: str, place: str, *, risk: str, remedy: str) -> DoctorAnswer:
    """It could be better."""
    return DoctorAnswer(AnswerState.FINDING, seen, place, Severity.NOTE, risk, remedy)
