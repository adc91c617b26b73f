"""Open the conversation stores that a command uses."""

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
    """Open the configured store, if any, and others; yield path or URL -> store.

    A missing file is not created.
    """
    from promptops.runtime.conversation.opening import open_conversations
    from promptops.runtime.stores.addresses import describe_place

    # A run log in PostgreSQL may or may not have conversations; check.
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
    """Return whether a store may exist at a path or URL. No file is created."""
    if "://" in place and not place.startswith("sqlite:"):
        return True
    return Path(place.removeprefix("sqlite:").removeprefix("//")).expanduser().exists()
