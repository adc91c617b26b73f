"""The runner: money, pace, interruptions, and many trials of one question."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from promptops.evals.pace import Pace
from promptops.evals.purse import CapError, Purse
from promptops.evals.result import Outcome, Trial, decide
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from tests.repositories import Repo


def test_a_purse_is_never_overdrawn_and_waits_for_what_is_in_flight() -> None:
    async def scenario() -> list[str]:
        purse = Purse(100)
        said = []
        held = await purse.take(60)

        async def second() -> None:
            taken = await purse.take(60)
            said.append("taken")
            purse.settle(taken, None)

        task = asyncio.create_task(second())
        await asyncio.sleep(0)
        said.append("waiting")
        purse.settle(held, 40)
        await task
        assert purse.spent == 100
        with pytest.raises(CapError):
            await purse.take(1)
        return said

    assert asyncio.run(scenario()) == ["waiting", "taken"]


def test_a_cap_of_nothing_lets_free_calls_through() -> None:
    async def scenario() -> None:
        purse = Purse(0)
        purse.settle(await purse.take(0), 0)
        with pytest.raises(CapError):
            await purse.take(None)

    asyncio.run(scenario())


def test_pace_halves_once_for_a_burst_of_refusals_and_recovers() -> None:
    async def scenario() -> list[int]:
        pace = Pace(8)
        limits = []

        async def trial(*, refused: bool) -> None:
            async with pace:
                await asyncio.sleep(0)
                if refused:
                    pace.brake()
                limits.append(pace.limit)

        await asyncio.gather(*(trial(refused=True) for _ in range(8)))
        lowest = min(limits)
        await asyncio.gather(*(trial(refused=False) for _ in range(200)))
        return [lowest, limits[-1]]

    lowest, last = asyncio.run(scenario())
    assert 1 <= lowest <= 4
    assert last == 8


def trials(*outcomes: str) -> tuple[Trial, ...]:
    return tuple(Trial(n, Outcome(one)) for n, one in enumerate(outcomes, 1))


@pytest.mark.parametrize(
    ("outcomes", "needed", "expected"),
    [
        (("passed", "failed", "passed"), 2, "passed"),
        (("passed", "failed", "failed"), 2, "failed"),
        (("passed", "failed", "error"), 2, "error"),
        (("passed", "passed", "error"), 2, "passed"),
        (("failed", "failed", "error"), 2, "failed"),
        (("passed", "failed", "missing"), 2, "missing"),
        (("missing", "error"), 1, "error"),
        ((), 1, "missing"),
    ],
)
def test_a_sample_is_decided_as_soon_as_it_can_be(
    outcomes: tuple[str, ...], needed: int, expected: str
) -> None:
    assert decide(trials(*outcomes), needed) is Outcome(expected)


@pytest.mark.skipif(os.name == "nt", reason="there are no such signals")
def test_an_interruption_leaves_a_valid_partial_result(repo: Repo) -> None:
    model = "scripted/answers.yaml"
    repo.write("prompts/ask.md", prompt_text(body="{{ question }}", model=model))
    slow = "rules: [{when: {text: slow}, answer: late, delay: 60}, {answer: now}]"
    repo.write("answers.yaml", slow)
    repo.write(
        "evals/ask.yaml",
        "schema: promptops.suite/v1\nprompt: ask\nsamples:\n"
        "- {name: a, inputs: {question: quick}, expect: [{equals: now}]}\n"
        "- {name: b, inputs: {question: slow}, expect: [{equals: late}]}\n",
    )
    command = [sys.executable, "-m", "promptops", "eval", "run", "--format", "json"]
    process = subprocess.Popen(
        command, cwd=repo.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    journals = repo.path / ".git" / "promptops-evals"
    deadline = time.monotonic() + 60
    # The first answer is in the journal as soon as it is there.
    while not list(journals.glob("*.jsonl")) and time.monotonic() < deadline:
        assert process.poll() is None
        os.sched_yield()
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 130, error
    assert '"stopped": "it was interrupted"' in out
    assert '"outcome": "passed"' in out
    assert '"outcome": "missing"' in out
    assert "Traceback" not in error
    assert list(journals.glob("*.jsonl"))
