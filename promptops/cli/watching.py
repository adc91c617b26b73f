"""Repeat a function after each change of a repository's files, for `--watch`."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from promptops.checks.watching import list_watched, watch
from promptops.cli.session import current, is_terminal, report_error, restart_session, say
from promptops.errors import PromptopsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def watch_and_repeat(once: Callable[[], object], *, with_owners: bool) -> None:
    """Call `once` now and after each change, until interrupted; report its errors.

    `with_owners`: whether changes of CODEOWNERS files count.
    """

    def find() -> list[Path]:
        return list_watched(current().repository, with_owners=with_owners)

    for _ in watch(find, time.sleep):
        if is_terminal(sys.stdout):
            sys.stdout.write("\x1b[2J\x1b[H")
        # The last session has the configuration before the change.
        restart_session()
        try:
            once()
        except PromptopsError as error:
            report_error(error)
        sys.stdout.flush()
        say("watching for changes; Ctrl-C ends it")
