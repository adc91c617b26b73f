"""One alert: what happened, in words for the person who is woken by it."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["guard", "overrun", "ledger", "breaker", "key", "model", "test"]
Severity = Literal["critical", "error", "warning", "info"]


class Alert(NamedTuple):
    """What a channel is told.

    Attributes:
        kind: what happened: a guard refused, a provider charged more than was reserved, the ledger
            is out of reach, a breaker opened, a key was refused, a model is gone, or a test.
        title: one line.
        detail: more lines, or an empty text.
        key: names the occasion; one key is sent once until `until`.
        until: when the same key may be sent again, in seconds since 1970.
        severity: how urgent it is.
    """

    kind: Kind
    title: str
    detail: str
    key: str
    until: float
    severity: Severity = "error"
