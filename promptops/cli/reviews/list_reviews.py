"""`promptops reviews list`: list reviews, the longest waiting first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.runs.opening import open_run_log
from promptops.cli.runs.show import describe_review
from promptops.cli.runs.view import describe_prompt, format_second, shorten
from promptops.cli.session import (
    Format,
    FormatOption,
    emit_json,
    emit_table,
    json_document,
    one_line,
    say,
)
from promptops.runtime.log.documents import review_to_json

if TYPE_CHECKING:
    from promptops.runtime.log.record import RunReview


def list_reviews(
    answered: Annotated[bool, typer.Option("--answered", help="Show answered reviews.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Show open and answered reviews.")
    ] = False,
    limit: Annotated[
        int,
        typer.Option(
            "-n", "--limit", metavar="N", min=1, max=10_000, help="Maximum number of rows."
        ),
    ] = 20,
    output: FormatOption = Format.TEXT,
) -> None:
    """List runs that wait for a review, the longest waiting first."""
    status = None if everything else "answered" if answered else "open"
    with open_run_log() as log:
        found = log.reviews(status=status, limit=limit)
        prompts = {one.run_id: describe_prompt(log.get(one.run_id).run) for one in found}
    if output is Format.JSON:
        rows = [review_to_json(one, with_content=False) for one in found]
        emit_json(json_document("promptops.reviews/v1", reviews=rows))
        return
    short = shorten([one.id for one in found])
    emit_table(
        [
            (
                short[one.id],
                format_second(one.requested_at),
                prompts[one.run_id],
                _describe(one),
            )
            for one in found
        ],
        header=("REVIEW", "SINCE", "PROMPT", "WHY" if status == "open" else "RESULT"),
    )
    if not found:
        say("there are no open reviews" if status == "open" else "there are no such reviews")


def _describe(one: RunReview) -> str:
    return one_line(one.why or "-") if one.status == "open" else one_line(describe_review(one))
