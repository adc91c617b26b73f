"""Open the store of conversations for a command."""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.runs.conversations import find_place, is_there
from promptops.cli.session import runtime_config
from promptops.errors import NotFoundError, quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.runtime.conversation.entries import ConversationHead, ConversationStore
    from promptops.runtime.log.encryption import Keyring

StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="STORE",
        help="Another store: a file's path, redis:// or postgresql://.",
        show_default=False,
    ),
]


@contextmanager
def open_store(store: str | None) -> Iterator[ConversationStore]:
    """Open the store named by the option, or the configured one.

    Raises:
        NotFoundError: the file does not exist; it is not created.
        LogError: the store is unusable.
    """
    from promptops.runtime.conversation.opening import open_conversations
    from promptops.runtime.stores.addresses import describe_place

    place = find_place() if store is None else store
    if not is_there(place):
        raise NotFoundError(
            f"there are no conversations in {describe_place(place)}",
            hint="create one with registry.conversation(...), or use another --store",
        )
    with closing(open_conversations(place)) as opened:
        yield opened


def read_keyring() -> Keyring | None:
    """Return the keys in `[conversations] encryption_key`, or None."""
    from promptops.runtime.log.encryption import read_keys

    variable = runtime_config().conversations.encryption_key
    if variable is None:
        return None
    return read_keys(variable, os.environ.get(variable), os.urandom, "the store of conversations")


def find_one(store: ConversationStore, conversation: str) -> ConversationHead:
    """Return a conversation. Raises NotFoundError if there is none with this id."""
    head = store.find(conversation)
    if head is None:
        raise NotFoundError(
            f"there is no conversation {quote(conversation)}",
            hint="run promptops conversations list to see the newest",
        )
    return head
