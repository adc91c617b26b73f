#!/usr/bin/env python3
"""Compare the start-up of this build and of an earlier commit, in pairs, by processor time.

    nox -s start_up -- v0.1.0
    nox -s start_up -- 1d84bc1^ --turns 21

Both builds run on the same Python with the same dependencies, in turns, and every other turn
backwards. The ratio is the median of the ratios of pairs. Its 95 % interval comes from order
statistics, which assume nothing of how times are spread. The exit code is 1 when an upper bound is
above the goal.
"""

from __future__ import annotations

import argparse
import compileall
import math
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from measuring import Command, show_time, time_in_turns
from repositories import Shape, make_promptops, prompt_name, version_name
from tools import install_promptops, process_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "build" / "benchmarks"
GOAL = 1.05
_START = "import sys; from promptops.cli import main; sys.argv[0] = 'promptops'; main()"
_COUNT = """
import atexit, importlib, os, sys
def count():
    found = [m for n, m in sys.modules.items() if n.partition(".")[0] == "promptops"]
    files = [m.__file__ for m in found if getattr(m, "__file__", None)]
    ours = sum(os.path.basename(f) != "__init__.py" or os.path.getsize(f) > 200 for f in files)
    print(ours, len(sys.modules), file=sys.stderr)
atexit.register(count)
"""
_PIN = f"{prompt_name(1)}@{version_name(1)}"
CASES = {
    "`import promptops`": ("import promptops", ()),
    "`--help`": (_START, ("--help",)),
    "`resolve NAME@VERSION`": (_START, ("resolve", _PIN)),
}


def main() -> int:
    """Measure, print a table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("commit", help="the earlier one")
    parser.add_argument("--turns", type=int, default=101)
    options = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    python = install_promptops(CACHE, ROOT) / "python"
    builds = {
        "this build": take_build("this build"),
        "earlier": take_build("earlier", options.commit),
    }
    place = CACHE / "start-up-repository"
    shutil.rmtree(place, ignore_errors=True)
    make_promptops(place, Shape(5, 2))
    print(f"against {options.commit}, {options.turns} turns, processor time:\n")
    print("| started | modules of ours, all | earlier | median | ratio | 95 % | goal | |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |")
    is_met = True
    for label, (code, arguments) in CASES.items():
        ours, other = time_in_turns(
            [
                Command(name, (python, "-c", f"{with_build(folder)}{code}", *arguments), place)
                for name, folder in builds.items()
            ],
            process_environment(CACHE),
            turns=options.turns,
        )
        pairs = zip(ours.processor_seconds, other.processor_seconds, strict=True)
        ratios = sorted(mine / theirs for mine, theirs in pairs)
        low, high = interval(ratios)
        verdict = "pass" if high <= GOAL else "miss"
        is_met = is_met and high <= GOAL
        counts = [_count(python, folder, code, arguments, place) for folder in builds.values()]
        times = f"{counts[1]} | {show_time(median(ours.processor_seconds))}"
        print(f"| {label} | {counts[0]} | {times} | {median(ratios):.3f}", end="")
        print(f" | {low:.3f} to {high:.3f} | ≤ {GOAL} | {verdict} |", flush=True)
    return int(not is_met)


def interval(ordered: Sequence[float]) -> tuple[float, float]:
    """Return a 95 % interval of the median from values in order, at least that by the binomial."""
    count = len(ordered)
    below, rank = 0.0, 0
    while below + math.comb(count, rank) / 2**count <= 0.025:
        below += math.comb(count, rank) / 2**count
        rank += 1
    # Fewer than six values have no such interval.
    return (ordered[rank - 1], ordered[count - rank]) if rank else (0.0, math.inf)


def take_build(name: str, commit: str | None = None) -> Path:
    """Write the package of a commit, or of the work tree, into a folder of the cache, compiled."""
    folder = CACHE / "start-up" / name.replace(" ", "-")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if commit is not None:
        archive = folder / "package.tar"
        line = ["git", "-C", str(ROOT), "archive", f"--output={archive}", commit, "promptops"]
        subprocess.run(line, check=True)
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        archive.unlink()
    else:
        shutil.copytree(
            ROOT / "promptops", folder / "promptops", ignore=shutil.ignore_patterns("__pycache__")
        )
    compileall.compile_dir(folder, quiet=2)
    return folder


def with_build(folder: Path) -> str:
    """Return the code that lets a process import a build's package."""
    return f"import sys; sys.path.insert(0, {str(folder)!r})\n"


def _count(python: Path, folder: Path, code: str, arguments: Sequence[str], place: Path) -> str:
    """Return how many modules a start imports: those of the package that hold code, and all."""
    done = subprocess.run(
        [python, "-c", f"{with_build(folder)}{_COUNT}{code}", *arguments],
        cwd=place,
        env=process_environment(CACHE),
        capture_output=True,
        text=True,
        check=True,
    )
    ours, total = done.stderr.split()[-2:]
    return f"{ours}, {total}"


if __name__ == "__main__":
    sys.exit(main())
