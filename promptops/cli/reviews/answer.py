"""`promptops reviews answer`: accept, correct or reject a model's answer."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer

from promptops.cli.reviews.show import ReviewArgument
from promptops.cli.runs.opening import open_run_log, who
from promptops.cli.runs.show import describe_review
from promptops.cli.session import Format, FormatOption, current, emit, emit_json, json_document
from promptops.errors import RefusedError, UsageError
from promptops.files import read_named
from promptops.runtime.log.documents import review_to_json


def answer(
    review: ReviewArgument,
    accept: Annotated[bool, typer.Option("--accept", help="Accept the answer.")] = False,
    reject: Annotated[bool, typer.Option("--reject", help="Reject the answer.")] = False,
    text: Annotated[
        str | None,
        typer.Option(
            "--answer",
            metavar="TEXT",
            help="The correct answer; @FILE or @- reads it.",
        ),
    ] = None,
    note: Annotated[
        str | None, typer.Option("--note", metavar="TEXT", help="A note about the answer.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Replace an earlier answer.")] = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Accept, correct or reject an answer.

    `promptops reviews export` turns answered reviews into samples of an eval suite.
    """
    if sum((accept, reject, text is not None)) != 1:
        raise UsageError("no review given", hint="give one of --accept, --answer TEXT and --reject")
    corrected = None if text is None else _read(text)
    with open_run_log() as log:
        found = log.get_review(review)
        if found.status != "open" and not again:
            raise RefusedError(
                f"the review was answered before: {describe_review(found)}",
                hint="use --again to replace the answer",
            )
        done = found._replace(
            status="answered",
            is_accepted=accept,
            answer=corrected,
            note=note,
            by=who(),
            answered_at=time.time(),
        )
        log.review(done)
    if output is Format.JSON:
        emit_json(json_document("promptops.review/v1", **review_to_json(done)))
    else:
        emit(f"{done.id}: {describe_review(done)}")


def _read(text: str) -> str:
    if not text.startswith("@"):
        return text
    is_input = text == "@-"
    data = sys.stdin.buffer.read() if is_input else read_named(current().directory / text[1:])
    try:
        # A newline at the file's end is not part of the answer.
        return data.decode().removesuffix("\n")
    except UnicodeDecodeError as error:
        raise UsageError(f"{text} is not UTF-8 text", hint="save the file as UTF-8") from error
