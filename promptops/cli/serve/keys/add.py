"""`promptops serve keys add`: create a key."""

from __future__ import annotations

import os
import re
import time
from typing import Annotated

import typer

from promptops.cli.serve.opening import KeysOption, open_keyfile
from promptops.cli.session import (
    Format,
    FormatOption,
    clean,
    emit,
    emit_json,
    json_document,
    say,
)
from promptops.errors import UsageError
from promptops.server.keys import DEFAULT_VERBS, VERBS, KeyScope, describe_key, make_key

_UNITS = {"h": 3600, "d": 86_400, "w": 604_800}


def add(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The name of the key's owner.", show_default=False)
    ],
    verbs: Annotated[
        list[str] | None,
        typer.Option(
            "--verb",
            metavar="VERB",
            help=f"Allowed verb: {', '.join(VERBS)}; repeatable.",
            show_default=", ".join(DEFAULT_VERBS),
        ),
    ] = None,
    prompts: Annotated[
        list[str] | None,
        typer.Option(
            "--prompt",
            metavar="PATTERN",
            help="Allowed prompts, such as 'support/*'; repeatable.",
            show_default="*",
        ),
    ] = None,
    environments: Annotated[
        list[str] | None,
        typer.Option(
            "--env",
            metavar="ENV",
            help=(
                "Allowed environments; `releases`: versions and ranges, `working`: the work tree."
            ),
            show_default="*, all but the work tree",
        ),
    ] = None,
    tenant: Annotated[
        str | None,
        typer.Option("--tenant", metavar="TENANT", help="The tenant (customer) it is for."),
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option("--expires", metavar="TIME", help="Lifetime, such as 12h, 90d or 4w."),
    ] = None,
    keys: KeysOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Create a key and print it once. The file stores only its hash.

    A running service accepts the key immediately.
    """
    now = int(time.time())
    scope = KeyScope(
        tuple(verbs or DEFAULT_VERBS),
        tuple(prompts or ("*",)),
        tuple(environments or ("*",)),
        tenant,
    )
    until = None if expires is None else now + _read_duration(expires)
    key, text = make_key(name, scope, now=now, expires_at=until, random_bytes=os.urandom)
    keyfile = open_keyfile(keys)
    keyfile.change(lambda known: known.add(key))
    if output is Format.JSON:
        shown = {name: value for name, value in describe_key(key).items() if name != "hash"}
        emit_json(json_document("promptops.key/v1", key=text, **shown))
        return
    emit(text)
    say(f"key {key.id} of {clean(name)}, in {clean(str(keyfile.path))}; it is not shown again")


def _read_duration(text: str) -> int:
    match = re.fullmatch(r"([1-9]\d{0,5})([hdw])", text)
    if match is None:
        raise UsageError(f"'{text}' is not a time span", hint="write 12h, 90d or 4w")
    return int(match[1]) * _UNITS[match[2]]
