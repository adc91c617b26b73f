"""The telemetry of a configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import promptops
from tests.runtime.telemetry.pieces import team

if TYPE_CHECKING:
    import pytest

    from tests.repositories import Repo


def test_nobody_is_told_without_the_table(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    with promptops.open(team(repo, "", monkeypatch).path) as registry:
        registry.run("a@working", {"text": "hello"})
        assert registry.metrics() == ""
        assert registry.open_runner()._tools.telemetry is None
