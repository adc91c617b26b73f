"""`promptops reviews export`: write answered reviews as samples of an eval suite."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptops.cli.runs.opening import open_run_log
from promptops.cli.session import current, emit, json_document, say, warn
from promptops.errors import NotFoundError, UsageError, count_of
from promptops.runtime.log.documents import entry_to_json, review_to_json

if TYPE_CHECKING:
    from promptops.runtime.log.record import LogEntry, RunReview

_ALL = 1_000_000


class ReviewsFormat(StrEnum):
    """The formats of an export of reviews."""

    YAML = "yaml"
    JSON = "json"


def export(
    prompt: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="Only reviews of this prompt.", show_default=False),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write to FILE.")
    ] = None,
    output: Annotated[
        ReviewsFormat,
        typer.Option(
            "--format", help="yaml: an eval suite; json: one document per line.", show_default=True
        ),
    ] = ReviewsFormat.YAML,
) -> None:
    """Write answered reviews as an eval suite: the inputs and the expected answers.

    A JSON answer becomes `json_equals`, any other answer `equals`; relax the expectation if the
    wording may vary. Rejected answers without a correction are left out.
    """
    with open_run_log() as log:
        answered = log.reviews(status="answered", limit=_ALL)
        pairs = [(one, log.get(one.run_id)) for one in answered]
    if prompt is not None:
        pairs = [pair for pair in pairs if pair[1].run.prompt == prompt]
    if output is ReviewsFormat.JSON:
        lines = [json.dumps(_to_json(*pair), ensure_ascii=False) for pair in pairs]
        text = "\n".join(lines)
    else:
        text = _make_suite(pairs)
    if file is None:
        if text:
            emit(text)
        return
    path = current().directory / file
    path.write_bytes(f"{text}\n".encode("utf-8", "backslashreplace") if text else b"")
    say(f"written: {file}")


def _to_json(review: RunReview, entry: LogEntry) -> dict[str, Any]:
    return json_document(
        "promptops.review/v1", **review_to_json(review) | {"run": entry_to_json(entry)}
    )


def _make_suite(pairs: list[tuple[RunReview, LogEntry]]) -> str:
    from promptops.prompt.frontmatter.writing import dump_yaml

    names = sorted({entry.run.prompt or entry.run.ref for _, entry in pairs})
    if not names:
        raise NotFoundError(
            "there are no answered reviews", hint="run promptops reviews list to see open reviews"
        )
    if len(names) > 1:
        raise UsageError(
            "a suite has one prompt, and the reviews are of several",
            hint=f"name one of: {', '.join(names)}",
        )
    samples = [make_sample(*pair) for pair in pairs]
    kept = [one for one in samples if one is not None]
    if len(kept) < len(samples):
        left = count_of(len(samples) - len(kept), "review")
        say(f"left out: {left} without an answer or inputs")
    if any(entry.run.is_redacted for _, entry in pairs):
        warn(
            "inputs or answers were redacted when they were logged",
            hint="search for '[redacted' and replace it",
        )
    suite = {"schema": "promptops.suite/v1", "prompt": names[0], "samples": kept}
    return dump_yaml(suite, 100).rstrip("\n")


def make_sample(review: RunReview, entry: LogEntry) -> dict[str, Any] | None:
    """Return the sample of a review; None if it has no expected answer."""
    run = entry.run
    wanted = run.answer if review.is_accepted else review.answer
    if not wanted or run.inputs is None:
        return None
    sample: dict[str, Any] = {"name": f"review {review.id}", "tags": ["review"]}
    if review.note:
        sample["description"] = review.note
    try:
        value = json.loads(wanted)
    except ValueError:
        value = None
    expectation = {"json_equals": value} if isinstance(value, dict | list) else {"equals": wanted}
    return {**sample, "inputs": dict(run.inputs), "expect": [expectation]}
