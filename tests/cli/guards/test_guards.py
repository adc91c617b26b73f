"""`promptops guards`: what is spent, and letting runs go on."""

from __future__ import annotations

import json
import os
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from promptops.repository.config import load_config
from promptops.repository.settings.log import LogSettings
from promptops.runtime.guards.guard import Guards
from promptops.runtime.guards.opening import open_ledger
from promptops.runtime.guards.windows import Scope
from promptops.runtime.log.log import open_log
from promptops.runtime.stores.addresses import describe_place
from tests.cli.running import accept, refuse
from tests.screens import masked

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo

CONFIGURATION = """
[guards]
spend_per_day = 20
calls_per_minute = 5

[guards.per_user]
spend_per_day = 0.5

[guards.prompts."support/*"]
spend_per_day = 2

[guards.environments.eval]
spend_per_day = 30
"""


def ledger_file(repo: Repo) -> Path:
    return repo.path / ".git" / "promptops-log" / "ledger.db"


@pytest.fixture
def team(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> Repo:
    monkeypatch.delenv("PROMPTOPS_LOG", raising=False)
    repo.commit({"promptops.toml": CONFIGURATION})
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


def limits(repo: Repo, *options: str) -> dict[tuple[str, str], tuple[int, int]]:
    document: dict[str, Any] = json.loads(
        accept(repo, "guards", "show", "--format", "json", *options)
    )
    assert document["schema"] == "promptops.guards/v1"
    return {
        (one["of"], one["unit"]): (one["spent"], one["held"])
        for one in document["limits"]
        if one["unit"] == "micros"
    }


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


def test_a_reset_needs_a_reason_and_is_recorded(spent: Repo) -> None:
    assert refuse(spent, "guards", "reset", "--yes", code=2) == snapshot("""\
error: a reset needs a reason
 hint: pass --reason TEXT\
""")
    assert masked(accept(spent, "guards", "reset", "--dry-run")) == snapshot("""\
would reset 4 windows in .git/promptops-log/ledger.db
OF                             LIMIT             WINDOW            SPENT
global                         calls per minute  <time>  2 calls
global                         spend per day     <time>        0.35 USD
prompts/support/*              spend per day     <time>        0.35 USD
user/<id>  spend per day     <time>        0.35 USD
""")
    assert limits(spent)["global", "micros"] == (350_000, 100_000)
    reason = "the loop in the agent is fixed"
    text = accept(spent, "guards", "reset", "--user", "u-1", "--reason", reason, "--yes")
    assert masked(text) == snapshot("""\
reset 1 window in .git/promptops-log/ledger.db
OF        LIMIT          WINDOW      SPENT
user/u-1  spend per day  <time>  0.35 USD
""")
    row = text.splitlines()[-1].split()
    assert (row[0], row[1:4], row[-1]) == ("user/u-1", ["spend", "per", "day"], "USD"), text
    found = limits(spent, "--user", "u-1")
    assert found["user/u-1", "micros"] == (100_000, 100_000)
    assert found["global", "micros"] == (350_000, 100_000)
    document = json.loads(
        accept(spent, "guards", "reset", "--reason", "all", "--yes", "--format", "json")
    )
    assert 350_000 in document["windows"].values()
    assert limits(spent)["global", "micros"] == (100_000, 100_000)
    told = accept(spent, "guards", "show", "--resets").splitlines()
    assert [line.partition(": ")[2] for line in told] == ["all", reason]
    with closing(
        open_log(
            str(spent.path / ".git" / "promptops-log" / "runs.db"),
            LogSettings(),
            clock=time.time,
            random=os.urandom,
            key=os.environ.get,
        )
    ) as log:
        events = log.events()
    assert [one.kind for one in events] == ["guards_reset"] * 2


def test_whose_windows_must_be_known(spent: Repo) -> None:
    said = refuse(spent, "guards", "reset", "--of", "globl", "--reason", "x", "--yes", code=2)
    assert said == snapshot("""\
error: nothing is counted for 'globl'
 hint: did you mean global?\
""")
    refuse(spent, "guards", "reset", "--of", "global", "--user", "u", "--reason", "x", code=2)


def test_outside_a_repository_the_defaults_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PROMPTOPS_LOG", raising=False)
    assert masked(accept(tmp_path, "guards", "show")) == snapshot("""\
LIMIT           OF      SPENT     HELD  MOST       FREES
spend_per_hour  global  0.00 USD  -     20.00 USD  <time>
""")


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
