"""`promptops reviews show`: show a run to review."""

from __future__ import annotations

from typing import Annotated

import typer

from promptops.cli.runs.opening import open_run_log
from promptops.cli.runs.show import describe_entry
from promptops.cli.session import Format, FormatOption, emit, emit_json, json_document, say
from promptops.runtime.log.documents import entry_to_json, review_to_json

ReviewArgument = Annotated[
    str,
    typer.Argument(
        metavar="REVIEW|RUN", help="The id of a review or run, or its first characters."
    ),
]


def show(review: ReviewArgument, output: FormatOption = Format.TEXT) -> None:
    """Show a run to review: the request, the answer, and why it needs a review."""
    with open_run_log() as log:
        found = log.get_review(review)
        entry = log.get(found.run_id)
    if output is Format.JSON:
        document = review_to_json(found)
        emit_json(json_document("promptops.review/v1", **document | {"run": entry_to_json(entry)}))
        return
    emit("\n".join(describe_entry(entry)))
    if found.answer is not None:
        emit("\ncorrected answer")
        emit("\n".join(f"  {line}" for line in found.answer.splitlines()))
    if found.status == "open":
        say(f"hint: promptops reviews answer {found.id} --accept, or --answer TEXT")
