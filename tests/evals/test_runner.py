"""The runner: money, pace, interruptions, and many trials of one question."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from promptops.evals.cap import CapError, CostCap
from promptops.evals.pace import Pace
from promptops.evals.result import (
    SampleOutcome,
    SampleResult,
    SuiteRunResult,
    Trial,
    TrialState,
    decide,
    find_reasons,
)
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from tests.repositories import Repo


def test_a_purse_is_never_overdrawn_and_waits_for_what_is_in_flight() -> None:
    async def scenario() -> list[str]:
        cost_cap = CostCap(100)
        said = []
        held = await cost_cap.take(60, "m")

        async def second() -> None:
            taken = await cost_cap.take(60, "m")
            said.append("taken")
            cost_cap.settle(taken, None)

        task = asyncio.create_task(second())
        await asyncio.sleep(0)
        said.append("waiting")
        cost_cap.settle(held, 40)
        await task
        assert cost_cap.spent == 100
        with pytest.raises(CapError):
            await cost_cap.take(1, "m")
        return said

    assert asyncio.run(scenario()) == ["waiting", "taken"]


def test_a_cap_of_nothing_lets_free_calls_through() -> None:
    async def scenario() -> None:
        cost_cap = CostCap(0)
        cost_cap.settle(await cost_cap.take(0, "m"), 0)
        with pytest.raises(CapError):
            await cost_cap.take(None, "m")

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


EVAL_RUN = [sys.executable, "-m", "promptops", "eval", "run", "--format", "json"]


def write_project(repo: Repo, answers: str) -> None:
    model = "scripted/answers.yaml"
    repo.write("prompts/ask.md", prompt_text(body="{{ question }}", model=model))
    repo.write("answers.yaml", answers)
    repo.write(
        "evals/ask.yaml",
        "schema: promptops.suite/v1\nprompt: ask\nsamples:\n"
        "- {name: a, inputs: {question: quick}, expect: [{equals: now}]}\n"
        "- {name: b, inputs: {question: slow}, expect: [{equals: late}]}\n",
    )


def wait_for_journal(repo: Repo, process: subprocess.Popen[Any]) -> None:
    """Wait for the first answer, which is written down as soon as it is there."""
    deadline = time.monotonic() + 120
    folder = repo.path / ".git" / "promptops-evals"
    while not any(file.stat().st_size for file in folder.glob("*.jsonl")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        os.sched_yield()


def trials(*outcomes: str) -> tuple[Trial, ...]:
    return tuple(Trial(n, SampleOutcome(one)) for n, one in enumerate(outcomes, 1))


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
    assert decide(trials(*outcomes), needed) is SampleOutcome(expected)


def sample(name: str, *ids: str | None) -> SampleResult:
    done = tuple(Trial(n, SampleOutcome.PASSED, response_id=one) for n, one in enumerate(ids, 1))
    return SampleResult(name, "m", (), len(ids), done)


@pytest.mark.parametrize(
    ("samples", "copied"),
    [
        ([sample("a", "1", "1", "1"), sample("b", "2", "3", "4")], True),
        ([sample("a", "1", "2"), sample("b", "3", "4")], False),
        ([sample("a", "1", "1"), sample("b", "1", "1")], False),  # the server names nothing
        ([sample("a", None, None)], False),
    ],
)
def test_trials_that_are_copies_of_one_answer_are_no_trials(
    samples: list[SampleResult], copied: bool
) -> None:
    state = TrialState("work tree", "1.0.0", "sha256:0")
    suite = SuiteRunResult("evals/a.yaml", "", "a", state, tuple(samples))
    reasons = find_reasons(suite, "m")
    assert any("identical copies" in one.text for one in reasons) is copied


@pytest.mark.skipif(os.name == "nt", reason="there are no such signals")
def test_an_interruption_leaves_a_valid_partial_result(repo: Repo) -> None:
    write_project(repo, "rules: [{when: {text: slow}, answer: late, delay: 60}, {answer: now}]")
    process = subprocess.Popen(
        EVAL_RUN, cwd=repo.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_for_journal(repo, process)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 130, error
    assert '"stopped": "it was interrupted"' in out
    assert '"outcome": "passed"' in out
    assert '"outcome": "missing"' in out
    # The model is free, even where no answer says so.
    assert '"unpriced": 0' in out
    assert "Traceback" not in error
    assert list((repo.path / ".git" / "promptops-evals").glob("*.jsonl"))


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there are no such signals")
def test_a_killed_run_is_resumed_without_paying_twice(repo: Repo) -> None:
    write_project(repo, "rules: [{when: {text: slow}, answer: late, delay: 60}, {answer: now}]")
    process = subprocess.Popen(
        [*EVAL_RUN, "--concurrency", "2"],
        cwd=repo.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_for_journal(repo, process)
    process.kill()
    process.communicate(timeout=60)
    (journal,) = (repo.path / ".git" / "promptops-evals").glob("*.jsonl")
    # The kill may have cut a line short.
    journal.write_text(journal.read_text() + '{"sample": "b", "mod')
    repo.write("answers.yaml", "rules: [{answer: late}]")
    done = subprocess.run(
        [*EVAL_RUN, "--resume"], cwd=repo.path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["calls"], found["replayed"]) == (1, 1)
    assert not list((repo.path / ".git" / "promptops-evals").glob("*.jsonl"))


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there are no such signals")
def test_two_runs_at_once_do_not_disturb_one_another(repo: Repo) -> None:
    write_project(repo, "rules: [{when: {text: slow}, answer: late}, {answer: now}]")
    both = [
        subprocess.Popen(EVAL_RUN, cwd=repo.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    for one in both:
        out, error = one.communicate(timeout=60)
        assert one.returncode == 0, error
        assert json.loads(out)["calls"] == 2
