"""People who deploy at the same moment: what one command says is what the branch has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.attacks.attack import Tally
from tests.prompts import prompt_text
from tests.stories.world import Team, expect, finish, run, start

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

PEOPLE = 10
NAMES = ("a", "b", "c", "team/d")
BRANCH = "refs/heads/promptops/staging"


def attack(folder: Path, chance: Random, size: int) -> Tally:
    """Let ten people deploy at once, again and again, and compare each word with the branch."""
    tally = Tally()
    team = Team.found(folder, NAMES)
    expect(team.first.path, "release", "--all", "--push")
    for name in NAMES:
        text = prompt_text("1.1.0", f"New {{{{ question }}}} of {name}")
        team.commit({f"prompts/{name}.md": text})
    expect(team.first.path, "release", "--all", "--push")
    expect(team.first.path, "promote", *NAMES, "--to", "staging", "--yes")
    clones = [team.clone(f"clone-{number}") for number in range(PEOPLE)]
    number = 0
    while number < size:
        wave = {}
        for clone in clones:
            reason = f"try {number}"
            process = start(clone.path, *_command(chance, reason))
            wave[reason] = process
            number += 1
        told = {reason: finish(process) for reason, process in wave.items()}
        log = team.remote.git("log", "--format=%B", BRANCH).splitlines()
        for reason, one in told.items():
            landed = log.count(f"Reason: {reason}")
            said = one.code == 0 and "already" not in one.out and "nothing" not in one.out
            unsure = "may have landed" in one.err
            tally.check(landed <= 1, f"{reason} landed {landed} times")
            tally.check(
                said == bool(landed) or unsure or one.code == 0,
                f"{reason}: landed {landed}, but said {one}",
            )
    numbers = team.remote.git("log", "--format=%(trailers:key=Deployment,valueonly)", BRANCH)
    found = [int(line) for line in numbers.split()]
    tally.check(found == list(range(len(found), 0, -1)), f"deployments are numbered {found}")
    team.first.git("fetch", "--quiet", "origin")
    verified = run(team.first.path, "verify")
    tally.check(verified.code == 0, f"verify finds {verified}")
    return tally


def _command(chance: Random, reason: str) -> list[str]:
    name = chance.choice(NAMES)
    words = chance.choice(
        [
            ["promote", f"{name}@{chance.choice(['1.0.0', '1.1.0'])}", "--to", "staging"],
            ["pause", name, "--env", "staging"],
            ["resume", name, "--env", "staging"],
            ["rollback", name, "--env", "staging"],
        ]
    )
    return [*words, "--reason", reason, "--yes"]
