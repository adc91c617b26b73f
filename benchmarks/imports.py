#!/usr/bin/env python3
"""Measures what importing each library costs a command: the table in ARCHITECTURE.md.

    nox -s imports
    nox -s imports -- --turns 5

Each import is in a process of its own and in turns with the others, by processor time, after what
every command of promptops imports.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from statistics import median

from measuring import show_time
from tools import process_environment

CACHE = Path(__file__).resolve().parent.parent / "build" / "benchmarks"
MODULES = (
    *("rich.cells", "rich.table", "rich.progress"),
    *("git", "deepdiff", "frontmatter", "http.client", "httpx"),
    *("filelock", "jsonschema_rs"),
)
_CODE = """
import sys, promptops.cli.commands, promptops.cli.session, time
begun = time.process_time()
__import__(sys.argv[1])
print(begun, time.process_time() - begun)
"""


def main() -> int:
    """Measure, print a table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--turns", type=int, default=21)
    options = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    environment = process_environment(CACHE)
    base: list[float] = []
    seconds: dict[str, list[float]] = {module: [] for module in MODULES}
    for turn in range(options.turns + 1):
        for module, found in seconds.items():
            done = subprocess.run(
                [sys.executable, "-c", _CODE, module],
                env=environment,
                check=True,
                capture_output=True,
                text=True,
            )
            # The first turn may compile.
            if turn:
                begun, took = map(float, done.stdout.split())
                base.append(begun)
                found.append(took)
    print("| module | import |")
    print("| --- | ---: |")
    print(f"| what every command has imported | {show_time(median(base))} |")
    for module, found in seconds.items():
        print(f"| `{module}` | {show_time(median(found))} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
