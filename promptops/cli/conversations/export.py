"""`promptops conversations export`: write conversations for other programs."""

from __future__ import annotations

import json
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from promptops.cli.conversations.opening import StoreOption, find_one, open_store, read_keyring
from promptops.cli.runs.opening import UserOption
from promptops.cli.session import clean, current, json_document, say
from promptops.errors import UsageError, count_of
from promptops.runtime.conversation.documents import SCHEMA, describe_conversation

_ALL = 10**9


def export(
    conversations: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID...]", help="The conversations to export; by default all."),
    ] = None,
    user: UserOption = None,
    content: Annotated[
        bool, typer.Option("--content/--no-content", help="Include the messages.")
    ] = True,
    file: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write to FILE; - is standard output."),
    ] = None,
    store: StoreOption = None,
) -> None:
    """Write conversations as JSON, one a line, the oldest first.

    Messages are decrypted and unredacted: with --user this is what a person has a right to get.
    """
    if conversations and user is not None:
        raise UsageError("ids and --user cannot be combined", hint="give one or the other")
    keyring = read_keyring() if content else None
    now = time.time()
    with ExitStack() as stack:
        opened = stack.enter_context(open_store(store))
        if conversations:
            heads = [find_one(opened, one) for one in conversations]
        else:
            heads = list(opened.list(user=user, limit=_ALL))[::-1]
        stream = sys.stdout
        if file is not None and str(file) != "-":
            path = current().directory / file
            stream = stack.enter_context(
                path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
            )
        for head in heads:
            told = describe_conversation(opened, head, keyring, now=now, with_content=content)
            line = json.dumps(json_document(SCHEMA, **told), ensure_ascii=False)
            stream.write(f"{line}\n")
    if stream is not sys.stdout:
        count = count_of(len(heads), "conversation")
        say(f"{count} written to {clean(str(file))}")
