"""`promptops runs prune`: old runs are removed, and statistics stay."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

from inline_snapshot import snapshot

import promptops
from tests.cli.running import accept, refuse
from tests.cli.runs.pieces import BEFORE, ids
from tests.screens import masked

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from promptops.runtime.log.log import RunLog
    from promptops.runtime.log.record import RunRecord
    from tests.repositories import Repo


def test_old_runs_are_removed_and_statistics_stay(
    repo: Repo, runs: list[RunRecord], write_log: Callable[..., RunLog]
) -> None:
    assert masked(accept(repo, "runs", "prune", *BEFORE, "--dry-run")) == snapshot(
        "would remove 3 runs from before <time>\n"
    )
    assert ids(repo) == [one.id for one in runs]
    document = json.loads(
        accept(repo, "runs", "prune", *BEFORE, "--reason", "policy", "--format", "json")
    )
    assert document["schema"] == "promptops.prune/v1"
    assert document["runs"] == 3
    assert ids(repo) == [one.id for one in runs[3:]]
    assert masked(accept(repo, "runs", "stats").replace("    ", "  ")) == snapshot("""\
PROMPT      RUNS  COST           P50    P95    ERRORS        REFUSED
support/triage  4   $2.002468 + 1 unknown  ~<duration>  ~<duration>  1 (25.0 %): 1 call  0
billing/refund  1   $0.00          ~<duration>  ~<duration>  0           1
""")
    (event,) = write_log().events("pruned")
    assert event.detail is not None
    assert event.detail["by"] == "Jane Doe <jane@example.com>"
    assert event.detail["reason"] == "policy"
    assert accept(repo, "runs", "prune", *BEFORE).startswith("removed 0 runs")


def test_the_retention_is_the_limit_unless_one_is_given(repo: Repo, runs: list[RunRecord]) -> None:
    assert masked(refuse(repo, "runs", "prune", code=2)) == snapshot("""\
error: no age limit given
 hint: give --before 90d, or set retention in [log]\
""")
    assert masked(refuse(repo, "runs", "prune", "--before", "2999-01-01", code=2)) == snapshot("""\
error: --before is in the future
 hint: give a time span, such as 90d\
""")
    repo.write("promptops.toml", "[log]\nretention = '99999w'\n")
    assert "would remove 0 runs" in accept(repo, "runs", "prune", "--dry-run")


def test_a_prune_expires_conversations(
    repo: Repo, runs: list[RunRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = SimpleNamespace(time=lambda: time.time() - 60)
    monkeypatch.setattr("promptops.runtime.conversation.opening.time", earlier)
    with promptops.open(repo.path) as registry:
        registry.conversation("c-1", ttl=30).add("user", "gone soon")
        registry.conversation("c-2", ttl=3600).add("user", "kept")
    document = json.loads(accept(repo, "runs", "prune", *BEFORE, "--yes", "--format", "json"))
    assert document["conversations"] == 1
