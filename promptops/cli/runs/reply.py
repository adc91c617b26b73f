"""`promptops runs reply`: send tool results to a waiting run and continue it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptops.cli.session import Format, FormatOption, current
from promptops.errors import InputError, UsageError, quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from promptops.runtime.models.model import ToolCall


def reply(
    run: Annotated[str, typer.Argument(metavar="RUN", show_default=False)],
    results: Annotated[
        list[str] | None,
        typer.Option(
            "--result",
            metavar="CALL=TEXT",
            help="The result of one call, by its id; @FILE or @- reads it.",
        ),
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(
            "--results",
            metavar="FILE",
            help=(
                "All results as JSON: an object by id, or a list in call order; - is standard"
                " input."
            ),
        ),
    ] = None,
    stream: Annotated[
        bool, typer.Option("--stream", help="Print the answer as it arrives.")
    ] = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Send the results of the tools that a run waits for, and print the model's answer.

    The run continues with the same id, record and cost. The log must have stored its content.
    """
    from promptops.cli.run import print_stream, show_run
    from promptops.runtime.registry import open_registry

    if stream and output is Format.JSON:
        raise UsageError("--stream needs text output", hint="remove --format json")
    session = current()
    with open_registry(session.directory if session.is_named else None) as registry:
        waiting = registry.waiting_run(run)
        given = _read_results(waiting.tool_calls, results or [], file)
        done = print_stream(waiting.stream_reply(given)) if stream else waiting.reply(given)
    show_run(done, output, is_printed=stream)


def _read_results(
    calls: Sequence[ToolCall], options: Iterable[str], file: str | None
) -> Mapping[str, object] | Sequence[object]:
    from promptops.cli.inputs import read_text

    options = list(options)
    if file is not None:
        if options:
            raise UsageError(
                "--result and --results cannot be combined", hint="give one or the other"
            )
        return _read_file(read_text(file), "standard input" if file == "-" else file)
    if not options:
        wanted = ", ".join(f"{one.id}: {one.name}({one.arguments})" for one in calls)
        raise UsageError(
            f"no results given; the run waits for {wanted}", hint="write --result ID=TEXT"
        )
    given: dict[str, object] = {}
    for option in options:
        name, separator, text = option.partition("=")
        if not separator or not name:
            raise UsageError(
                f"{quote(option)} is not a result of a call", hint="write --result ID=TEXT"
            )
        if text.startswith("@@"):
            text = text[1:]
        elif text.startswith("@"):
            text = read_text(text[1:])
        given[name] = text
    return given


def _read_file(text: str, where: str) -> Mapping[str, object] | Sequence[object]:
    try:
        loaded: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where} is not JSON", hint='write {"ID": result}') from error
    if not isinstance(loaded, dict | list):
        raise InputError(
            f"{where} contains no results", hint='write {"ID": result}, or a list of results'
        )
    return loaded
