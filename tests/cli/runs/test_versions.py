"""`promptops runs stats --compare`: two versions side by side."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.pieces import DAY
from tests.cli.running import accept, run
from tests.runtime.log.pieces import START, end, make_run

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.runtime.log.log import RunLog
    from tests.repositories import Repo


@pytest.fixture
def shared_traffic(write_log: Callable[..., RunLog]) -> None:
    """Twenty keys a version, three runs each: 1.3.0 takes twice as long and costs half."""
    log = write_log()
    for key in range(40):
        is_new = key % 2 == 1
        for number in range(3):
            base = make_run(START + DAY * number + key, key=f"k-{key}", user=None)
            log.finish(
                end(
                    base._replace(version="1.3.0" if is_new else "1.2.0"),
                    ms=(1600.0 if is_new else 800.0) + key,
                    cost_micros=(500 if is_new else 1000) + number,
                )
            )
    log.finish(end(make_run(START, key=None, user=None)))


@pytest.mark.slow
@pytest.mark.usefixtures("shared_traffic")
def test_two_versions_are_compared_with_intervals(repo: Repo) -> None:
    args = ("runs", "stats", "support/triage", "--compare", "1.2.0", "1.3.0")
    result = run(repo, *args)
    lines = {line.split()[0]: line for line in result.stdout.splitlines()}
    assert lines["latency"].endswith("higher")
    assert lines["cost"].endswith("lower")
    assert lines["errors"].endswith("no difference found")
    assert lines["feedback"].endswith("too few keys")
    assert result.stderr == snapshot("1 run has neither key nor user; each counts as one key\n")
    document = json.loads(accept(repo, *args, "--format", "json"))
    assert document["schema"] == "promptops.stats-comparison/v1"
    latency = next(one for one in document["differences"] if one["measure"] == "latency")
    assert latency["low"] < latency["difference"] < latency["high"]
    assert latency["left"]["keys"] == 21
    rows = list(csv.DictReader(accept(repo, *args, "--format", "csv").splitlines()))
    assert [row["verdict"] for row in rows][-1] == "higher"
