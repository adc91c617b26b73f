#!/usr/bin/env python3
"""Compares `release --all --push` of this build with an earlier commit's, in one run.

    nox -s releases -- 838ca25 --prompts 10000
    nox -s releases -- 838ca25 --prompts 200 --dry-run

Both builds run on the same Python with the same dependencies, the older one last. Each releases all
prompts of a repository of its own, with a remote of its own beside it. The exit code is 1 when this
build takes more than a tenth of the older one's time, or when not all tags are on the remote.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from earlier import CACHE, ROOT, take_build, with_build
from measuring import Command, Samples, show_time, time_in_turns
from repositories import Shape, make_promptops
from tools import install_promptops, process_environment

if TYPE_CHECKING:
    from pathlib import Path

GOAL = 0.1
_START = "import sys; from promptops.cli import main; sys.argv[0] = 'promptops'; main()"


def main() -> int:
    """Measure, print a table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("commit", help="the earlier one")
    parser.add_argument("--prompts", type=int, default=1000)
    parser.add_argument("--dry-run", action="store_true")
    options = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    python = install_promptops(CACHE, ROOT) / "python"
    environment = process_environment(CACHE)
    verb = ["release", "--all", "--dry-run" if options.dry_run else "--push"]
    taken: dict[str, Samples] = {}
    for name, commit in (("this build", None), ("earlier", options.commit)):
        build = take_build(name, commit)
        place = _make(CACHE / "releases" / name.replace(" ", "-"), options.prompts)
        line = (python, "-c", f"{with_build(build)}{_START}", *verb)
        (samples,) = time_in_turns([Command(name, line, place)], environment, turns=1, warm_up=0)
        taken[name] = samples
        times = f"{show_time(samples.seconds[0])}, processor {_show_processor(samples)}"
        print(f"{name}: {times}", file=sys.stderr, flush=True)
        if not options.dry_run:
            _require_tags(place, options.prompts)
    ours, other = taken["this build"], taken["earlier"]
    ratio = ours.seconds[0] / other.seconds[0]
    work = ours.processor_seconds[0] / other.processor_seconds[0]
    verdict = "pass" if ratio <= GOAL else "miss"
    print(f"| `{' '.join(verb)}` | {options.commit} | ratio | goal | | processor time |")
    print("| ---: | ---: | ---: | ---: | --- | ---: |")
    times = f"{show_time(ours.seconds[0])} | {show_time(other.seconds[0])}"
    print(f"| {times} | {ratio:.3f} | ≤ {GOAL} | {verdict} | {work:.3f} |")
    return int(ratio > GOAL)


def _show_processor(samples: Samples) -> str:
    return show_time(samples.processor_seconds[0])


def _make(folder: Path, prompts: int) -> Path:
    """Make a repository whose prompts are not released, and a remote that has its branch."""
    shutil.rmtree(folder, ignore_errors=True)
    place, remote = folder / "work", folder / "remote.git"
    folder.mkdir(parents=True)
    make_promptops(place, Shape(prompts, 1))
    packed = place / ".git" / "packed-refs"
    lines = packed.read_text("utf-8").splitlines(keepends=True)
    kept = [line for line in lines if " refs/tags/" not in line and not line.startswith("^")]
    packed.write_text("".join(kept), "utf-8")
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(remote)], check=True)
    _git(place, "remote", "add", "origin", str(remote))
    _git(place, "push", "--quiet", "origin", "main")
    _git(place, "fetch", "--quiet", "origin")
    return place


def _require_tags(place: Path, prompts: int) -> None:
    for folder in (place, place.parent / "remote.git"):
        found = len(_git(folder, "tag", "--list").splitlines())
        if found != prompts:
            print(f"{folder} has {found} tags, not {prompts}", file=sys.stderr)
            raise SystemExit(1)


def _git(folder: Path, *args: str, check: bool = True) -> str:
    line = ["git", "-C", str(folder), *args]
    return subprocess.run(line, check=check, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
