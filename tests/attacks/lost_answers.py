"""A line that loses answers: what landed is never called failed, and what failed never landed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.attacks.attack import Tally
from tests.hostile import GitServer
from tests.stories.world import Team, expect, finish, run, start

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

PEOPLE = 3
NAME = "support/triage"
FAULTS = ("", "lose", "drop", "bad gateway", "half", "twice")
BRANCH = "refs/heads/promptops/staging"


def attack(folder: Path, chance: Random, size: int) -> Tally:
    """Pause and resume over HTTP while answers are lost, three people at a time."""
    tally = Tally()
    team = Team.found(folder)
    team.remote.config("http.receivepack", "true")
    expect(team.first.path, "release", NAME, "--push")
    expect(team.first.path, "promote", NAME, "--to", "staging", "--yes")
    clones = [team.clone(f"clone-{number}") for number in range(PEOPLE)]
    with GitServer(team.remote).serve() as server:
        for clone in clones:
            clone.git("remote", "set-url", "origin", server.url)
        for number in range(0, size, PEOPLE):
            server.faults = [chance.choice(FAULTS) for _ in range(PEOPLE * 4)]
            faults = list(server.faults)
            verb = chance.choice(["pause", "resume"])
            wave = {
                f"try {number + index}": start(
                    clone.path,
                    *(verb, NAME, "--env", "staging"),
                    *("--reason", f"try {number + index}", "--yes"),
                )
                for index, clone in enumerate(clones)
            }
            told = {reason: finish(process) for reason, process in wave.items()}
            server.faults = []
            log = team.remote.git("log", "--format=%B", BRANCH).splitlines()
            for reason, one in told.items():
                landed = log.count(f"Reason: {reason}")
                unsure = one.code == 2 and "may have landed" in one.err
                tally.check(landed <= 1, f"{reason} landed {landed} times ({faults})")
                if landed:
                    tally.check(one.code == 0 or unsure, f"{reason} landed: {one} ({faults})")
                else:
                    changed = one.code == 0 and " -> " in one.out
                    tally.check(not changed or unsure, f"{reason} did not land: {one} ({faults})")
    verified = run(team.first.path, "verify")
    tally.check(verified.code == 0, f"verify finds {verified}")
    return tally
