"""`promptops drill`: rehearse what must work when something fails."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from promptops.cli.session import Format, FormatOption, current, emit, emit_json, json_document, say


class DrillName(StrEnum):
    """The drills."""

    ROLLBACK = "rollback"
    SOURCE_LOSS = "source-loss"
    PROVIDER_OUTAGE = "provider-outage"
    RESTORE = "restore"


def drill(
    name: Annotated[
        DrillName,
        typer.Argument(
            metavar="DRILL",
            help="rollback, source-loss, provider-outage or restore.",
            show_default=False,
        ),
    ],
    record: Annotated[
        bool,
        typer.Option("--record/--no-record", help="Attest the result for `promptops readiness`."),
    ] = True,
    output: FormatOption = Format.TEXT,
) -> None:
    """Rehearse a failure in a scratch copy of this repository, with real processes.

    Nothing outside the copy changes, except the dated attestation in .promptops/attestations.jsonl.

    rollback: how long until readers see a rollback?

    source-loss: do readers keep working without the remote?

    provider-outage: does a fallback answer?

    restore: can everything be restored from a backup?
    """
    from promptops.readiness.attestations import FILE
    from promptops.readiness.attesting import attest_drill
    from promptops.readiness.drills.catalogue import run_drill
    from promptops.readiness.facts import ReadinessFacts

    repository = current().repository
    result = run_drill(repository, name.value)
    if output is Format.JSON:
        steps = [{"what": one.what, "seconds": round(one.seconds, 3)} for one in result.steps]
        emit_json(
            json_document("promptops.drill/v1", drill=name.value, shown=result.shown, steps=steps)
        )
    else:
        for step in result.steps:
            emit(f"{step.seconds:6.1f} s  {step.what}")
        emit(result.shown)
    if record:
        attest_drill(ReadinessFacts(repository), result.item, result.shown)
        say(f"recorded in {FILE}; commit it")
