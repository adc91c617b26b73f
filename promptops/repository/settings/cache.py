"""The table `[cache]`: whether answers are kept for identical requests.

[cache]
ttl = "1h"
megabytes = 64
sampled = false     # true: answers at a temperature above 0, or at the provider's own, too
"""

from __future__ import annotations

from dataclasses import dataclass

from promptops.repository.settings.reading import Table

KEYS = ("ttl", "megabytes", "sampled")
_TTL_SECONDS = 3600
_MEGABYTES = 64


@dataclass(frozen=True, slots=True)
class CacheSettings:
    """How answers are kept in the memory of a process.

    Attributes:
        ttl_seconds: for how long; 0: not at all, as without the table.
        megabytes: how large all of them may be; the least recently used go first.
        is_for_sampled: whether answers are kept that another call would give otherwise, since the
            temperature is above 0 or left to the provider.
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
