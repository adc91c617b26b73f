#!/usr/bin/env python3
"""Measures what each fast path beside an engine saves users: a command with it, and without.

    nox -s shortcuts
    nox -s shortcuts -- --turns 21

Both run in turns on the same repository, by processor time. "Without" is the same code with the
fast path taken out, so that the engine does all. The exit code is 1 when one saves less than 20 %
of every wait that it is for: then it has to go.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from statistics import median
from typing import NamedTuple

from measuring import Command, show_time, time_in_turns
from repositories import Shape, make_promptops, prompt_name, version_name
from tools import install_promptops, process_environment

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "build" / "benchmarks"
GOAL = 0.2
_START = "import sys; from promptops.cli import main; sys.argv[0] = 'promptops'; main()"
_PIN = f"{prompt_name(1)}@{version_name(1)}"
_FIRST_GET = f"""
import promptops
with promptops.open() as registry:
    registry.get("{_PIN}")
"""


class Shortcut(NamedTuple):
    """A fast path.

    Attributes:
        module: where it is.
        without: the code that takes it out.
        waits: a wait's words -> the arguments of promptops, or code to run instead.
        shape: what the repository holds.
    """

    module: str
    without: str
    waits: dict[str, tuple[str, ...] | str]
    shape: Shape = Shape(50, 2)


SHORTCUTS = (
    Shortcut(
        "prompt.frontmatter.plain",
        "import promptops.prompt.frontmatter.document as m; m.read_plain = lambda *a, **k: None",
        {
            "`resolve NAME@VERSION`": ("resolve", _PIN),
            "a program's first `get`": _FIRST_GET,
            "`list`, 1,000 prompts": ("list",),
            "`validate --no-cache`, 1,000 prompts": ("validate", "--no-cache"),
        },
        Shape(1000, 2),
    ),
    Shortcut(
        "prompt.template.plain",
        "import promptops.prompt.template.plain as m; m.read_plain = lambda *a, **k: None",
        {"`validate --no-cache`, 1,000 prompts": ("validate", "--no-cache")},
        Shape(1000, 1),
    ),
    Shortcut(
        "prompt.template.simple",
        "import promptops.prompt.template.rendering as m; m.read_simple = lambda body: None",
        {
            "`render NAME@VERSION`": ("render", _PIN, "--var", "ticket=x"),
            "`run NAME@VERSION`": ("run", _PIN, "--var", "ticket=x", "--model", "echo/x"),
        },
    ),
    Shortcut(
        "prompt.template.includes",
        "import promptops.prompt.template as m; from promptops.prompt.template.analysis import"
        " inspect; m.scan_includes = lambda text: [one.path for one in"
        " inspect('a', text, partial=False, first_line=1)[0].includes]",
        {
            "`resolve` of a prompt with a partial": (
                "resolve",
                f"{prompt_name(0)}@{version_name(1)}",
            )
        },
    ),
    Shortcut(
        "delivery.state.parse_canonical",
        "import promptops.delivery.state as m; m.parse_canonical = lambda data: None",
        {"`resolve NAME@production`, 10,000 prompts": ("resolve", f"{prompt_name(1)}@production")},
        Shape(10_000, 1, deployments=2),
    ),
)


def main() -> int:
    """Measure, print a table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--turns", type=int, default=21)
    parser.add_argument("--only", default="", help="part of a module's name")
    options = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    python = install_promptops(CACHE, ROOT) / "python"
    # Both sides make the same request more often than a limit allows.
    configuration = CACHE / "shortcuts.toml"
    configuration.write_text("[guards]\nidentical_per_minute = 1_000_000\n", "utf-8")
    environment = {**process_environment(CACHE), "PROMPTOPS_CONFIG": str(configuration)}
    print("| fast path | wait | with | without | saved | |")
    print("| --- | --- | ---: | ---: | ---: | --- |")
    is_met = True
    for one in SHORTCUTS:
        if options.only not in one.module:
            continue
        shape = one.shape
        name = f"{shape.prompts}-{shape.versions}-{shape.deployments}-{shape.partial}"
        place = CACHE / f"shortcuts-{name}"
        if not place.exists():
            make_promptops(place, shape)
        best = 0.0
        for wait, asked in one.waits.items():
            code, arguments = (asked, ()) if isinstance(asked, str) else (_START, asked)
            commands = [
                Command(label, (python, "-c", f"{before}\n{code}", *arguments), place)
                for label, before in (("with", ""), ("without", one.without))
            ]
            ours, engine = time_in_turns(commands, environment, turns=options.turns)
            pairs = zip(ours.processor_seconds, engine.processor_seconds, strict=True)
            saved = 1 - median(mine / theirs for mine, theirs in pairs)
            best = max(best, saved)
            times = [show_time(median(side.processor_seconds)) for side in (ours, engine)]
            verdict = "stays" if saved >= GOAL else "saves too little"
            print(
                f"| `{one.module}` | {wait} | {times[0]} | {times[1]} | {saved:.1%} | {verdict} |",
                flush=True,
            )
        is_met = is_met and best >= GOAL
    return int(not is_met)


if __name__ == "__main__":
    sys.exit(main())
