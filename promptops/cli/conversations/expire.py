"""`promptops conversations expire`: remove the content of expired conversations."""

from __future__ import annotations

import time

from promptops.cli.conversations.opening import StoreOption, open_store
from promptops.cli.session import emit


def expire(store: StoreOption = None) -> None:
    """Remove what conversations said whose time to live is over. That they were there stays.

    Nobody is given an expired conversation in any case; this removes it from the store, as
    `promptops runs prune` does.
    """
    with open_store(store) as opened:
        number = opened.expire(time.time())
    emit(f"removed what {'1 conversation' if number == 1 else f'{number:,} conversations'} said")
