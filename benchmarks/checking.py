#!/usr/bin/env python3
"""Compare validation in this build and in an earlier commit, in pairs, by processor time.

    nox -s checking -- 598afa8
    nox -s checking -- 598afa8 --turns 5 --only staged

Measured are `validate` of 1,000 and of 10,000 prompts whose results are not kept, and `gate` of a
change of 100 among 1,000, each beside the earlier build; `validate --staged` of one file among
10,000 prompts beside one of 10; and the memory of `validate` over 10,000 beside 1,000. All checks
are on. The exit code is 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from statistics import median
from typing import TYPE_CHECKING

from earlier import CACHE, ROOT, interval, take_build, with_build
from folders import write_promptops
from measuring import Command, show_time, time_in_turns
from proposals import CHANGE, make_proposal
from repositories import Shape
from tools import install_promptops, process_environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_START = "import sys; from promptops.cli import main; sys.argv[0] = 'promptops'; main()"
_CHECK_GOAL = 1.1
_STAGED_GOAL = 1.3
_BYTES_A_PROMPT = 2000
_COUNTS = (1000, 10_000)
_FEW = 10


def main() -> int:
    """Measure, print tables, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("commit", help="the earlier one")
    parser.add_argument("--turns", type=int, default=11)
    parser.add_argument("--only", choices=("validate", "gate", "staged", "memory"))
    options = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    start = [str(install_promptops(CACHE, ROOT) / "python"), "-c"]
    builds = {
        "this build": take_build("this build"),
        "earlier": take_build("earlier", options.commit),
    }
    environment = process_environment(CACHE)
    print("| | earlier or smaller | now or larger | ratio | 95 % | goal | |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | --- |")
    is_met = True
    cases = {"validate": _list_validate, "gate": _list_gate, "staged": _list_staged}
    for name, list_cases in cases.items():
        if options.only in {None, name}:
            for label, goal, pair in list_cases(builds, start):
                is_met &= _compare(label, goal, pair, environment, options.turns)
    if options.only in {None, "memory"}:
        is_met &= _weigh(builds["this build"], start, environment)
    return int(not is_met)


Case = tuple[str, float, tuple[Command, Command]]


def _list_validate(builds: Mapping[str, Path], start: Sequence[str]) -> list[Case]:
    found = []
    for count in _COUNTS:
        place = _make_folder(count)
        pair = _beside(builds, start, place, ("validate", "--no-cache"))
        found.append((f"`validate`, {count:,} prompts", _CHECK_GOAL, pair))
    return found


def _list_gate(builds: Mapping[str, Path], start: Sequence[str]) -> list[Case]:
    place = CACHE / "checking" / "proposal"
    shutil.rmtree(place, ignore_errors=True)
    make_proposal(place, Shape(1000, 2), 100, 100)
    verb = ("gate", "--base", "main", "--head", CHANGE, "--format", "json")
    pair = _beside(builds, start, place, verb)
    return [("`gate`, a change of 100 among 1,000", _CHECK_GOAL, pair)]


def _list_staged(builds: Mapping[str, Path], start: Sequence[str]) -> list[Case]:
    commands = []
    for count in (_COUNTS[-1], _FEW):
        place = _make_folder(count)
        file = min((place / "prompts").rglob("p*.md"))
        text = file.read_text("utf-8")
        file.write_text(text.replace("You handle", "You carefully handle"), "utf-8")
        subprocess.run(["git", "add", "--all"], cwd=place, check=True)
        line = (*start, f"{with_build(builds['this build'])}{_START}", "validate", "--staged")
        commands.append(Command(f"{count}", line, place))
    label = f"`validate --staged`, one file of {_COUNTS[-1]:,} beside one of {_FEW}"
    return [(label, _STAGED_GOAL, (commands[0], commands[1]))]


def _beside(
    builds: Mapping[str, Path], start: Sequence[str], place: Path, verb: Sequence[str]
) -> tuple[Command, Command]:
    lines = [(*start, f"{with_build(one)}{_START}", *verb) for one in builds.values()]
    return Command("this build", lines[0], place), Command("earlier", lines[1], place)


def _make_folder(count: int) -> Path:
    """Make a repository with so many prompts, committed."""
    place = CACHE / "checking" / f"prompts-{count}"
    shutil.rmtree(place, ignore_errors=True)
    write_promptops(place, count)
    identity = ("-c", "user.name=J", "-c", "user.email=j@example.com", "-c", "gc.auto=0")
    for words in (("add", "--all"), (*identity, "commit", "--quiet", "-m", "prompts")):
        subprocess.run(["git", *words], cwd=place, check=True)
    return place


def _compare(
    label: str,
    goal: float,
    pair: tuple[Command, Command],
    environment: Mapping[str, str],
    turns: int,
) -> bool:
    ours, other = time_in_turns(pair, environment, turns=turns, warm_up=1)
    pairs = zip(ours.processor_seconds, other.processor_seconds, strict=True)
    ratios = sorted(mine / theirs for mine, theirs in pairs)
    low, high = interval(ratios)
    ratio = median(ratios)
    verdict = "pass" if ratio <= goal else "miss"
    times = f"{show_time(median(other.processor_seconds))} | "
    times += show_time(median(ours.processor_seconds))
    print(f"| {label} | {times} | {ratio:.3f}", end="")
    print(f" | {low:.3f} to {high:.3f} | ≤ {goal} | {verdict} |", flush=True)
    return ratio <= goal


def _weigh(build: Path, start: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Compare the largest process of two runs."""
    peaks = []
    for count in _COUNTS:
        line = [*start, f"{with_build(build)}{_START}", "validate", "--no-cache"]
        process = subprocess.Popen(
            line,
            cwd=_make_folder(count),
            env=dict(environment),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, _, usage = os.wait4(process.pid, 0)
        peaks.append(usage.ru_maxrss * 1024)
    each = (peaks[1] - peaks[0]) / (_COUNTS[1] - _COUNTS[0])
    verdict = "pass" if each <= _BYTES_A_PROMPT else "miss"
    first, last = (f"{peak / 1e6:.1f} MB" for peak in peaks)
    label = f"memory of `validate`, {_COUNTS[1]:,} beside {_COUNTS[0]:,}"
    print(f"| {label} | {first} | {last} | {each:,.0f} bytes a prompt", end="")
    print(f" | | ≤ {_BYTES_A_PROMPT:,} | {verdict} |")
    return each <= _BYTES_A_PROMPT


if __name__ == "__main__":
    sys.exit(main())
