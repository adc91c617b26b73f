"""`promptops conversations show`: show a conversation's messages and events."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptops.cli.conversations.opening import StoreOption, find_one, open_store, read_keyring
from promptops.cli.session import (
    Format,
    FormatOption,
    emit,
    emit_json,
    json_document,
    one_line,
    paint,
)
from promptops.runtime.conversation.documents import SCHEMA, describe_conversation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SAYING = frozenset({"message", "summary", "hand_over"})


def show(
    conversation: Annotated[str, typer.Argument(metavar="ID", show_default=False)],
    content: Annotated[
        bool, typer.Option("--content/--no-content", help="Include the messages.")
    ] = True,
    store: StoreOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Show one conversation: every message, summary, hand-over, expiry and erasure.

    What was said is there as long as it has not expired, been dropped or erased. Messages are
    unredacted.
    """
    keyring = read_keyring() if content else None
    with open_store(store) as opened:
        head = find_one(opened, conversation)
        told = describe_conversation(opened, head, keyring, now=time.time(), with_content=content)
    if output is Format.JSON:
        emit_json(json_document(SCHEMA, **told))
        return
    emit("\n".join(_describe(told, with_content=content)))


def _describe(told: Mapping[str, Any], *, with_content: bool) -> Iterator[str]:
    owner = ", ".join(f"{key} {told[key]}" for key in ("user", "tenant") if told[key] is not None)
    yield f"{paint(one_line(told['id']), bold=True)}  {one_line(owner) or 'of nobody'}"
    for row in told["rows"]:
        what = row["role"] if row["kind"] == "message" else row["kind"].replace("_", "-")
        by = f"  by {one_line(row['by'])}" if row["by"] else ""
        size = f"  {row['tokens']} tokens" if row["tokens"] else ""
        until = f"  up to {row['covers']}" if row["covers"] else ""
        yield f"{row['number']}  {row['at']}  {what}{by}{size}{until}"
        if with_content and row["kind"] in _SAYING:
            yield from (f"    {line}" for line in _say(row["content"]))


def _say(content: Any) -> list[str]:  # noqa: ANN401 - each kind of row has its own
    if content is None:
        return ["(removed)"]
    said = content.get("content") if isinstance(content, dict) and "role" in content else content
    if isinstance(said, str):
        return said.splitlines() or [""]
    return json.dumps(content, ensure_ascii=False, indent=2).splitlines()
