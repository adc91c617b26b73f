"""Choose a version while traffic is split."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.runtime.live import Share

_PARTS = 10_000


def choose_share(split: Sequence[Share], name: str, key: str | None) -> Share:
    """Return the version for a caller: the same one as long as the shares do not change.

    Args:
        split: the live versions, the one that has been live longer first; shares sum to 100.
        name: the prompt's name, so that a caller is placed differently in each split.
        key: the caller's key; None: the first version.
    """
    if key is None:
        return split[0]
    hashed = sha256(f"{name}\0{key}".encode("utf-8", "surrogatepass")).digest()
    place = int.from_bytes(hashed[:8]) % _PARTS
    reached = 0
    for share in split:
        reached += share.share * _PARTS // 100
        if place < reached:
            return share
    return split[-1]
