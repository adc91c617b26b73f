"""`promptops blame`: the release and author of every line of a prompt."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptops.cli.session import (
    Format,
    FormatOption,
    current,
    emit,
    emit_json,
    is_terminal,
    json_document,
    paint,
)
from promptops.prompt.times import format_time

if TYPE_CHECKING:
    from promptops.provenance.blame import LineOrigin, Origins

_WIDEST_NAME = 18
# Do not break lines if the text has less width than this.
_MIN_ROOM = 20


def blame(
    ref: Annotated[str, typer.Argument(metavar="NAME[@SELECTOR]")],
    output: FormatOption = Format.TEXT,
) -> None:
    """Show who wrote each line of a prompt, when, and the first release that contains it.

    Included files follow the prompt, each under its path.
    """
    from promptops.prompt.reference import parse_ref
    from promptops.provenance.blame import blame_prompt

    origins = blame_prompt(current().repository, parse_ref(ref))
    if output is Format.JSON:
        emit_json(origins_to_json(origins))
        return
    rows = [_cells(origin) for origin in origins.lines]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4)]
    path = ""
    lines = []
    for origin, row in zip(origins.lines, rows, strict=True):
        if origin.path != path:
            lines += [""] if path else []
            lines.append(paint(origin.path, bold=True))
            path = origin.path
        version, author, date, number = (
            cell.ljust(width) for cell, width in zip(row, widths, strict=True)
        )
        head = f"  {paint(version, _colour(origin))}  {author}  {date}  {number.strip():>4}"
        indent = sum(widths[:3]) + max(len(number.strip()), 4) + 10
        first, *rest = _break(origin.text, indent)
        lines.append(f"{head}  {first}".rstrip())
        lines += [f"{' ' * indent}{line}" for line in rest]
    emit("\n".join(lines), is_verbatim=True)


def _break(text: str, indent: int) -> list[str]:
    """Return a line of a file, broken to fit a terminal after the blame columns."""
    if not is_terminal(sys.stdout):
        return [text]
    import shutil
    import textwrap

    room = shutil.get_terminal_size().columns - indent
    if len(text) <= room or room < _MIN_ROOM:
        return [text]
    return textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [text]


def _cells(origin: LineOrigin) -> tuple[str, str, str, str]:
    """Return version, author, date and number of a line, as text."""
    version = str(origin.version) if origin.version else f"({origin.state.value})"
    if origin.author is None:
        return version, "", "", str(origin.line)
    name = origin.author.name
    shown = name if len(name) <= _WIDEST_NAME else f"{name[: _WIDEST_NAME - 1]}…"
    return version, shown, format_time(origin.author.time_seconds)[:10], str(origin.line)


def _colour(origin: LineOrigin) -> str:
    return "green" if origin.version else "yellow"


def origins_to_json(origins: Origins) -> dict[str, Any]:
    """Return the lines as `promptops.blame/v1`."""
    return json_document(
        "promptops.blame/v1",
        prompt=origins.name,
        at=origins.at,
        lines=[
            {
                "path": origin.path,
                "line": origin.line,
                "text": origin.text,
                "state": origin.state.value,
                "version": str(origin.version) if origin.version else None,
                "commit": origin.commit,
                "author": None
                if origin.author is None
                else {"name": origin.author.name, "email": origin.author.email},
                "time": None if origin.author is None else format_time(origin.author.time_seconds),
            }
            for origin in origins.lines
        ],
    )
