"""Ask the remote before showing what is live, and warn if it did not answer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from promptops.cli.session import say
from promptops.cli.times import describe_freshness
from promptops.delivery.refresh import read_freshness, refresh

if TYPE_CHECKING:
    from promptops.delivery.refresh import Freshness
    from promptops.repository.repository import Repository


def refresh_and_tell(repository: Repository, *, offline: bool) -> Freshness:
    """Fetch environments and releases unless `offline`; report how old the data is."""
    now = time.time()
    freshness = read_freshness(repository, now) if offline else refresh(repository, now)
    told = describe_freshness(freshness, repository.remote, now)
    if told:
        say(told)
    return freshness
