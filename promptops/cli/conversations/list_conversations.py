"""`promptops conversations list`: list conversations, the most recently changed first."""

from __future__ import annotations

from typing import Annotated

import typer

from promptops.cli.conversations.opening import StoreOption, open_store
from promptops.cli.runs.opening import UserOption
from promptops.cli.runs.view import format_second
from promptops.cli.session import (
    Format,
    FormatOption,
    emit_json,
    emit_table,
    json_document,
    one_line,
    say,
)
from promptops.runtime.conversation.documents import describe_head


def list_conversations(
    user: UserOption = None,
    limit: Annotated[
        int,
        typer.Option(
            "-n", "--limit", metavar="N", min=1, max=10_000, help="Maximum number of rows."
        ),
    ] = 20,
    store: StoreOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """List conversations, the most recently changed first, without what was said."""
    with open_store(store) as opened:
        found = list(opened.list(user=user, limit=limit + 1))
    heads, is_more = found[:limit], len(found) > limit
    if output is Format.JSON:
        rows = [describe_head(head) for head in heads]
        emit_json(json_document("promptops.conversations/v1", conversations=rows, more=is_more))
        return
    emit_table(
        [
            (
                one_line(head.id),
                one_line(head.user or "-"),
                one_line(head.tenant or "-"),
                format_second(head.created_at),
                format_second(head.at),
                str(head.rows),
            )
            for head in heads
        ],
        header=("CONVERSATION", "USER", "TENANT", "BEGAN", "CHANGED", "ROWS"),
    )
    if not heads:
        say("there are no such conversations")
    elif is_more:
        say("more rows: use -n")
