"""The table `[conversations]`: where conversations are stored, how much of them, and for how long.

[conversations]
store = "redis://cache.example.com/0"   # or a file's path, or postgresql://HOST/DATABASE
tokens = 4000
summary = "support/summary"
ttl = "30d"
kilobytes = 1024
encryption_key = "PROMPTOPS_CONVERSATIONS_KEY"
"""

from __future__ import annotations

from dataclasses import dataclass

from promptops.repository.settings.reading import StorePlace, Table

KEYS = (
    "store",
    "store_variable",
    "tokens",
    "summary",
    "ttl",
    "kilobytes",
    "encryption_key",
)
_SCHEMES = ("sqlite", "redis", "rediss", "postgres", "postgresql")
_INSTEAD = 'name a variable with the address: conversations.store_variable = "CONVERSATIONS_URL"'
_TOKENS = 4000
_KILOBYTES = 1024


@dataclass(frozen=True, slots=True)
class ConversationSettings:
    """The settings of conversations.

    Attributes:
        store: the path of an SQLite file, `redis://...` or `postgresql://...`; None: beside the run
            log.
        store_variable: the environment variable that holds the address instead.
        tokens: roughly how many tokens of a conversation are passed to a prompt.
        summary: the prompt that summarizes older messages; None: they are left out.
        ttl_seconds: how long after its last message a conversation is kept; None: for ever.
        kilobytes: the maximum size of one conversation's messages; the oldest are dropped first.
        encryption_key: the environment variable that holds the keys; None: not encrypted.
    """

    store: str | None = None
    store_variable: str | None = None
    tokens: int = _TOKENS
    summary: str | None = None
    ttl_seconds: int | None = None
    kilobytes: int = _KILOBYTES
    encryption_key: str | None = None

    @property
    def place(self) -> StorePlace:
        """The place of the store."""
        return StorePlace(
            "conversations.store_variable",
            self.store_variable,
            self.store,
            "conversations.db",
            shares_database=True,
        )


def read_conversations(value: object, path: str) -> ConversationSettings:
    """Read the table `[conversations]` of the file `path`; raises ConfigurationError."""
    table = Table(value, path, "conversations")
    table.check_keys(KEYS)
    if "store" in table and "store_variable" in table:
        table.fail("store_variable", "and store are both set", "keep one of them")
    return ConversationSettings(
        store=table.address("store", _SCHEMES, what="conversations", instead=_INSTEAD),
        store_variable=table.variable("store_variable", "CONVERSATIONS_URL"),
        tokens=table.whole("tokens", _TOKENS, least=1),
        summary=table.optional_text("summary"),
        ttl_seconds=table.duration("ttl"),
        kilobytes=table.whole("kilobytes", _KILOBYTES, least=1),
        encryption_key=table.variable("encryption_key", "PROMPTOPS_CONVERSATIONS_KEY"),
    )
