"""`promptops readiness`: is a team ready for production?"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.session import clean, current, emit, emit_json, paint, say
from promptops.errors import UsageError

if TYPE_CHECKING:
    from promptops.readiness.facts import ReadinessFacts
    from promptops.readiness.item import ReadinessOutcome


class LevelName(StrEnum):
    """The levels of the checklist."""

    TOOL = "tool"
    PRODUCT = "product"
    PRODUCTION = "production"


class ReadinessFormat(StrEnum):
    """The formats of the checklist."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def readiness(
    level: Annotated[
        LevelName,
        typer.Option("--level", help="Check the items up to this level.", show_default=True),
    ] = LevelName.PRODUCTION,
    output: Annotated[
        ReadinessFormat, typer.Option("--format", help="Output format.", show_default=True)
    ] = ReadinessFormat.TEXT,
    attest: Annotated[
        str | None,
        typer.Option(
            "--attest", metavar="ITEM", help="Attest an item that cannot be checked automatically."
        ),
    ] = None,
    evidence: Annotated[
        str | None,
        typer.Option(
            "--evidence", metavar="TEXT", help="With --attest: what was done or observed."
        ),
    ] = None,
    audit: Annotated[
        bool, typer.Option("--audit", help="Write an audit of all prompts to audits/.")
    ] = False,
    quarter: Annotated[
        bool, typer.Option("--quarter", help="Write a review of this quarter to audits/.")
    ] = False,
) -> None:
    """Check whether a team is ready for production, with a checklist based on facts.

    Each item shows its evidence, or the next step. Items that cannot be checked automatically can
    be attested; an attestation is dated, stored in the repository, and expires. Exit code 1: an
    item of the level is not met.
    """
    from promptops.readiness.facts import ReadinessFacts

    if sum((attest is not None, audit, quarter)) > 1:
        raise UsageError(
            "--attest, --audit and --quarter cannot be combined", hint="give one of them"
        )
    if (attest is None) is not (evidence is None):
        raise UsageError("--attest and --evidence must be used together", hint="give both")
    facts = ReadinessFacts(current().repository)
    if attest is not None:
        _attest(facts, attest, evidence or "")
    elif audit or quarter:
        _write(facts, is_quarter=quarter)
    else:
        _show(facts, level, output)


def _show(facts: ReadinessFacts, level: LevelName, output: ReadinessFormat) -> None:
    from promptops.readiness.checklist import judge_readiness
    from promptops.readiness.item import ReadinessLevel
    from promptops.readiness.report import (
        readiness_to_json,
        readiness_to_markdown,
        readiness_to_text,
    )

    wanted = ReadinessLevel(level.value)
    found = judge_readiness(facts, wanted)
    if output is ReadinessFormat.JSON:
        emit_json(readiness_to_json(found))
    elif output is ReadinessFormat.MARKDOWN:
        emit(readiness_to_markdown(found))
    else:
        emit(readiness_to_text(found, _paint))
    if found.reached is not wanted:
        raise typer.Exit(1)


def _paint(text: str, outcome: ReadinessOutcome) -> str:
    colours = {"met": "green", "attested": "green", "missing": "red", "cannot be seen": "yellow"}
    return paint(text, colours[outcome.value], bold=True)


def _attest(facts: ReadinessFacts, item: str, evidence: str) -> None:
    from promptops.readiness.attestations import FILE
    from promptops.readiness.attesting import attest

    made = attest(facts, item, evidence)
    say(f"{item} is attested until {made.ends_at:%Y-%m-%d}; commit {FILE}")


def _write(facts: ReadinessFacts, *, is_quarter: bool) -> None:
    from promptops.readiness.attestations import FILE
    from promptops.readiness.attesting import record_audit, record_quarter

    path = record_quarter(facts) if is_quarter else record_audit(facts)
    say(f"{clean(path)} written; add your decisions, then commit it and {FILE}")
