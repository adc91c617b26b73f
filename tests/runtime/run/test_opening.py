"""Runners as a configuration describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import promptops
from promptops.errors import ConfigurationError
from promptops.repository.repository import open_repository
from promptops.runtime.run.opening import open_runner
from tests.runtime.run.pieces import limit

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.runtime.registry import Registry
    from tests.repositories import Repo


def test_an_address_that_is_not_set_is_an_error(
    team: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(team, "ledger_variable = 'LEDGER'")
    monkeypatch.delenv("LEDGER", raising=False)
    with (
        promptops.open(team.path) as registry,
        pytest.raises(ConfigurationError, match="LEDGER, which is not set"),
    ):
        registry.run("a@working", {"text": "1"})


def test_without_a_repository_the_log_is_the_users(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    config = open_repository(registry.source).config
    runner = open_runner(registry, None, config)
    runner.feedback("0198f3c2-1abc-7000-8000-000000000001", score=1, label=None, comment=None)
    runner.close()
    assert list((tmp_path / "state").rglob("runs.db"))
