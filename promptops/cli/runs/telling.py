"""Send alerts from a command, and wait until they are sent."""

from __future__ import annotations

import os
import time
from contextvars import copy_context
from typing import TYPE_CHECKING

from promptops.cli.session import runtime_config, runtime_folders, warn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptops.runtime.alerts.alert import Alert


# A channel may retry; the command waits for it.
_CLOSE_SECONDS = 30.0


def tell(alerts: Sequence[Alert]) -> bool:
    """Send alerts through the channels of [alerts], each once, and record them in the run log.

    Return whether each alert was accepted by a channel.
    """
    from promptops.cli.run_log import record_event
    from promptops.runtime.alerts.opening import open_alerter
    from promptops.runtime.guards.opening import open_ledger
    from promptops.runtime.stores.addresses import find_store

    config, now = runtime_config(), time.time()
    common, top = runtime_folders()
    url = find_store(config.guards.place, config.log, os.environ, common_dir=common, top=top)
    ledger = open_ledger(url)
    # The alerter's thread has no session of its own.
    context = copy_context()
    lost: list[str] = []

    def record(kind: str, detail: Mapping[str, object]) -> None:
        if not detail.get("told"):
            lost.append(str(detail.get("title")))
        context.run(record_event, kind, now, dict(detail))

    alerter = open_alerter(
        config.alerts,
        os.environ,
        ledger=ledger,
        clock=time.time,
        warn=warn,
        record=record,
    )
    for one in alerts:
        alerter.notify(one)
    left = alerter.close(_CLOSE_SECONDS)
    ledger.close()
    return not left and not lost
