"""Runs whose ledger is killed and comes back: nothing is lost, nothing is counted twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

import promptops
from promptops.runtime.guards.refusal import GuardError
from promptops.runtime.guards.windows import Scope
from promptops.runtime.run.execution import CommandExecutor
from tests.cli.running import accept, refuse
from tests.runtime.run.pieces import list_runs, read_spent
from tests.screens import masked

if TYPE_CHECKING:
    from promptops.runtime.registry import Registry
    from tests.redis import Server
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
    do = CommandExecutor.do

    def killing(executor: CommandExecutor, command: Any) -> Any:
        if type(command).__name__ == "Call":
            server.kill()
        return do(executor, command)

    near.always(text="Short.")
    with promptops.open(team.path) as registry:
        ledger: Any = registry.open_runner()._tools.guards.ledger
        try:
            with monkeypatch.context() as patch:
                patch.setattr(CommandExecutor, "do", killing)
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


def test_a_ledger_that_lost_its_counts_gets_them_from_the_log(
    team: Repo,
    near: Provider,
    monkeypatch: pytest.MonkeyPatch,
    redis_server: Server,
    begun_redis: str,
) -> None:
    monkeypatch.setenv("LEDGER", begun_redis)
    path = team.path / "promptops.toml"
    path.write_text(
        f"{path.read_text()}\n[guards]\nspend_per_day = 1\nledger_variable = 'LEDGER'\n"
        "[guards.per_user]\ntokens_per_day = 1000\n"
    )
    near.always(text="Short.")
    reset = ("guards", "reset", "--from-log", "--reason", "it was flushed", "--yes")
    with promptops.open(team.path) as registry:
        for number in range(3):
            registry.run("a@working", {"text": str(number)}, user=f"u-{number % 2}")
        before = standings(registry)
        assert masked(refuse(team, *reset, code=2)) == snapshot("""\
error: the ledger has not lost its counts
 hint: leave out --from-log to reset it to what running requests hold\
""")
        flush(redis_server)
        with pytest.raises(GuardError, match="or lost its counts"):
            registry.run("a@working", {"text": "4"})
        shown = accept(team, "guards", "reset", "--from-log", "--dry-run")
        assert masked(shown) == snapshot("""\
would begin redis://127.0.0.1:<port>/3 with what the log has: 3 runs
OF                             LIMIT           WINDOW      SPENT
global                         spend per day   <time>  0.000075 USD
user/<id>  tokens per day  <time>  36 tokens
user/<id>  tokens per day  <time>  18 tokens
""")
        accept(team, *reset)
        assert standings(registry) == before
        assert "it was flushed" in accept(team, "guards", "show", "--resets")
        assert registry.run("a@working", {"text": "5"}).text == "Short."


def standings(registry: Registry) -> dict[str, int]:
    guards = registry.open_runner()._tools.guards
    users = [Scope(None, "", user=f"u-{number}") for number in range(2)]
    return {one.window: one.spent for one in guards.standings(users)}


def flush(server: Server) -> None:
    import redis

    with redis.Redis.from_url(server.url) as client:
        client.flushdb()
