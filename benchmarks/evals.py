"""Measure the overhead of an eval run: processor time, memory, and the start of a replay.

    python benchmarks/evals.py                     # 10,000 samples, and 100,000 for the memory
    python benchmarks/evals.py --samples 2000      # a look

Everything is a ratio within one run, with a model that answers at once. The bare loop renders each
sample as the runner does (in the process with limits, many at a time), asks the model and puts the
answer to the same three checks, and does nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

PROMPT = """\
---
version: 1.0.0
description: Answer a question.
author: jane@example.com
model: echo/model
max_tokens: 100
inputs: {question: string}
---
{% system %}Answer the question in a few words.{% endsystem %}
{% user %}{{ question }}{% enduser %}
"""
SUITE = """\
schema: promptops.suite/v1
prompt: ask
samples:
- {from: rows.jsonl, expect: [{contains: number}, {ends: '?'}, {not_contains: sorry}]}
"""


def make_repository(folder: Path, samples: int) -> None:
    """Write a repository with one suite."""
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    for name in ("prompts", "evals"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "prompts/ask.md").write_text(PROMPT)
    (folder / "evals/ask.yaml").write_text(SUITE)
    rows = (json.dumps({"question": f"What is number {n}?"}) for n in range(samples))
    (folder / "evals/rows.jsonl").write_text("\n".join(rows) + "\n")


BARE = """
import asyncio, resource, sys, time
from itertools import islice
from promptops.evals.scorers.registry import judge_check
from promptops.evals.scorers.scorer import Context, JudgedAnswer
from promptops.evals.suites import Suites
from promptops.prompt.reference import parse_ref
from promptops.repository.repository import open_repository
from promptops.runtime.lookup import resolve_selected
from promptops.runtime.models.echo import EchoModel
from promptops.runtime.models.model import Request

repository = open_repository(".")
suites = Suites(repository)
prompt = resolve_selected(repository, parse_ref("ask@working")).prompt
(found,) = suites.find([])
suite, _ = suites.load(found, prompt)
model, context = EchoModel(), Context()

async def one(sample):
    messages = prompt.render(sample.inputs)
    parameters = prompt.request_parameters
    request = Request(parameters.pop("model"), messages, parameters)
    answer = await model.acall(request, deadline=time.monotonic() + 60)
    judged = JudgedAnswer(answer.text)
    return [judge_check(check, judged, context) for check in sample.checks]

async def main():
    kept = []
    def ahead():
        samples = iter(suite.samples)
        while chunk := list(islice(samples, 64)):
            prompt.render_ahead(sample.inputs for sample in chunk)
            yield from chunk
    pending = ahead()
    async def work():
        for sample in pending:
            kept.append(await one(sample))
    await asyncio.gather(*(work() for _ in range(10)))

started = time.process_time()
asyncio.run(main())
"""


# The run log, and the limits of a ledger.
SETTINGS = {
    "alone": "",
    "with the run log": "[log]\n",
    "with limits": "[guards.environments.eval]\nspend_per_day = 30\n",
    "with both": "[log]\n[guards.environments.eval]\nspend_per_day = 30\n",
}


def measure_pairs(folder: Path, rounds: int) -> None:
    """Print the processor time of the runner beside its bare loop, each measured in turn."""
    promptops = (sys.executable, "-m", "promptops", "eval", "run", "ask", "--against", "none")
    bare = (sys.executable, "-c", BARE)
    nothing = (sys.executable, "-c", BARE.rpartition("asyncio.run")[0])
    ratios: dict[str, list[float]] = {name: [] for name in SETTINGS}
    for _ in range(rounds):
        loop = measure(folder, *bare)[0] - measure(folder, *nothing)[0]
        for name, text in SETTINGS.items():
            (folder / "promptops.toml").write_text(text)
            start = measure(folder, *promptops, "--dry-run")[0]
            ratios[name].append((measure(folder, *promptops)[0] - start) / loop)
            shutil.rmtree(folder / ".git/promptops-log", ignore_errors=True)
    (folder / "promptops.toml").unlink()
    for name, found in ratios.items():
        text = ", ".join(f"{one:.2f}" for one in sorted(found))
        middle = sorted(found)[len(found) // 2]
        print(f"the runner {name} beside its bare loop: {middle:.2f} (goal 2.0; {text})")


def measure(folder: Path, *command: str) -> tuple[float, float, int]:
    """Run a command; return processor seconds, wall seconds and peak memory in kilobytes."""
    code = (
        "import resource, subprocess, sys, time;"
        "t = time.monotonic();"
        "code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL,"
        " stderr=subprocess.DEVNULL).returncode;"
        "u = resource.getrusage(resource.RUSAGE_CHILDREN);"
        "print(u.ru_utime + u.ru_stime, time.monotonic() - t, u.ru_maxrss, code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    cpu, wall, memory, status = done.stdout.split()
    if status != "0":
        raise SystemExit(f"{command} ended with {status}")
    return float(cpu), float(wall), int(memory)


def measure_verdict(samples: int) -> float:
    """Return the seconds for a verdict over a number of samples with twenty slices."""
    from promptops.evals.verdict import SamplePair, compare

    chance = random.Random(1)

    def draw() -> tuple[float, ...]:
        return tuple(float(chance.random() < 0.8) for _ in range(3))

    pairs = [SamplePair(str(n), draw(), draw(), (f"tag{n % 20}",), 2) for n in range(samples)]
    started = time.perf_counter()
    compare(pairs)
    return time.perf_counter() - started


def main() -> None:
    """Print one line a measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=100_000, help="for the memory")
    parser.add_argument("--rounds", type=int, default=3, help="of the runner and its bare loop")
    options = parser.parse_args()
    promptops = (sys.executable, "-m", "promptops", "eval", "run", "ask", "--against", "none")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_repository(folder, options.samples)
        measure_pairs(folder, options.rounds)
        make_repository(folder, 1000)
        measure(folder, *promptops, "--record")
        cold = min(measure(folder, *promptops, "--replay")[1] for _ in range(3))
        print(f"replay of 1,000 samples, cold: {cold:.2f} s (goal 1)")
        few = measure(folder, *promptops, "--live")[2]
        make_repository(folder, options.many)
        (folder / "evals/ask.cassette.jsonl").unlink()
        many = measure(folder, *promptops)[2]
        print(f"memory at {options.many} samples beside 1,000: {many / few:.2f} (goal 1.3)")
    seconds = measure_verdict(10_000)
    print(f"verdict over 10,000 samples and 20 slices: {seconds:.2f} s (goal 0.5)")


if __name__ == "__main__":
    main()
