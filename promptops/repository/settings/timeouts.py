"""The table `[timeouts]`: timeouts for the remote, in seconds.

[timeouts] connect = 10 # until a connection over ssh is there silence = 30 # while nothing comes
total = 120 # for one fetch or push pause = 20 # the same for the kill switch, which has to say soon
that it did not work
"""

from __future__ import annotations

from dataclasses import dataclass

from promptops.git.limits import GitLimits
from promptops.repository.settings.reading import Table

_KEYS = ("connect", "silence", "total", "pause")
_PAUSE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class TimeoutSettings:
    """Timeouts for the remote.

    Attributes:
        usual: the timeouts of everything except a pause.
        pause: the timeouts of a pause, which must succeed or fail quickly.
    """

    usual: GitLimits
    pause: GitLimits


def read_timeouts(value: object, path: str) -> TimeoutSettings:
    """Read the table `[timeouts]` of the file `path`; raises ConfigurationError."""
    table = Table(value, path, "timeouts")
    table.check_keys(_KEYS)
    default = GitLimits()
    usual = GitLimits(
        connect_seconds=table.number("connect", None) or default.connect_seconds,
        silence_seconds=table.number("silence", None) or default.silence_seconds,
        total_seconds=table.number("total", None) or default.total_seconds,
    )
    seconds = table.number("pause", None) or _PAUSE_SECONDS
    return TimeoutSettings(usual, GitLimits(*(min(one, seconds) for one in usual)))
