"""Times commands in turns and judges ratios, so that a noisy machine is noisy to both sides alike.

A, B, A, B, ...: never all of one and then all of the other. What is compared is the median.
"""

from __future__ import annotations

import os
import resource
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class FailedCommandError(Exception):
    """A measured command did not do what it was run for, so its time means nothing."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command line that is measured.

    Attributes:
        label: what it is called in the results.
        line: the program's path and its arguments.
        folder: where it runs.
        stdin: the file that it reads; nothing when None.
    """

    label: str
    line: tuple[str | Path, ...]
    folder: Path
    stdin: Path | None = None


@dataclass(frozen=True, slots=True)
class Samples:
    """What measuring one thing again and again gave.

    Attributes:
        label: what was measured.
        seconds: the time on the clock, of each turn.
        processor_seconds: the processor time, of each turn; children included. Empty where it
            was not taken.
    """

    label: str
    seconds: tuple[float, ...]
    processor_seconds: tuple[float, ...] = ()

    @property
    def median(self) -> float:
        """The median time on the clock, in seconds."""
        return median(self.seconds)

    @property
    def processor(self) -> float | None:
        """The median processor time, in seconds."""
        return median(self.processor_seconds) if self.processor_seconds else None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the results: a measured thing, what it is held to, and the goal.

    Attributes:
        label: what is claimed.
        ours: the samples of promptops.
        other: the samples it is compared with; None when the goal is a time.
        goal: the greatest ratio (or, without `other`, time in seconds) that passes; None: no goal.
    """

    label: str
    ours: Samples
    other: Samples | None
    goal: float | None

    @property
    def value(self) -> float:
        """The ratio of the medians, or the median."""
        return self.ours.median / self.other.median if self.other else self.ours.median

    @property
    def verdict(self) -> str:
        """`pass`, `miss`, or nothing without a goal."""
        if self.goal is None:
            return ""
        return "pass" if self.value <= self.goal else "miss"


def time_in_turns(
    commands: Sequence[Command],
    environment: Mapping[str, str],
    *,
    turns: int,
    warm_up: int = 2,
    is_sequence: bool = False,
) -> list[Samples]:
    """Run the commands one after the other, so many turns; give the samples of each.

    Every other turn goes backwards, unless the commands are a sequence, each of which makes the
    state that the next one needs.
    """
    for _ in range(warm_up):
        for command in commands:
            _run(command, environment)
    taken: list[list[tuple[float, float]]] = [[] for _ in commands]
    for turn in range(turns):
        # Whoever always comes second would always find the other's files in the caches.
        order = list(range(len(commands)))
        for index in order if is_sequence or turn % 2 == 0 else reversed(order):
            taken[index].append(_run(commands[index], environment))
    return [
        Samples(command.label, *zip(*samples, strict=True))
        for command, samples in zip(commands, taken, strict=True)
    ]


def _run(command: Command, environment: Mapping[str, str]) -> tuple[float, float]:
    """Run one command; give its time on the clock and its processor time, in seconds."""
    before, start = _children_seconds(), time.perf_counter()
    with Path(command.stdin or os.devnull).open("rb") as stdin:
        done = subprocess.run(
            [os.fspath(part) for part in command.line],
            cwd=command.folder,
            env=dict(environment),
            stdin=stdin,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
    taken = time.perf_counter() - start, _children_seconds() - before
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip()
        message = f"{' '.join(map(str, command.line))} ended with {done.returncode}: {said[-2000:]}"
        raise FailedCommandError(message)
    return taken


def _children_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def format_table(rows: Sequence[Row]) -> str:
    """Give the results as a Markdown table."""
    lines = [
        "| measured | median | compared with | median | ratio | processor | goal | |",
        "| --- | ---: | --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for row in rows:
        goal = "" if row.goal is None else f"{row.goal:g}" if row.other else show_time(row.goal)
        cells = [
            row.label,
            show_time(row.ours.median),
            row.other.label if row.other else "",
            show_time(row.other.median) if row.other else "",
            f"{row.value:.2f}" if row.other else "",
            _processor_ratio(row),
            f"≤ {goal}" if goal else "",
            row.verdict,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _processor_ratio(row: Row) -> str:
    ours, other = row.ours.processor, row.other.processor if row.other else None
    return f"{ours / other:.2f}" if ours and other else ""


def format_samples(rows: Sequence[Row]) -> str:
    """Give the raw times, one line for each thing that was measured."""
    lines = []
    for row in rows:
        lines.append(row.label)
        for samples in (row.ours, row.other):
            if samples is not None:
                times = " ".join(show_time(seconds) for seconds in samples.seconds)
                lines.append(f"    {samples.label}: {times}")
    return "\n".join(lines)


def show_time(seconds: float) -> str:
    """Give a time in the unit that fits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            number = seconds / size
            return f"{number:.0f} {unit}" if number >= 100 else f"{number:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"
