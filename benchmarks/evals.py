"""Measure the overhead of an eval run: processor time, memory, and the start of a replay.

    python benchmarks/evals.py                     # 1,000 and 10,000 samples, 100,000 for memory
    python benchmarks/evals.py --samples 2000 --rounds 3 --only-runner       # a look

Everything is a ratio within one run, with answers that come at once. The bare loop renders each
sample as the runner does (in the process with limits, many at a time), asks and puts the answer to
the same three checks, and does nothing else. Both ask a local server of OpenAI's format in a
process of its own, through the same transport; then the echo model, without any network, beside
which what the runner adds looks largest.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from answering import BARE, ECHO, SERVED, Server, make_repository

sys.path.insert(0, str(Path(__file__).parents[1]))

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RUN = (sys.executable, "-m", "promptops", "eval", "run", "ask", "--against", "none")

# The run log, and the limits of a ledger.
SETTINGS = {
    "alone": "",
    "with the run log": "[log]\n",
    "with limits": "[guards.environments.eval]\nspend_per_day = 30\n",
    "with both": "[log]\n[guards.environments.eval]\nspend_per_day = 30\n",
}
# A model with a price, so that limits have something to count.
ENDPOINT = """\
[models.openai]
base_url = "{url}"
input_price = 0.12
output_price = 0.5
"""
WORKERS = "10"
FEW = 20
"""The samples of a run that stands for the start."""


def compare_with_bare_loop(folder: Path, samples: int, rounds: int, url: str | None = None) -> None:
    """Print the processor time of the runner beside its bare loop, all of them in turns.

    Both ask the server at `url`, whose own time is not counted; without one, the echo model. What
    is printed first is what each further sample takes: a run of a few is subtracted from both.
    """
    few, many = folder / "few", folder / "many"
    for repository, count in ((few, FEW), (many, samples)):
        make_repository(repository, count, ECHO if url is None else SERVED)
    sides: dict[str, tuple[str, Sequence[str]]] = {
        "the bare loop": ("", (sys.executable, "-c", BARE, WORKERS)),
        **{f"the runner {name}": (text, (*RUN, "--live")) for name, text in SETTINGS.items()},
    }
    each: dict[str, list[float]] = {name: [] for name in sides}
    whole: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, (text, command) in sides.items():
            seconds = []
            for repository in (few, many):
                endpoint = "" if url is None else ENDPOINT.format(url=url)
                (repository / "promptops.toml").write_text(endpoint + text)
                seconds.append(measure(repository, *command)[0])
                shutil.rmtree(repository / ".git/promptops-log", ignore_errors=True)
            each[name].append((seconds[1] - seconds[0]) / (samples - FEW))
            whole[name].append(seconds[1])
    where = "no network (the echo model)" if url is None else "one local server"
    print(f"{samples:,} samples, {where}, processor time beside the bare loop (goal 2.0):")
    for name in sides:
        ratio, total = _describe_ratio(each, name), _describe_ratio(whole, name)
        microseconds = median(each[name]) * 1e6
        print(
            f"  {name}: {microseconds:.0f} µs a sample, {ratio}; whole process {total}", flush=True
        )


def _describe_ratio(seconds: Mapping[str, Sequence[float]], name: str) -> str:
    """Return a side's median beside that of the bare loop, and the range of its turns."""
    beside = median(seconds["the bare loop"])
    ratios = sorted(one / beside for one in seconds[name])
    return f"{median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"


def measure(folder: Path, *command: str) -> tuple[float, float, int]:
    """Run a command; return processor seconds, wall seconds and peak memory in kilobytes."""
    code = (
        "import resource, subprocess, sys, time;"
        "t = time.monotonic();"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE);"
        "u = resource.getrusage(resource.RUSAGE_CHILDREN);"
        "sys.stderr.buffer.write(done.stderr[-2000:] if done.returncode else b'');"
        "print(u.ru_utime + u.ru_stime, time.monotonic() - t, u.ru_maxrss, done.returncode)"
    )
    # Without bytecode a start would be little but compiling.
    kept = {name: one for name, one in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", code, *command],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        env={**kept, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    cpu, wall, memory, status = done.stdout.split()
    if status != "0":
        raise SystemExit(f"{command} ended with {status}: {done.stderr}")
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
    parser.add_argument("--samples", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--many", type=int, default=100_000, help="for the memory")
    parser.add_argument("--rounds", type=int, default=5, help="of the runner and its bare loop")
    parser.add_argument("--only-runner", action="store_true", help="beside its bare loop")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, Server(0) as server:
        for samples in options.samples:
            compare_with_bare_loop(Path(name), samples, options.rounds, server.url)
            compare_with_bare_loop(Path(name), samples, options.rounds)
    if options.only_runner:
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_repository(folder, 1000, ECHO)
        measure(folder, *RUN, "--record")
        cold = min(measure(folder, *RUN, "--replay")[1] for _ in range(3))
        print(f"replay of 1,000 samples, cold: {cold:.2f} s (goal 1)")
        few = measure(folder, *RUN, "--live")[2]
        make_repository(folder, options.many, ECHO)
        (folder / "evals/ask.cassette.jsonl").unlink()
        many = measure(folder, *RUN)[2]
        print(f"memory at {options.many} samples beside 1,000: {many / few:.2f} (goal 1.3)")
    seconds = measure_verdict(10_000)
    print(f"verdict over 10,000 samples and 20 slices: {seconds:.2f} s (goal 0.5)")


if __name__ == "__main__":
    main()
