from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import accept, refuse
from tests.runtime.log.pieces import START, end, make_run

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.runtime.log.log import RunLog
    from promptops.runtime.log.record import RunRecord
    from tests.repositories import Repo


def test_the_last_runs_the_oldest_first(repo: Repo, runs: list[RunRecord]) -> None:
    lines = accept(repo, "runs", "tail", "-n", "2", "--no-follow").splitlines()
    assert [line.split()[0] for line in lines] == [runs[3].id, runs[4].id]
    only = accept(repo, "runs", "tail", "--status", "failed", "--no-follow")
    assert only.split()[0] == runs[2].id
    assert accept(repo, "runs", "tail", "-n", "0", "--no-follow") == ""
    assert refuse(repo, "runs", "tail", "--status", "faild", code=2) == snapshot("""\
error: --status 'faild' is unknown
 hint: did you mean 'failed'?\
""")


@pytest.mark.story
def test_a_run_is_printed_when_it_ends(repo: Repo, write_log: Callable[..., RunLog]) -> None:
    log = write_log()
    log.finish(end(make_run(START)))
    command = [sys.executable, "-m", "promptops", "runs", "tail", "support/*", "--format", "json"]
    with subprocess.Popen(command, cwd=repo.path, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        assert first["schema"] == "promptops.run/v1"
        begun = make_run(START + 1, lease_until=START + 10**9)
        log.begin(begun)
        log.finish(end(make_run(START + 2, prompt="billing/refund")))
        ended = end(make_run(START + 3))
        log.finish(ended)
        assert json.loads(process.stdout.readline())["id"] == ended.id
        log.finish(end(begun))
        assert json.loads(process.stdout.readline())["id"] == begun.id
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
