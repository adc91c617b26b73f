"""`promptops trace`: follow a version, digest, run or output back to its authors."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptops.cli.freshness import refresh_and_tell
from promptops.cli.inputs import read_text
from promptops.cli.runs.opening import open_run_log
from promptops.cli.session import (
    Format,
    FormatOption,
    current,
    emit,
    emit_json,
    json_document,
    paint,
)
from promptops.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from promptops.provenance.trace import Link, Trace

_COLOURS = {"ok": "green", "broken": "red", "unchecked": "yellow"}
_WIDTH = 80
# An id, or its prefix in lists; digests and names have no such hyphens.
_RUN = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{4,27}", re.ASCII)
_INDENT = " " * 22


def trace(
    ref: Annotated[
        str | None, typer.Argument(metavar="[NAME@VERSION|NAME@ENV|DIGEST|RUN]", show_default=False)
    ] = None,
    answer: Annotated[
        str | None,
        typer.Option(
            "--output",
            metavar="FILE",
            help="Find the run that gave this answer; - is standard input.",
        ),
    ] = None,
    trust: Annotated[
        Path | None,
        typer.Option(
            "--trust", metavar="FILE", help="Identify signers by the allowed signers in FILE."
        ),
    ] = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Trace a version, digest, run or output to its deployments, release, authors and approvals.

    Every link is verified. The first 12 hex digits of a digest are enough. Exit code 1: the chain
    is broken, and the last line names the first broken link. 2: this clone does not have enough
    data.
    """
    from promptops.provenance.trace import LinkStatus, trace_chain

    if (ref is None) == (answer is None):
        raise UsageError(
            "give a version, a digest or a run, or --output", hint="promptops trace --help"
        )
    if answer is not None:
        found = _trace_output(answer, trust)
    elif ref is not None and _RUN.fullmatch(ref):
        found = _trace_run(ref, trust)
    else:
        found = trace_chain(current().repository, ref or "", allowed_signers=trust)
    if output is Format.JSON:
        emit_json(trace_to_json(found))
    else:
        emit("\n".join(_describe(found)))
        refresh_and_tell(current().repository, offline=True)
    if found.first(LinkStatus.BROKEN) is not None:
        raise typer.Exit(1)
    if found.first(LinkStatus.UNCHECKED) is not None:
        raise typer.Exit(2)


def _trace_run(run_id: str, trust: Path | None) -> Trace:
    from promptops.provenance.trace import trace_run

    with open_run_log() as log:
        run = log.get(run_id).run
    return trace_run(current().repository, run, allowed_signers=trust)


def _trace_output(path: str, trust: Path | None) -> Trace:
    from promptops.provenance.trace import Answered, trace_run

    text = read_text(path)
    with open_run_log() as log:
        runs = log.find_output(text)
    if not runs:
        raise NotFoundError(
            "no run in the log answered this text",
            hint="pass the whole answer and nothing else; erased runs are not found",
        )
    found_by = Answered(len(runs) - 1)
    return trace_run(current().repository, runs[0], found_by=found_by, allowed_signers=trust)


def _describe(found: Trace) -> list[str]:
    lines = [paint(f"{found.name}@{found.version}", bold=True), *_wrap(found.digest or "", "")]
    for link in found.links:
        lines += _describe_link(link)
    return [*lines, "", *textwrap.wrap(found.verdict, _WIDTH, break_on_hyphens=False)]


def _describe_link(link: Link) -> list[str]:
    status = link.status.value
    first, *rest = _wrap(link.detail, _INDENT)
    head = paint(status.ljust(9), _COLOURS.get(status), dim=status == "absent")
    lines = [f"{head} {link.name.ljust(12)}{first.removeprefix(_INDENT)}", *rest]
    for line in link.lines:
        lines += _wrap(line, _INDENT)
    if link.hint:
        lines += _wrap(f"hint: {link.hint}", _INDENT)
    return lines


def _wrap(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
        break_long_words=False,
    )


def trace_to_json(trace: Trace) -> dict[str, Any]:
    """Return the chain as `promptops.trace/v2`."""
    from promptops.provenance.trace import LinkStatus

    broken = trace.first(LinkStatus.BROKEN)
    return json_document(
        "promptops.trace/v2",
        asked=trace.asked,
        prompt=trace.name,
        version=str(trace.version),
        digest=trace.digest,
        broken=None if broken is None else broken.name,
        verdict=trace.verdict,
        links=[
            {
                "link": link.name,
                "status": link.status.value,
                "detail": link.detail,
                "lines": list(link.lines),
                "hint": link.hint,
                "facts": dict(link.facts),
            }
            for link in trace.links
        ],
    )
