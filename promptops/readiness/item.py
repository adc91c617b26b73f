"""Items of the checklist, and their outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.readiness.facts import ReadinessFacts


class ReadinessLevel(StrEnum):
    """The three levels, each with all that the one before has."""

    TOOL = "tool"
    PRODUCT = "product"
    PRODUCTION = "production"


class ReadinessOutcome(StrEnum):
    """The outcome of an item."""

    MET = "met"
    ATTESTED = "attested"
    MISSING = "missing"
    UNSEEN = "cannot be seen"

    @property
    def is_good(self) -> bool:
        """Whether nothing is left to do."""
        return self in {ReadinessOutcome.MET, ReadinessOutcome.ATTESTED}


class Evidence(NamedTuple):
    """The answer of an item.

    Attributes:
        outcome: the outcome.
        evidence: what was found, or what is missing.
        remedy: the command to run or the file to write; empty if nothing is left to do.
    """

    outcome: ReadinessOutcome
    evidence: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class ReadinessItem:
    """One item.

    Attributes:
        id: its name, for attestations and programs.
        level: the level that needs it.
        title: what is asked for.
        judge: answers it from facts.
        days: for how many days an attestation of it counts.
    """

    id: str
    level: ReadinessLevel
    title: str
    judge: Callable[[ReadinessFacts], Evidence]
    days: int = 90


def met(evidence: str) -> Evidence:
    """Return the answer of an item that is met."""
    return Evidence(ReadinessOutcome.MET, evidence)


def missing(evidence: str, remedy: str) -> Evidence:
    """Return the answer of an item that is not met."""
    return Evidence(ReadinessOutcome.MISSING, evidence, remedy)


def unseen(evidence: str, remedy: str) -> Evidence:
    """Return the answer of an item that cannot be checked automatically."""
    return Evidence(ReadinessOutcome.UNSEEN, evidence, remedy)


def name_some(names: list[str], limit: int = 3) -> str:
    """Return the first few of some names, and how many others there are."""
    shown = ", ".join(names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit:,} more"


def each_prompt(count: int) -> str:
    """Return how a sentence on all prompts begins."""
    return "the only prompt" if count == 1 else f"each of {count:,} prompts"
