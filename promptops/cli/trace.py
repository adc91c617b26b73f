"""`promptops trace`: follow a version or digest back to its authors, checking every link."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptops.cli.session import (
    Format,
    FormatOption,
    current,
    emit,
    emit_json,
    json_document,
    paint,
)

if TYPE_CHECKING:
    from promptops.provenance.trace import Link, Trace

_COLOURS = {"ok": "green", "broken": "red", "unchecked": "yellow"}
_WIDTH = 80
_INDENT = " " * 22


def trace(
    ref: Annotated[str, typer.Argument(metavar="NAME@VERSION|NAME@ENV|DIGEST")],
    trust: Annotated[
        Path | None,
        typer.Option(
            "--trust", metavar="FILE", help="Know signers by the allowed signers in FILE."
        ),
    ] = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Follow a version or a digest to its deployments, release, commit, authors and approvals.

    Every link is checked, not just read. Of a digest, 12 hex digits are enough. Exit code 1: the
    chain breaks, and the last line names the first broken link; 2: this clone cannot tell.
    """
    from promptops.provenance.trace import LinkStatus, trace_chain

    found = trace_chain(current().repository, ref, allowed_signers=trust)
    if output is Format.JSON:
        emit_json(trace_to_json(found))
    else:
        emit("\n".join(_describe(found)))
    if found.first(LinkStatus.BROKEN) is not None:
        raise typer.Exit(1)
    if found.first(LinkStatus.UNCHECKED) is not None:
        raise typer.Exit(2)


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


def trace_to_json(found: Trace) -> dict[str, Any]:
    """The chain as `promptops.trace/v1`."""
    from promptops.provenance.trace import LinkStatus

    broken = found.first(LinkStatus.BROKEN)
    return json_document(
        "promptops.trace/v1",
        asked=found.asked,
        prompt=found.name,
        version=str(found.version),
        digest=found.digest,
        broken=None if broken is None else broken.name,
        verdict=found.verdict,
        links=[
            {
                "link": link.name,
                "status": link.status.value,
                "detail": link.detail,
                "lines": list(link.lines),
                "hint": link.hint,
                "facts": dict(link.facts),
            }
            for link in found.links
        ],
    )
