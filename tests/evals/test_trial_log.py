"""The run log of an eval: written in batches, whole after a kill, complete after Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.errors import NotFoundError
from promptops.evals import trial_log
from promptops.evals.trial_log import TrialLog
from promptops.repository.settings.log import LogSettings
from promptops.runtime.log.log import Filters, RunLog, open_log
from promptops.runtime.log.recorder import Recorder
from tests.prompts import prompt_text
from tests.runtime.log.pieces import end, make_attempt, make_run
from tests.screens import masked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from promptops.runtime.log.record import RunRecord
    from tests.repositories import Repo

QUICK = 1200


class _Notes:
    """A recorder that keeps the sizes of batches.

    `has_to_wait`: whether another process seems to hold the database.
    """

    def __init__(self, *, has_to_wait: bool = False) -> None:
        self.has_to_wait = has_to_wait
        self.batches: list[int] = []
        self.is_closed = False
        self.written = threading.Semaphore(0)

    def try_finish_all(self, runs: Sequence[object]) -> bool:
        if not self.has_to_wait:
            self.finish_all(runs)
        return not self.has_to_wait

    def finish_all(self, runs: Sequence[object]) -> None:
        self.batches.append(len(runs))
        self.written.release()

    def close(self) -> None:
        self.is_closed = True


def runs(count: int) -> Iterator[RunRecord]:
    return (end(make_run()) for _ in range(count))


@pytest.mark.parametrize("has_to_wait", [False, True])
def test_full_batches_are_written_at_once_and_the_rest_at_the_end(*, has_to_wait: bool) -> None:
    notes = _Notes(has_to_wait=has_to_wait)

    async def scenario() -> None:
        log = TrialLog(notes, "e")  # type: ignore[arg-type]
        for run in runs(541):
            log.add(run, ())
        assert notes.batches == []
        await log.aclose()

    asyncio.run(scenario())
    assert notes.batches == [250, 250, 41]
    assert notes.is_closed


@pytest.mark.parametrize("has_to_wait", [False, True])
def test_trials_wait_for_a_log_that_is_behind(*, has_to_wait: bool) -> None:
    notes = _Notes(has_to_wait=has_to_wait)

    async def go() -> None:
        log = TrialLog(notes, "eval")  # type: ignore[arg-type]
        for run in runs(1300):
            log.add(run, ())
            await log.keep_up()
            assert len(log._waiting) < 500
        await log.aclose()

    asyncio.run(go())
    assert sum(notes.batches) == 1300
    assert set(notes.batches[:-1]) == {250}


def test_a_run_is_written_though_no_other_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial_log, "_MAX_SECONDS", 0.0)
    notes = _Notes()

    async def scenario() -> None:
        log = TrialLog(notes, "e")  # type: ignore[arg-type]
        for run in runs(2):
            log.add(run, ())
            await asyncio.to_thread(notes.written.acquire)
        await log.aclose()

    asyncio.run(scenario())
    assert notes.batches == [1, 1]


def test_a_log_that_fails_is_told_once_and_counted(tmp_path: Path) -> None:
    told: list[str] = []

    def fail() -> RunLog:
        return open_log(
            tmp_path, LogSettings(), clock=time.time, random=os.urandom, key=lambda _: None
        )

    recorder = Recorder(fail, warn=told.append)

    async def scenario() -> None:
        log = TrialLog(recorder, "e")
        for run in runs(700):
            log.add(run, (make_attempt(run),))
        await log.aclose()

    asyncio.run(scenario())
    assert recorder.lost == 700
    assert len(told) == 2
    assert masked(told[1]) == snapshot("700 records of runs were lost")


def start_eval(repo: Repo) -> subprocess.Popen[str]:
    """Start an eval of many quick samples and of one whose answer never comes."""
    repo.write("promptops.toml", "[log]\n")
    model = "scripted/answers.yaml"
    repo.write("prompts/ask.md", prompt_text(body="{{ question }}", model=model))
    rules = "rules: [{when: {text: slow}, answer: late, delay: 600}, {answer: now}]"
    repo.write("answers.yaml", rules)
    repo.write(
        "evals/ask.yaml",
        "schema: promptops.suite/v1\nprompt: ask\nsamples:\n"
        "- {name: b, inputs: {question: slow}, expect: [{equals: late}]}\n"
        "- {from: rows.csv, expect: [{equals: now}]}\n",
    )
    repo.write("evals/rows.csv", "question\n" + "".join(f"quick {n}\n" for n in range(QUICK)))
    return subprocess.Popen(
        [sys.executable, "-m", "promptops", "eval", "run", "--format", "json"],
        cwd=repo.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def open_runs(repo: Repo) -> RunLog:
    place = repo.path / ".git" / "promptops-log" / "runs.db"
    return open_log(
        place,
        LogSettings(),
        clock=time.time,
        random=os.urandom,
        key=lambda _: None,
        create=False,
    )


def count_runs(repo: Repo) -> int:
    """Return the number of written runs; each must be whole."""
    with open_runs(repo) as log:
        entries = list(log.export(Filters(evals=True)))
    for entry in entries:
        assert entry.run.status == "succeeded"
        assert (entry.run.answer, len(entry.attempts)) == ("now", 1)
        assert entry.run.messages
    return len(entries)


def wait_for_runs(repo: Repo, process: subprocess.Popen[str], count: int) -> int:
    """Wait until so many runs are written; return how many there are."""
    deadline = time.monotonic() + 120
    found = 0
    while found < count:
        assert time.monotonic() < deadline
        with suppress(subprocess.TimeoutExpired):
            pytest.fail(f"it ended with {process.wait(0.02)}")
        with suppress(NotFoundError), open_runs(repo) as log:
            found = len(log.list(Filters(evals=True), limit=2 * QUICK))
    return found


@pytest.mark.story
@pytest.mark.skipif(os.name == "nt", reason="there are no such signals")
def test_a_kill_leaves_whole_batches(repo: Repo) -> None:
    process = start_eval(repo)
    found = wait_for_runs(repo, process, 1)
    process.kill()
    process.communicate(timeout=60)
    assert count_runs(repo) >= found


@pytest.mark.story
@pytest.mark.skipif(os.name == "nt", reason="there are no such signals")
def test_what_ended_is_written_while_the_rest_waits_and_after_ctrl_c(repo: Repo) -> None:
    process = start_eval(repo)
    # All of them, though the last batch is not full and one sample never ends.
    assert wait_for_runs(repo, process, QUICK) == QUICK
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130, error
    assert count_runs(repo) == QUICK
