"""The stores of conversations that a command means."""

from __future__ import annotations

import os
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from promptops.cli.session import runtime_config, runtime_folders

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from promptops.runtime.conversation.entries import ConversationStore


@contextmanager
def open_stores(more: Sequence[str] = ()) -> Iterator[dict[str, ConversationStore]]:
    """Open the store of the configuration, where there is one, and others; by their places.

    A file that is not there holds no conversations, and is not made.
    """
    from promptops.runtime.conversation.opening import open_conversations
    from promptops.runtime.stores.addresses import describe_place

    # A run log in PostgreSQL may have conversations beside it, or not: that is seen by looking.
    places = dict.fromkeys([find_place(), *more])
    with ExitStack() as stack:
        yield {
            describe_place(place): stack.enter_context(closing(open_conversations(place)))
            for place in places
            if is_there(place)
        }


def find_place() -> str:
    """Return the path or URL of the store that the configuration means."""
    from promptops.runtime.stores.addresses import find_store

    config = runtime_config()
    common, top = runtime_folders()
    return find_store(
        config.conversations.place, config.log, os.environ, common_dir=common, top=top
    )


def is_there(place: str) -> bool:
    """Return whether a store may be at a place; a file is not made by looking."""
    if "://" in place and not place.startswith("sqlite:"):
        return True
    return Path(place.removeprefix("sqlite:").removeprefix("//")).expanduser().exists()
