"""Warn once about the default limit and about unknown costs.

If `[guards]` does not limit spending, a default limit applies, which runs of unknown cost bypass.
Neither is an error; both are reported once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.repository.settings.guards import DEFAULT_SPEND_PER_HOUR
from promptops.repository.settings.reading import MICROS
from promptops.runtime.ledger import LedgerBusyError, LedgerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.runtime.ledger import Ledger

_NOTE = "notice/default-limit"
_KEPT_SECONDS = 365 * 86_400.0


class Notices:
    """Reports the default limit once for each ledger, and an unknown cost once for each process."""

    def __init__(self, ledger: Ledger, warn: Callable[[str], None]) -> None:
        """Store the ledger, which records that the limit was reported, and the warning function."""
        self._ledger = ledger
        self._warn = warn
        self._has_said_limit = False
        self._has_said_unknown = False

    def say(self, cost: int | None, now: float, *, wait: bool) -> None:
        """Report the default limit, or an unknown cost (None), if not yet reported.

        Raises LedgerBusyError if it would have to wait and must not. Other errors are ignored: the
        next process reports again.
        """
        if cost is None and not self._has_said_unknown:
            self._has_said_unknown = True
            self._warn(
                "the maximum cost of a run is unknown, so limits on spending do not count it: set "
                "a price in [models] (or free = true), and max_tokens in the prompt"
            )
        if cost != 0 and not self._has_said_limit:
            if self._note(now, wait=wait):
                limit = DEFAULT_SPEND_PER_HOUR // MICROS
                self._warn(
                    f"guards.spend_per_hour is not set, so all runs together may spend {limit} "
                    "US dollars an hour; set it in promptops.toml"
                )
            self._has_said_limit = True

    def _note(self, now: float, *, wait: bool) -> bool:
        """Record that the limit is reported; return whether it was not reported before."""
        try:
            if self._ledger.read_note(_NOTE, now=now, wait=wait) is not None:
                return False
            until = now + _KEPT_SECONDS
            return self._ledger.swap_note(_NOTE, None, "said", until=until, now=now, wait=wait)
        except LedgerBusyError:
            raise
        except LedgerError:
            return True
