"""The table `[conversations]`: where conversations are kept, how much of them, and for how long.

[conversations]
store = "redis://cache.example.com/0"   # or a file's path, or postgresql://HOST/DATABASE
tokens = 4000
summary = "support/summary"
ttl = "30d"
kilobytes = 1024
encryption_key = "PROMPTOPS_CONVERSATIONS_KEY"
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from promptops.repository.settings.reading import Table

KEYS = (
    "store",
    "store_variable",
    "tokens",
    "summary",
    "ttl",
    "kilobytes",
    "encryption_key",
)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_SCHEMES = frozenset({"sqlite", "redis", "rediss", "postgres", "postgresql"})
_TOKENS = 4000
_KILOBYTES = 1024


@dataclass(frozen=True, slots=True)
class ConversationSettings:
    """What is kept of conversations.

    Attributes:
        store: the path of an SQLite file, `redis://...` or `postgresql://...`; None: beside the run
            log.
        store_variable: the environment variable that holds the address instead.
        tokens: how many tokens of a conversation a prompt is given, about.
        summary: the prompt that sums up what is older; None: it is left out.
        ttl_seconds: how long after its last message a conversation is kept; None: for ever.
        kilobytes: how large the messages of one conversation may be; the oldest go first.
        encryption_key: the environment variable that holds the keys; None: not encrypted.
    """

    store: str | None = None
    store_variable: str | None = None
    tokens: int = _TOKENS
    summary: str | None = None
    ttl_seconds: int | None = None
    kilobytes: int = _KILOBYTES
    encryption_key: str | None = None


def read_conversations(value: object, path: str) -> ConversationSettings:
    """Read the table `[conversations]` of the file `path`; raises ConfigurationError."""
    table = Table(value, path, "conversations")
    table.check_keys(KEYS)
    if "store" in table and "store_variable" in table:
        table.fail("store_variable", "and store are both there", "keep one of the two")
    return ConversationSettings(
        store=_read_store(table),
        store_variable=_read_variable(table, "store_variable"),
        tokens=table.whole("tokens", _TOKENS, least=1),
        summary=table.optional_text("summary"),
        ttl_seconds=table.duration("ttl"),
        kilobytes=table.whole("kilobytes", _KILOBYTES, least=1),
        encryption_key=_read_variable(table, "encryption_key"),
    )


def _read_store(table: Table) -> str | None:
    url = table.optional_text("store")
    if url is None or "://" not in url:
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in _SCHEMES:
        table.fail(
            "store",
            "is no place for conversations",
            "use a file's path, redis://HOST/0 or postgresql://HOST/DATABASE",
        )
    # Do not print the URL: it may contain a password.
    if parts.password is not None or re.search(r"(?:^|&)password=", parts.query):
        table.fail(
            "store",
            "holds a password",
            f"name a variable that holds the address: {table.key('store_variable')} = "
            '"CONVERSATIONS_URL"',
        )
    return url


def _read_variable(table: Table, key: str) -> str | None:
    name = table.optional_text(key)
    if name is not None and _VARIABLE.fullmatch(name) is None:
        table.fail(
            key,
            "is not the name of an environment variable",
            f"secrets do not belong into files; write {table.key(key)} = "
            '"PROMPTOPS_CONVERSATIONS_KEY"',
        )
    return name
