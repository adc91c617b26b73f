"""`promptops runs rotate`: encrypt the log with a new key."""

from __future__ import annotations

from promptops.cli.runs.opening import open_run_log
from promptops.cli.session import emit
from promptops.errors import count_of


def rotate() -> None:
    """Encrypt the whole log with the first key in [log] encryption_key.

    To change keys, put the new key before the old one, run this command, then remove the old key.
    Unencrypted content is encrypted too.
    """
    with open_run_log() as log:
        number = log.rotate()
    emit(f"encrypted {count_of(number, 'value')} with the first key")
