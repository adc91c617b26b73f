"""Runs whose ledger is killed and comes back: nothing is lost, nothing is counted twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import promptops
from promptops.runtime.guards.guard import GuardError
from promptops.runtime.run.runner import Runner
from tests.runtime.run.pieces import list_runs, read_spent

if TYPE_CHECKING:
    from tests.repositories import Repo
    from tests.runtime.provider import Provider

# 11 tokens at 1 and 7 at 2 micro-dollars.
COST = 25
STORES = {"redis": ("redis_server", "begun_redis"), "postgres": ("postgres", "empty_postgres")}


@pytest.mark.parametrize("store", sorted(STORES))
def test_a_ledger_killed_during_a_call_is_told_when_it_is_back(
    team: Repo,
    near: Provider,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    store: str,
) -> None:
    server, url = (request.getfixturevalue(name) for name in STORES[store])
    monkeypatch.setenv("LEDGER", url)
    path = team.path / "promptops.toml"
    path.write_text(
        f"{path.read_text()}\n[guards]\nspend_per_hour = 1\nledger_variable = 'LEDGER'\n"
    )
    do = Runner._do

    def killing(runner: Runner, command: Any) -> Any:
        if type(command).__name__ == "Call":
            server.kill()
        return do(runner, command)

    near.always(text="Short.")
    with promptops.open(team.path) as registry:
        ledger: Any = registry.open_runner()._tools.guards.ledger
        try:
            with monkeypatch.context() as patch:
                patch.setattr(Runner, "_do", killing)
                assert registry.run("a@working", {"text": "1"}).text == "Short."
            with pytest.raises(GuardError) as caught:
                registry.run("a@working", {"text": "2"})
            assert caught.value.guard == "guards.ledger"
            assert len(near.requests) == 1
        finally:
            server.start()
        # As a second later.
        ledger._outage.end()
        assert registry.run("a@working", {"text": "3"}).text == "Short."
        assert read_spent(registry) == 2 * COST
    assert [one.status for one in list_runs(team)] == ["succeeded", "refused", "succeeded"]
