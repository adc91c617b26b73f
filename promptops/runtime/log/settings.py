"""The table `[log]`: where runs are kept, how much of them, and for how long."""

from __future__ import annotations

from dataclasses import dataclass

REDACTED = "redacted"
FULL = "full"
NONE = "none"
CONTENTS = (REDACTED, FULL, NONE)


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What the run log keeps.

    Attributes:
        url: the path of an SQLite file, `sqlite:PATH` or `postgresql://...`; None: the repository's
            own log, or the user's.
        content: what is kept of inputs, messages and answers: one of CONTENTS.
        retention_seconds: runs older than this are pruned; None: kept until somebody prunes.
        encryption_key: the environment variable that holds the keys (the first one encrypts, the
            others only decrypt); None: texts are not encrypted.
    """

    url: str | None = None
    content: str = REDACTED
    retention_seconds: int | None = None
    encryption_key: str | None = None
