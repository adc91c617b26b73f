"""Tries hostile files until some number is reached, and tells of each that does harm.

    nox -s fuzz -- --executions 1000000

Harm is an exception that is no error of promptops, two seconds of processor time for one file, or
a process of more than 500 MB. Files that do harm are written to `build/fuzz/`. The same seed makes
the same files.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import sys
import time
import traceback
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from tests.fuzz.inputs import make_large, make_small
from tests.fuzz.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Callable

_SECONDS = 2.0
_MEGABYTES = 500
# One of so many files is a large one.
_LARGE_EVERY = 1_000
_FOLDER = Path("build/fuzz")


class TooSlowError(Exception):
    """A file took longer than any may."""


def _give_up(*_: object) -> None:
    raise TooSlowError


def _try(target: Callable[[bytes], None], data: bytes, label: str) -> bool:
    """Whether the file did no harm."""
    signal.setitimer(signal.ITIMER_VIRTUAL, _SECONDS)
    try:
        target(data)
    except Exception:  # noqa: BLE001 - any is what is looked for
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        _FOLDER.mkdir(parents=True, exist_ok=True)
        file = _FOLDER / f"{target.__name__}-{label}"
        file.write_bytes(data)
        sys.stderr.write(f"{file}: {traceback.format_exc()}\n")
        return False
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return True


def _work(seed: int, executions: int) -> tuple[int, int, int]:
    """Try so many files; give how many did harm, how many were large, and the memory in MB."""
    signal.signal(signal.SIGVTALRM, _give_up)
    random = Random(seed)
    harm = large = 0
    for number in range(executions):
        is_large = number % _LARGE_EVERY == 0
        large += is_large
        data = make_large(random) if is_large else make_small(random)
        target = TARGETS[number % len(TARGETS)] if not is_large else random.choice(TARGETS)
        harm += not _try(target, data, f"{seed}-{number}")
    return harm, large, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> int:
    """Run all of it; exit code 1 when anything did harm."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--executions", type=int, default=20_000, help="how many files (20000)")
    parser.add_argument("--seed", type=int, default=1, help="what the files are made from (1)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at once")
    options = parser.parse_args()
    start = time.monotonic()
    shares = [options.executions // options.jobs] * options.jobs
    with get_context("fork").Pool(options.jobs) as pool:
        seeds = [options.seed * 1_000 + index for index in range(options.jobs)]
        results = pool.starmap(_work, zip(seeds, shares, strict=True))
    harm, large = sum(one[0] for one in results), sum(one[1] for one in results)
    memory = max(one[2] for one in results)
    sys.stdout.write(
        f"{sum(shares):,} executions, {large:,} of them with a megabyte, "
        f"{time.monotonic() - start:.0f} s: {harm} did harm; at most {memory} MB\n"
    )
    return int(harm > 0 or memory > _MEGABYTES)


if __name__ == "__main__":
    sys.exit(main())
