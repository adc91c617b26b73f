"""Timeouts for a remote."""

from __future__ import annotations

from typing import NamedTuple


class GitLimits(NamedTuple):
    """Timeouts for a remote, in seconds.

    Attributes:
        connect_seconds: to open a connection over ssh.
        silence_seconds: without any data.
        total_seconds: for a whole fetch or push.
    """

    connect_seconds: float = 10.0
    silence_seconds: float = 30.0
    total_seconds: float = 120.0


USUAL = GitLimits()
