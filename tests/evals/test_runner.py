"""The runner: money, pace, interruptions, and many trials of one question."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from tests.prompts import prompt_text

if TYPE_CHECKING:
    from tests.repositories import Repo


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
        assert time.monotonic() < deadline
        with suppress(subprocess.TimeoutExpired):
            pytest.fail(f"it ended with {process.wait(0.02)}")


@pytest.mark.story
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


@pytest.mark.story
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


@pytest.mark.story
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
