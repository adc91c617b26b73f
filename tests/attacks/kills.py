"""Processes that are killed: the remote has all or nothing, and the same command completes it."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

from tests.attacks.attack import Tally
from tests.prompts import prompt_text
from tests.stories.world import Team, expect, let_children_end, run, start

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

PROMPTS = 40


def attack(folder: Path, chance: Random, size: int) -> Tally:
    """Kill `release --all --push` and a promotion of all at some moment, and run them again."""
    tally = Tally()
    names = [f"area-{number % 5}/prompt-{number}" for number in range(PROMPTS)]
    team = Team.found(folder, names)
    for number in range(1, size + 1):
        texts = {f"prompts/{name}.md": prompt_text(f"1.{number}.0", f"{number}") for name in names}
        plain = {
            path: text.replace("inputs: {question: string}\n", "") for path, text in texts.items()
        }
        team.commit(plain)
        version = f"@1.{number}.0"
        _kill(team, chance, "release", "--all", "--push")
        found = [tag for tag in team.remote.refs("refs/tags/prompts/") if tag.endswith(version)]
        tally.check(len(found) in {0, PROMPTS}, f"{len(found)} of {PROMPTS} tags are on the remote")
        again = run(team.first.path, "release", "--all", "--push")
        tally.check(again.code == 0, f"the same command again: {again}")
        found = [tag for tag in team.remote.refs("refs/tags/prompts/") if tag.endswith(version)]
        tally.check(len(found) == PROMPTS, f"then {len(found)} of {PROMPTS} tags are there")
        promote = ("promote", *names, "--to", "staging", "--yes")
        before = _deployments(team)
        _kill(team, chance, *promote)
        tally.check(_deployments(team) - before in {0, 1}, "a promotion came twice")
        again = run(team.first.path, *promote)
        tally.check(again.code == 0, f"the same promotion again: {again}")
        live = expect(team.first.path, "list", "--live").splitlines()[1:]
        tally.check(len(live) == PROMPTS, f"{len(live)} of {PROMPTS} prompts are live")
    for repo in (team.first, team.remote):
        tally.check(repo.git("fsck", "--strict", "--no-dangling") == "", f"fsck of {repo.path}")
    verified = run(team.first.path, "verify")
    tally.check(verified.code == 0, f"verify finds {verified}")
    return tally


def _kill(team: Team, chance: Random, *words: str) -> None:
    process = start(team.first.path, *words)
    time.sleep(chance.uniform(0.05, 1.5))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    let_children_end(process, team.folder)
    for repo in (team.first, team.remote):
        for lock in repo.path.rglob("*.lock"):
            if lock.name != "promptops.lock":
                lock.unlink()  # the remedy that the error names


def _deployments(team: Team) -> int:
    branch = "refs/heads/promptops/staging"
    if branch not in team.remote.refs("refs/heads/"):
        return 0
    return int(team.remote.git("rev-list", "--count", branch))
