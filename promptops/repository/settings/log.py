"""The table `[log]`: where runs are recorded, how much of them, and for how long.

[log] url = "postgresql://log.example.com/promptops" content = "redacted" # or "full", "none"
retention = "90d" encryption_key = "PROMPTOPS_LOG_KEY" evals = false
"""

from __future__ import annotations

from dataclasses import dataclass

from promptops.repository.settings.reading import Table

REDACTED = "redacted"
FULL = "full"
NONE = "none"
CONTENTS = (REDACTED, FULL, NONE)
KEYS = ("url", "content", "retention", "encryption_key", "evals")
_SCHEMES = ("sqlite", "postgres", "postgresql")
_INSTEAD = "set PGPASSWORD or PGPASSFILE where promptops runs, or the whole url as PROMPTOPS_LOG"


@dataclass(frozen=True, slots=True)
class LogSettings:
    """The settings of the run log.

    Attributes:
        url: the path of an SQLite file, `sqlite:PATH` or `postgresql://...`; None: the repository's
            own log, or the user's.
        content: how much of inputs, messages and answers is stored: one of CONTENTS.
        retention_seconds: older runs are pruned; None: never automatically.
        encryption_key: the environment variable with the keys (the first encrypts, the others only
            decrypt); None: texts are not encrypted.
        evals: whether runs of evals are recorded too.
    """

    url: str | None = None
    content: str = REDACTED
    retention_seconds: int | None = None
    encryption_key: str | None = None
    evals: bool = True


def read_log(value: object, path: str) -> LogSettings:
    """Read the table `[log]` of the file `path`; raises ConfigurationError."""
    table = Table(value, path, "log")
    table.check_keys(KEYS)
    return LogSettings(
        url=table.address("url", _SCHEMES, what="a log", instead=_INSTEAD),
        content=table.choice("content", CONTENTS, REDACTED),
        retention_seconds=table.duration("retention"),
        encryption_key=table.variable("encryption_key", "PROMPTOPS_LOG_KEY"),
        evals=table.flag("evals", default=True),
    )
