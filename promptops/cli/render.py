"""`promptops render`: print the messages for given inputs."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from typing import Annotated, Any

import typer

from promptops.cli.session import (
    clean,
    current,
    emit,
    emit_json,
    is_terminal,
    json_document,
    paint,
    warn,
)


class RenderFormat(StrEnum):
    """The formats of output: texts, messages as JSON, or a whole request."""

    TEXT = "text"
    JSON = "json"
    REQUEST = "request"


def render(
    ref: Annotated[str, typer.Argument(metavar="NAME[@SELECTOR]", show_default=False)],
    variables: Annotated[
        list[str] | None,
        typer.Option(
            "--var", metavar="NAME=VALUE", help="Set an input; @FILE or @- reads the value."
        ),
    ] = None,
    files: Annotated[
        list[str] | None,
        typer.Option(
            "--vars",
            metavar="FILE",
            help="Read inputs from a JSON or YAML file; - is standard input.",
        ),
    ] = None,
    output: Annotated[
        RenderFormat,
        typer.Option(
            "--format", help="Output format; request: the body of an API call.", show_default=True
        ),
    ] = RenderFormat.TEXT,
) -> None:
    """Render a prompt with given inputs and print the messages.

    Without a selector, the prompt in the work tree is rendered.
    """
    from promptops.cli.inputs import read_values
    from promptops.prompt.reference import SelectorKind, parse_ref
    from promptops.runtime.lookup import resolve_selected

    wanted = parse_ref(ref)
    if wanted.selector is None or wanted.selector.kind is SelectorKind.WORKING:
        from promptops.runtime.confinement.confinement import warm_up

        warm_up()
    resolved = resolve_selected(current().repository, wanted)
    prompt = resolved.prompt
    for warning in resolved.warnings:
        warn(warning)
    values = read_values(prompt.inputs, variables or [], files or [])
    if output is RenderFormat.REQUEST:
        emit_json(prompt.request(values))
        return
    messages = prompt.render(values)
    if output is RenderFormat.JSON:
        emit_json(
            json_document(
                "promptops.render/v1",
                name=prompt.name,
                version=str(prompt.version),
                digest=prompt.digest,
                commit=resolved.commit,
                messages=messages,
            )
        )
        return
    emit(
        "\n\n".join(_paragraph(message, alone=len(messages) == 1) for message in messages),
        is_verbatim=True,
    )


def _paragraph(message: dict[str, Any], *, alone: bool) -> str:
    content = message.get("content")
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    if is_terminal(sys.stdout):
        text = clean(text)
    elif alone:
        return text
    return f"{paint(str(message['role']), 'magenta', bold=True)}\n{text}"
