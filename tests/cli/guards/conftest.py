"""Repositories with limits."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from promptops.repository.config import load_config
from promptops.runtime.guards.guard import Guards
from promptops.runtime.guards.opening import open_ledger
from promptops.runtime.guards.windows import Scope
from tests.cli.guards.pieces import CONFIGURATION, ledger_file

if TYPE_CHECKING:
    from tests.repositories import Repo


@pytest.fixture
def team(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> Repo:
    monkeypatch.delenv("PROMPTOPS_LOG", raising=False)
    repo.write("promptops.toml", CONFIGURATION)
    return repo


@pytest.fixture
def spent(team: Repo) -> Repo:
    """A user has spent 0.25 USD, and a request of 0.1 USD still runs."""
    settings = load_config({"promptops.toml": CONFIGURATION.encode()}.get).guards
    guards = Guards(settings, open_ledger(str(ledger_file(team))), clock=time.time)
    scope = Scope("production", "support/triage", user="u-1")
    for key, cost in (("a", 250_000), ("b", 100_000)):
        one = guards.reserve(scope, key=key, cost=cost, tokens=1, lease_seconds=86_400)
        if key == "a":
            one.settle(cost, 1)
    guards.close()
    return team
