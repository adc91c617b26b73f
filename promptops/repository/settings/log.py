"""The table `[log]`: where runs are recorded, with how much content, and for how long.

[log] url = "postgresql://log.example.com/promptops" content = "redacted" # or "full", "none"
retention = "90d" encryption_key = "PROMPTOPS_LOG_KEY"
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from promptops.repository.settings.reading import Table

REDACTED = "redacted"
FULL = "full"
NONE = "none"
CONTENTS = (REDACTED, FULL, NONE)
KEYS = ("url", "content", "retention", "encryption_key")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


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
    """

    url: str | None = None
    content: str = REDACTED
    retention_seconds: int | None = None
    encryption_key: str | None = None


def read_log(value: object, path: str) -> LogSettings:
    """Read the table `[log]` of the file `path`; raises ConfigurationError."""
    table = Table(value, path, "log")
    table.check_keys(KEYS)
    return LogSettings(
        url=_read_url(table),
        content=table.choice("content", CONTENTS, REDACTED),
        retention_seconds=table.duration("retention"),
        encryption_key=_read_variable(table),
    )


def _read_url(table: Table) -> str | None:
    url = table.optional_text("url")
    if url is None or "://" not in url:
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in {"sqlite", "postgres", "postgresql"}:
        table.fail(
            "url", "is no place for a log", "use a file's path or postgresql://HOST/DATABASE"
        )
    # Do not print the URL: it may contain a password.
    if parts.password is not None or re.search(r"(?:^|&)password=", parts.query):
        table.fail(
            "url",
            "holds a password",
            "set PGPASSWORD or PGPASSFILE where promptops runs, or the whole url as PROMPTOPS_LOG",
        )
    return url


def _read_variable(table: Table) -> str | None:
    name = table.optional_text("encryption_key")
    if name is not None and _VARIABLE.fullmatch(name) is None:
        table.fail(
            "encryption_key",
            "is not the name of an environment variable",
            f"keys do not belong into files; write {table.key('encryption_key')}"
            ' = "PROMPTOPS_LOG_KEY"',
        )
    return name
