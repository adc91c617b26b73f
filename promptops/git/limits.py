"""How long to wait for a remote."""

from __future__ import annotations

from typing import NamedTuple


class GitLimits(NamedTuple):
    """How long to wait for a remote.

    Attributes:
        connect_seconds: until a connection over ssh is there.
        silence_seconds: while nothing comes.
        total_seconds: for one fetch or push, whatever comes.
    """

    connect_seconds: float = 10.0
    silence_seconds: float = 30.0
    total_seconds: float = 120.0


USUAL = GitLimits()
