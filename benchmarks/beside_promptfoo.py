"""Compare evals over the network with bare loops, and with promptfoo.

    python benchmarks/beside_promptfoo.py                              # the slow server alone
    python benchmarks/beside_promptfoo.py --litellm                    # with promptops[models]
    python benchmarks/beside_promptfoo.py --promptfoo --samples 1000 10000    # installs promptfoo
    python benchmarks/beside_promptfoo.py --promptfoo node main.js     # promptfoo's command

One server of OpenAI's format in a process of its own, one suite of three checks. Processor time and
memory are those of each side's whole process. The goals: at most 1.3 of the bare loop's wall time
with 50 connections to a server that takes 50 ms; at most 1.2 of the processor time of a loop of
`litellm.acompletion`; ten times promptfoo's samples per processor second at 0.2 of its memory; a
replay of 1,000 samples, cold process to exit code, in 1 s and in 0.1 of promptfoo's time with a
warm cache.

On a machine that does other work, look at the ratio of processor times: the wall times of both
sides are those of the server only while a core is free.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from answering import BARE, SERVED, Server
from answering import make_repository as make_suite

from evals import measure

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.promptfoo.installing import install_promptfoo

if TYPE_CHECKING:
    from collections.abc import Sequence

REPLAYED = 1000
"""The samples of the suite whose replay has a goal in seconds."""
BARE_LITELLM = """
import asyncio, sys
from promptops.evals.suites import Suites
from promptops.repository.repository import find_prompt, open_repository

repository = open_repository(".")
suites = Suites(repository)
prompt = find_prompt(repository.working, "ask", where="here")
(found,) = suites.find([])
suite, _ = suites.load(found, prompt)

async def main():
    import litellm
    pending = iter(suite.samples)
    async def work():
        for sample in pending:
            await litellm.acompletion(
                model="openai/m", messages=prompt.render(sample.inputs), max_tokens=100,
                api_base=sys.argv[1], api_key="none", max_retries=0, timeout=60,
            )
    await asyncio.gather(*(work() for _ in range(50)))

if len(sys.argv) > 1:
    asyncio.run(main())
