"""The ledger that the verbs of guards open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.cli.guards.opening import describe_window, name_owner, open_guards
from promptops.cli.session import Session, start_session
from promptops.runtime.guards.windows import hash_name
from promptops.runtime.stores.addresses import describe_place
from tests.cli.guards.pieces import ledger_file

if TYPE_CHECKING:
    from tests.repositories import Repo


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://u:hunter2@h:1/3?x=hunter2", "redis://h:1/3"),
        ("postgresql://u:hunter2@h/d?password=hunter2", "postgresql://h/d"),
        ("sqlite:///srv/l.db", "/srv/l.db"),
        ("/srv/l.db", "/srv/l.db"),
    ],
)
def test_a_place_is_shown_without_its_password(url: str, shown: str) -> None:
    assert describe_place(url) == shown


def test_owners_are_named_only_by_who_knows_the_name() -> None:
    owner = f"user/{hash_name('jane')}"
    assert name_owner(owner, ["bob", "jane"], []) == "user/jane"
    assert name_owner(owner, ["bob"], ["jane"]) == owner
    assert name_owner(f"tenant/{hash_name('jane')}", ["jane"], ["jane"]) == "tenant/jane"
    assert name_owner("global", ["jane"], []) == "global"


@pytest.mark.parametrize(
    ("window", "amount", "columns"),
    [
        (
            "spend/day/global/2026-01-01",
            1_500_000,
            ("global", "spend per day", "2026-01-01", "1.50 USD"),
        ),
        (
            "tokens/hour/prompts/support/*/2026-01-01T05",
            1_000,
            ("prompts/support/*", "tokens per hour", "2026-01-01T05", "1000 tokens"),
        ),
        (
            "calls/minute/environment/eval/x",
            2,
            ("environment/eval", "calls per minute", "x", "2 calls"),
        ),
        ("another\nversion", 1_234, ("another version", "", "", "1,234")),
    ],
)
def test_a_window_is_a_row(window: str, amount: int, columns: tuple[str, ...]) -> None:
    assert describe_window(window, amount, [], []) == columns


def test_looking_makes_no_ledger(team: Repo) -> None:
    start_session(Session(str(team.path)))
    opened = open_guards(create=False)
    assert [one.spent for one in opened.guards.standings([])] == [0] * 4
    opened.guards.close()
    assert opened.shown == ".git/promptops-log/ledger.db"
    assert not ledger_file(team).exists()
