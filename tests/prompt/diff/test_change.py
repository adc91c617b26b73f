"""The result of a comparison: which version it asks for."""

from __future__ import annotations

import pytest

from promptops.prompt.diff import required_version
from promptops.prompt.version import Level, Version


@pytest.mark.parametrize(
    ("base", "level", "expected"),
    [
        ("1.2.3", Level.MAJOR, "2.0.0"),
        ("1.2.3", Level.MINOR, "1.3.0"),
        ("1.2.3", Level.PATCH, "1.2.4"),
        ("1.2.3", Level.NONE, "1.2.3"),
        ("2.0.0-rc.1", Level.MAJOR, "2.0.0"),
    ],
)
def test_required_version(base: str, level: Level, expected: str) -> None:
    assert str(required_version(Version.parse(base), level)) == expected
