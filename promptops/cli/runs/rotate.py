"""`promptops runs rotate`: encrypt the log with a new key."""

from __future__ import annotations

from promptops.cli.runs.opening import open_run_log
from promptops.cli.session import emit


def rotate() -> None:
    """Encrypt everything in the log with the first key that [log] encryption_key names.

    To change keys put the new one in front of the old one, run this, and take the old one out. What
    was not encrypted before is encrypted, too.
    """
    with open_run_log() as log:
        number = log.rotate()
    emit(f"encrypted {number} values with the first key")
