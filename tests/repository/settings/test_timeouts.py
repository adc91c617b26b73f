from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.errors import ConfigurationError
from promptops.git.limits import GitLimits
from promptops.repository.config import load_config

if TYPE_CHECKING:
    from promptops.repository.settings.timeouts import TimeoutSettings


def read(text: str) -> TimeoutSettings:
    return load_config({"promptops.toml": text.encode()}.get).timeouts


def test_nothing_configured_waits_as_git_does_here_and_shorter_for_a_pause() -> None:
    settings = read("")
    assert settings == read("[timeouts]\n")
    assert settings.usual == GitLimits()
    assert settings.pause.total_seconds == 20


def test_no_timeout_of_a_pause_is_longer_than_the_usual_one() -> None:
    settings = read("[timeouts]\nconnect = 2.5\nsilence = 30\ntotal = 60\npause = 5\n")
    assert settings.usual == GitLimits(connect_seconds=2.5, silence_seconds=30, total_seconds=60)
    assert settings.pause == GitLimits(connect_seconds=2.5, silence_seconds=5, total_seconds=5)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("total = 0", "timeouts.total is not a number above 0"),
        ("connect = '10s'", "timeouts.connect is not a number above 0"),
        ("pauses = 1", "unknown key 'timeouts.pauses'"),
    ],
)
def test_what_means_nothing_is_an_error(line: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read(f"[timeouts]\n{line}\n")
