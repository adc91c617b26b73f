"""Runners as a configuration describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import promptops
from promptops.errors import ConfigurationError
from tests.runtime.run.pieces import limit

if TYPE_CHECKING:
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
