"""Turns round every condition of the rules, and tells of each time that no test noticed.

    nox -s mutants                                    the rules of the gate
    python -m tests.mutation                          all that are listed in targets.py
    nox -s mutants -- promptops.gate.rules.consent    one module
    nox -s mutants -- --sample 50 --seed 7            some

The exit code is 1 when a mutant survives that is not known to change nothing, and 2 when the tests
fail without any. The same seed takes the same sample.
"""

from __future__ import annotations

import argparse
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from tests.mutation.mutants import Mutant, make_mutants
from tests.mutation.running import BrokenTestsError, Fate, try_mutants
from tests.mutation.targets import EQUIVALENT, RULES, SOURCES

if TYPE_CHECKING:
    from collections.abc import Sequence

_TESTS = {**RULES, **SOURCES}
_MAX_CHARACTERS = 160


def main() -> int:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("modules", nargs="*", help="modules by name (all)")
    parser.add_argument("--rules", action="store_true", help="the pure rules of the gate alone")
    parser.add_argument("--sample", type=int, help="so many mutants (all)")
    parser.add_argument("--seed", type=int, default=1, help="which sample (1)")
    parser.add_argument("--jobs", type=int, default=2, help="processes at once (2)")
    options = parser.parse_args()
    modules = options.modules or list(RULES if options.rules else _TESTS)
    unknown = [name for name in modules if name not in _TESTS]
    if unknown:
        parser.error(f"{unknown[0]} is not listed in tests/mutation/targets.py")
    start = time.monotonic()
    mutants = [one for name in modules for one in _read(name)]
    if options.sample is not None:
        mutants = Random(options.seed).sample(mutants, min(options.sample, len(mutants)))
    try:
        fates = try_mutants(mutants, _TESTS, options.jobs)
    except BrokenTestsError as error:
        sys.stderr.write(f"nothing can be told: {error}\n")
        return 2
    return _report(mutants, fates, time.monotonic() - start)


def _read(module: str) -> list[Mutant]:
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    return list(make_mutants(module, Path(spec.origin).read_text("utf-8")))


def _report(mutants: Sequence[Mutant], fates: Sequence[Fate], seconds: float) -> int:
    """Print what became of the mutants; give the exit code."""
    known = bad = 0
    for one, fate in zip(mutants, fates, strict=True):
        is_caught, is_known = fate is Fate.CAUGHT, one.key in EQUIVALENT
        known += is_known and not is_caught
        if is_caught == is_known:
            bad += 1
            fault = "is listed as changing nothing, and a test notices it" if is_known else fate
            sys.stdout.write(f"{_describe(one)}\n  {fault}\n")
    caught = fates.count(Fate.CAUGHT)
    sys.stdout.write(
        f"{len(mutants):,} mutants, {seconds:.0f} s: {caught:,} caught, "
        f"{known} known to change nothing, {bad} to look at\n"
    )
    return int(bad > 0)


def _describe(one: Mutant) -> str:
    place = f"{one.module.replace('.', '/')}.py:{one.line}"
    before, after = (" ".join(text.split())[:_MAX_CHARACTERS] for text in (one.before, one.after))
    return f"{place} {one.function}\n  - {before}\n  + {after}"


if __name__ == "__main__":
    sys.exit(main())
