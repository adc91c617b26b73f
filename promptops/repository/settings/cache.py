"""The table `[cache]`: whether answers to identical requests are cached.

[cache] ttl = "1h" megabytes = 64 sampled = false # true: answers at a temperature above 0, or at
the provider's own, too
"""

from __future__ import annotations

from dataclasses import dataclass

from promptops.repository.settings.reading import Table

KEYS = ("ttl", "megabytes", "sampled")
_TTL_SECONDS = 3600
_MEGABYTES = 64


@dataclass(frozen=True, slots=True)
class CacheSettings:
    """The settings of the cache for answers: in a process's memory, and in the run log.

    Attributes:
        ttl_seconds: how long answers are cached; 0: not at all.
        megabytes: the maximum size; the least recently used answers are dropped first.
        is_for_sampled: whether random answers are cached too: with a temperature above 0 or the
            provider's default.
    """

    ttl_seconds: int = 0
    megabytes: int = _MEGABYTES
    is_for_sampled: bool = False


def read_cache(value: object, path: str) -> CacheSettings:
    """Read the table `[cache]` of the file `path`; raises ConfigurationError."""
    table = Table(value, path, "cache")
    table.check_keys(KEYS)
    return CacheSettings(
        table.duration("ttl") or _TTL_SECONDS,
        table.whole("megabytes", _MEGABYTES, least=1),
        table.flag("sampled", default=False),
    )
