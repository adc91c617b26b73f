"""`promptops guards reset`: windows are emptied, and that is recorded."""

from __future__ import annotations

import json
import os
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.repository.settings.log import LogSettings
from promptops.runtime.log.log import open_log
from tests.cli.guards.pieces import limits
from tests.cli.running import accept, refuse
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo


@pytest.mark.slow
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
