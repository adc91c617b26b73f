"""`promptops runs export`: write runs with their content for other programs."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptops.cli.runs.opening import (
    EnvOption,
    ModelOption,
    PromptArgument,
    SinceOption,
    StageOption,
    StatusOption,
    TenantOption,
    UntilOption,
    UserOption,
    make_filters,
    open_run_log,
)
from promptops.cli.runs.view import CONTENT, to_csv
from promptops.cli.session import current, json_document, say
from promptops.runtime.log.documents import entry_to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptops.runtime.log.record import LogEntry

_NESTED = ("usage", "decisions", "labels", "attempts", "events", "feedback", "reviews")


class ExportFormat(StrEnum):
    """The formats of an export."""

    JSON = "json"
    CSV = "csv"


def export(
    prompt: PromptArgument = None,
    since: SinceOption = None,
    until: UntilOption = None,
    environment: EnvOption = None,
    model: ModelOption = None,
    user: UserOption = None,
    tenant: TenantOption = None,
    status: StatusOption = None,
    stage: StageOption = None,
    content: Annotated[
        bool, typer.Option("--content/--no-content", help="Include inputs, messages and answers.")
    ] = True,
    file: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write to FILE; - is standard output."),
    ] = None,
    output: Annotated[
        ExportFormat,
        typer.Option(
            "--format",
            help="json: one document per line; csv: for spreadsheets.",
            show_default=True,
        ),
    ] = ExportFormat.JSON,
) -> None:
    """Write runs, the oldest first: each with its attempts, events, feedback and reviews.

    Those of evals, replays and drills are included; their environment is eval.

    The log is read in pages, so that it may be larger than memory. In CSV a text that a spreadsheet
    would take for a formula gets an apostrophe in front.
    """
    filters = make_filters(
        prompt,
        since=since,
        until=until,
        environment=environment,
        model=model,
        user=user,
        tenant=tenant,
        status=status,
        stage=stage,
        evals=None,
    )
    with ExitStack() as stack:
        log = stack.enter_context(open_run_log())
        counted = _Counted(log.export(filters))
        lines = _csv(counted, content) if output is ExportFormat.CSV else _json(counted, content)
        if file is None or str(file) == "-":
            stream = sys.stdout
        else:
            path = current().directory / file
            stream = stack.enter_context(
                path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
            )
        for line in lines:
            stream.write(f"{line}\n")
    if stream is not sys.stdout:
        say(f"{counted.number} runs written to {file}")


class _Counted:
    """Counts entries while iterating."""

    def __init__(self, entries: Iterable[LogEntry]) -> None:
        self._entries = entries
        self.number = 0

    def __iter__(self) -> Iterator[LogEntry]:
        for entry in self._entries:
            self.number += 1
            yield entry


def _json(entries: Iterable[LogEntry], content: bool) -> Iterator[str]:
    for entry in entries:
        document = json_document("promptops.run/v1", **entry_to_json(entry, with_content=content))
        yield json.dumps(document, ensure_ascii=False)


def _csv(entries: Iterable[LogEntry], content: bool) -> Iterable[str]:
    header = [*_COLUMNS, *(CONTENT if content else ())]

    def rows() -> Iterator[list[Any]]:
        for entry in entries:
            flat = flatten(entry, content=content)
            yield [flat.get(name) for name in header]

    return to_csv(header, rows())


_COLUMNS = (
    *("id", "parent", "ref", "prompt", "version", "digest", "commit", "environment", "deployment"),
    *("model", "user", "tenant", "key", "status", "stage", "error", "error_kind", "started_at"),
    *("ms", "cost_micros", "input_tokens", "output_tokens", "cached_tokens", "usage_source"),
    *("finish", "cached", "degraded", "redacted", "attempts", "feedback_score", "feedback_label"),
    *("labels", "decisions"),
)


def flatten(entry: LogEntry, *, content: bool) -> dict[str, Any]:
    """Return a run as one row: counts instead of lists, and the mean of its feedback."""
    document = entry_to_json(entry, with_content=content)
    flat = {name: value for name, value in document.items() if name not in _NESTED}
    usage = document["usage"]
    scores = [one.score for one in entry.feedback if one.score is not None]
    flat |= {
        **{name: usage[name] for name in ("input_tokens", "output_tokens", "cached_tokens")},
        "usage_source": usage["source"],
        "attempts": len(entry.attempts),
        "feedback_score": sum(scores) / len(scores) if scores else None,
        "feedback_label": "; ".join(one.label for one in entry.feedback if one.label) or None,
        "labels": document["labels"] or None,
        "decisions": "; ".join(f"{one.rule}: {one.why}" for one in entry.run.decisions) or None,
    }
    return flat
