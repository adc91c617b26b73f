"""`promptops stubs`: generate types for programs that call prompts."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from promptops.cli.session import AllOption, current, emit, refuse_both, say
from promptops.errors import count_of


class StubLanguage(StrEnum):
    """The languages of stubs."""

    PYTHON = "python"
    TYPESCRIPT = "typescript"
    CURL = "curl"


def stubs(
    language: Annotated[StubLanguage, typer.Option("--lang", help="The language.")],
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...", help="Prompts; by default all live ones.", show_default=False
        ),
    ] = None,
    everything: AllOption = False,
    environment: Annotated[
        str | None,
        typer.Option(
            "--env",
            metavar="ENVIRONMENT",
            help="The environment whose live versions are used.",
            show_default="the default environment",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write to this file.",
            show_default="to the screen",
        ),
    ] = None,
) -> None:
    """Generate types for inputs and outputs, and calls, for the live prompts.

    Python calls the library. TypeScript and curl call `promptops serve`.
    """
    from promptops.repository.writing import write_atomically
    from promptops.runtime.registry import open_registry
    from promptops.runtime.stubs.curl import write_curl
    from promptops.runtime.stubs.python import write_python
    from promptops.runtime.stubs.types import read_stubs
    from promptops.runtime.stubs.typescript import write_typescript

    refuse_both(names, everything=everything)
    write = {
        StubLanguage.PYTHON: write_python,
        StubLanguage.TYPESCRIPT: write_typescript,
        StubLanguage.CURL: write_curl,
    }[language]
    session = current()
    place = session.directory if session.is_named else None
    with open_registry(place, environment=environment) as registry:
        pinned = registry.default_environment
        wanted = names or [one.name for one in registry.list(pinned)]
        found = read_stubs(registry.find(f"{name}@{pinned}").prompt for name in wanted)
    text = write(found, pinned)
    if output is None:
        emit(text.removesuffix("\n"), is_verbatim=True)
        return
    write_atomically(session.directory / output, text.encode())
    count = count_of(len(found), "prompt")
    say(f"{count} of {pinned}: {output} written")
