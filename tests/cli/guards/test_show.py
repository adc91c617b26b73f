"""`promptops guards show`: each limit, with what is spent and held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inline_snapshot import snapshot

from tests.cli.guards.pieces import ledger_file, limits
from tests.cli.running import accept
from tests.screens import masked

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.repositories import Repo


def test_shows_every_limit_before_anything_ran(team: Repo) -> None:
    text = accept(team, "guards", "show")
    assert masked(text) == snapshot("""\
LIMIT                              OF                 SPENT     HELD  MOST       FREES
spend_per_day                      global             0.00 USD  -     20.00 USD  <time>
calls_per_minute                   global             0 calls   -     5 calls    <time>
environments.eval.spend_per_day    environment/eval   0.00 USD  -     30.00 USD  <time>
prompts."support/*".spend_per_day  prompts/support/*  0.00 USD  -     2.00 USD   <time>
""")
    assert limits(team)["global", "micros"] == (0, 0)
    # Looking makes nothing.
    assert not ledger_file(team).exists()


def test_shows_what_is_spent_and_held(spent: Repo) -> None:
    found = limits(spent, "--user", "u-1")
    assert found == {
        ("global", "micros"): (350_000, 100_000),
        ("prompts/support/*", "micros"): (350_000, 100_000),
        ("environment/eval", "micros"): (0, 0),
        ("user/u-1", "micros"): (350_000, 100_000),
    }
    row = next(
        line for line in accept(spent, "guards", "show").splitlines() if line.startswith("spend")
    )
    assert row.split()[:8] == [
        "spend_per_day",
        "global",
        "0.35",
        "USD",
        "0.10",
        "USD",
        "20.00",
        "USD",
    ]


def test_outside_a_repository_the_defaults_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PROMPTOPS_LOG", raising=False)
    assert masked(accept(tmp_path, "guards", "show")) == snapshot("""\
LIMIT           OF      SPENT     HELD  MOST       FREES
spend_per_hour  global  0.00 USD  -     20.00 USD  <time>
""")
