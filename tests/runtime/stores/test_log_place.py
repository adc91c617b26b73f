from pathlib import Path

import pytest

from promptops.repository.settings.log import LogSettings
from promptops.runtime.stores.log_place import find_log

COMMON = Path("/srv/repo/.git")
TOP = Path("/srv/repo")


@pytest.mark.parametrize(
    ("url", "environment", "expected"),
    [
        (None, {}, "/srv/repo/.git/promptops-log/runs.db"),
        (None, {"PROMPTOPS_LOG": ""}, "/srv/repo/.git/promptops-log/runs.db"),
        (None, {"PROMPTOPS_LOG": "/var/runs.db"}, "/var/runs.db"),
        ("logs/runs.db", {"PROMPTOPS_LOG": "postgresql:///log"}, "postgresql:///log"),
        ("logs/runs.db", {}, "/srv/repo/logs/runs.db"),
        ("sqlite:logs/runs.db", {}, "/srv/repo/logs/runs.db"),
        ("sqlite:///var/runs.db", {}, "/var/runs.db"),
        ("postgresql://db/log", {}, "postgresql://db/log"),
    ],
)
def test_the_log_of_a_repository(
    url: str | None, environment: dict[str, str], expected: str
) -> None:
    assert find_log(LogSettings(url=url), environment, common_dir=COMMON, top=TOP) == expected


def test_without_a_repository_the_log_is_the_users() -> None:
    found = find_log(LogSettings(), {"XDG_STATE_HOME": "/state"}, common_dir=None, top=None)
    assert found == "/state/promptops/runs.db"
    assert find_log(LogSettings(), {}, common_dir=None, top=None).startswith(str(Path.home()))


def test_the_log_of_a_bare_repository_lies_in_it() -> None:
    settings = LogSettings(url="runs.db")
    assert find_log(settings, {}, common_dir=COMMON, top=None) == "/srv/repo/.git/runs.db"