"""


def make_repository(folder: Path, samples: int, url: str, more: str = "") -> None:
    """Write a repository with one suite, and the same as a configuration of promptfoo."""
    make_suite(folder, samples, SERVED, "{{ question }}")
    (folder / "theirs").mkdir(exist_ok=True)
    (folder / "promptops.toml").write_text(
        f'[models.openai]\nbase_url = "{url}"\nfree = true\n{more}[eval]\nconcurrency = 50\n'
    )
    rows = (folder / "evals/rows.jsonl").read_text().splitlines()
    checks = [
        {"type": "contains", "value": "number"},
        {"type": "regex", "value": "\\?$"},
        {"type": "not-contains", "value": "sorry"},
    ]
    provider = {"id": "openai:chat:m", "config": {"apiBaseUrl": url, "apiKey": "none"}}
    configuration = {
        "prompts": ["{{question}}"],
        "providers": [provider],
        "defaultTest": {"assert": checks},
        "tests": [{"vars": json.loads(row)} for row in rows],
    }
    (folder / "theirs/promptfooconfig.json").write_text(json.dumps(configuration))


def compare_with_bare_loop(folder: Path, samples: int) -> None:
    """Print the wall time beside that of the bare loop, at a server that takes 50 ms."""
    run = (sys.executable, "-m", "promptops", "eval", "run", "ask", "--against", "none", "--live")
    with Server(0.05) as server:
        make_repository(folder, samples, server.url)
        sides = [(*run, "--dry-run"), run]
        sides += [(sys.executable, "-c", BARE, workers) for workers in ("0", "50")]
        ours, bare = take_turns(folder, sides)
    print(
        f"{samples} samples at 50 ms, 50 connections: {ours.wall:.2f} s, the bare loop"
        f" {bare.wall:.2f} s: {ours.wall / bare.wall:.2f} (goal 1.3);"
        f" processor time {ours.cpu / bare.cpu:.2f}"
    )


class Cost(NamedTuple):
    """What a run takes beyond its start, in seconds."""

    cpu: float
    wall: float


def take_turns(folder: Path, sides: Sequence[Sequence[str]], turns: int = 5) -> list[Cost]:
    """Return the costs of runs without their starts; `sides` are each a start, then its run."""
    seen = [[measure(folder, *side) for side in sides] for _ in range(turns)]
    cpu, wall = ([median(turn[n][which] for turn in seen) for n in range(4)] for which in (0, 1))
    return [Cost(cpu[n + 1] - cpu[n], wall[n + 1] - wall[n]) for n in (0, 2)]


def compare_with_litellm(folder: Path, samples: int) -> None:
    """Print the processor time of a run through LiteLLM beside a loop of `acompletion`."""
    run = (sys.executable, "-m", "promptops", "eval", "run", "ask", "--against", "none", "--live")
    os.environ["OPENAI_API_KEY"] = "none"
    with Server(0) as server:
        make_repository(folder, samples, server.url, 'transport = "litellm"\n')
        bare = (sys.executable, "-c", BARE_LITELLM)
        sides = [(*run, "--dry-run"), run, bare, (*bare, server.url)]
        ours, loop = take_turns(folder, sides)
    print(
        f"{samples} samples through LiteLLM: {ours.cpu:.2f} s of processor time, the bare loop"
        f" {loop.cpu:.2f} s: {ours.cpu / loop.cpu:.2f} (goal 1.2)"
    )


def compare_with_promptfoo(folder: Path, samples: int, command: list[str], turns: int) -> None:
    """Print processor time, memory and the time of a replay beside promptfoo's."""
    run = (sys.executable, "-m", "promptops", "eval", "run", "ask", "--against", "none")
    os.environ.update(
        PROMPTFOO_DISABLE_TELEMETRY="1",
        PROMPTFOO_DISABLE_UPDATE="1",
        PROMPTFOO_CONFIG_DIR=str(folder / "home"),
        OPENAI_API_KEY="none",
    )
    theirs = (*command, "eval", "-c", "theirs/promptfooconfig.json", "--no-table")
    theirs += ("--no-progress-bar", "--max-concurrency", "50")
    with Server(0) as server:
        make_repository(folder, samples, server.url)
        # The first start compiles the modules.
        measure(folder, *run, "--dry-run")
        seen = [
            (measure(folder, *run, "--live"), measure(folder, *theirs, "--no-cache"))
            for _ in range(turns)
        ]
        cpu, memory = (median(turn[0][which] for turn in seen) for which in (0, 2))
        their_cpu, their_memory = (median(turn[1][which] for turn in seen) for which in (0, 2))
        times = sorted(other[0] / own[0] for own, other in seen)
        shares = sorted(own[2] / other[2] for own, other in seen)
        print(
            f"{samples:,} samples, {turns} turns: {samples / cpu:,.0f} a processor second and"
            f" {memory / 1024:.0f} MB, promptfoo {samples / their_cpu:,.0f} and"
            f" {their_memory / 1024:.0f} MB: {median(times):.1f} times as many (goal 10;"
            f" {times[0]:.1f} to {times[-1]:.1f}), {median(shares):.2f} of the memory (goal 0.2;"
            f" {shares[0]:.2f} to {shares[-1]:.2f})",
            flush=True,
        )
        measure(folder, *run, "--record")
        measure(folder, *theirs)
        compare_replays(folder, samples, (*run, "--replay"), theirs, turns)


def compare_replays(
    folder: Path, samples: int, ours: Sequence[str], theirs: Sequence[str], turns: int
) -> None:
    """Print what a replay takes beside promptfoo's with a warm cache."""
    seen = [(measure(folder, *ours), measure(folder, *theirs)) for _ in range(turns)]
    cpu, wall = (median(turn[0][which] for turn in seen) for which in (0, 1))
    their_cpu, their_wall = (median(turn[1][which] for turn in seen) for which in (0, 1))
    goal = " (goal 1 s)" if samples == REPLAYED else ""
    print(
        f"replay of {samples:,} samples: {wall:.2f} s{goal}, promptfoo with a warm cache"
        f" {their_wall:.2f} s: {wall / their_wall:.2f} (goal 0.1); processor time {cpu:.2f} s"
        f" and {their_cpu:.2f} s: {cpu / their_cpu:.2f}"
    )


def main() -> None:
    """Print one line a measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, nargs="+", default=[1000])
    parser.add_argument("--promptfoo", nargs="*", help="its command; without one it is installed")
    parser.add_argument("--turns", type=int, default=3, help="of both sides, beside promptfoo")
    parser.add_argument("--litellm", action="store_true")
    options = parser.parse_args()
    if options.promptfoo == []:
        options.promptfoo = install_promptfoo()
    for samples in options.samples:
        with tempfile.TemporaryDirectory() as name:
            if options.promptfoo:
                compare_with_promptfoo(Path(name), samples, options.promptfoo, options.turns)
            elif options.litellm:
                compare_with_litellm(Path(name), samples)
            else:
                compare_with_bare_loop(Path(name), samples)


if __name__ == "__main__":
    main()
