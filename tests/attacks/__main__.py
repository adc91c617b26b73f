"""Attacks at full size on what promptops promises; tells what was tried, and what broke.

    nox -s attacks
    nox -s attacks -- --only races --scale 0.1 --seed 7

The exit code is 1 when a promise broke. The same seed makes the same choices; what the machine
does with them differs from run to run.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.attacks import kills, lost_answers, races, servers
from tests.attacks.attack import Attack, Tally
from tests.conftest import move_in
from tests.released import Press, publish_triage
from tests.repositories import Repo

if TYPE_CHECKING:
    from collections.abc import Sequence


def fork(folder: Path, chance: Random, size: int) -> Tally:
    """Fork while threads read, open, render and import; of a folder and of a clone URL."""
    del chance
    tally = Tally()
    repo = Repo.init(folder / "repo")
    publish_triage(Press(repo))
    sources = {"folder": str(repo.path), "URL": repo.publish(folder / "remote.git").url}
    for kind, source in sources.items():
        args = (sys.executable, "-m", "tests.attacks.forks", source, str(folder / kind), str(size))
        done = subprocess.run(args, capture_output=True, text=True, check=False)
        tally.tried += size
        if (done.stdout, done.stderr) != (f"{size} forks, 0 hung, 0 failed\n", ""):
            tally.broke.append(f"{kind}: {done.stdout}{done.stderr}")
    return tally


ATTACKS: dict[str, tuple[Attack, int]] = {
    "races": (races.attack, 400),
    "lost answers": (lost_answers.attack, 600),
    "kills": (kills.attack, 30),
    "forks": (fork, 500),
    "hostile servers": (servers.attack, 64),
}
"""What there is, and how often each is tried at full size."""


class _Folders:
    """Stands in for pytest's maker of temporary folders."""

    def __init__(self, base: Path) -> None:
        self._base = base

    def getbasetemp(self) -> Path:
        return self._base


def main(arguments: Sequence[str] | None = None) -> int:
    """Attack, print a table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", choices=list(ATTACKS), action="append")
    parser.add_argument("--scale", type=float, default=1.0, help="1 is full size")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    broke = 0
    _say("| attack | tried | broke | seconds |\n| --- | ---: | ---: | ---: |")
    for name in options.only or ATTACKS:
        attack, size = ATTACKS[name]
        begun = time.monotonic()
        tally = _run(attack, Random(options.seed), max(1, round(size * options.scale)))
        seconds = time.monotonic() - begun
        _say(f"| {name} | {tally.tried:,} | {len(tally.broke)} | {seconds:.0f} |")
        for sentence in tally.broke:
            sys.stderr.write(f"{name}: {sentence}\n")
        broke += len(tally.broke)
    return int(broke > 0)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _run(attack: Attack, chance: Random, size: int) -> Tally:
    with (
        tempfile.TemporaryDirectory(prefix="attack-", ignore_cleanup_errors=True) as name,
        pytest.MonkeyPatch.context() as patch,
    ):
        folder = Path(name)
        move_in(_Folders(folder), patch)  # type: ignore[arg-type]  # all that it asks for
        path = os.environ.get("PYTHONPATH")
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(Path.cwd()), path))))
        (folder / "world").mkdir()
        try:
            return attack(folder / "world", chance, size)
        except Exception:  # noqa: BLE001 - what an attack cannot go on after broke as well
            return Tally(1, [traceback.format_exc()])


if __name__ == "__main__":
    sys.exit(main())
