"""Drill: how long does it take until readers see a rollback?"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from promptops.delivery.listing import read_heads
from promptops.delivery.releases import list_all_yanked, list_tags
from promptops.errors import PromptopsError
from promptops.runtime.registry import open_registry

if TYPE_CHECKING:
    from promptops.readiness.drills.scratch import Drill

_WAIT_SECONDS = 60.0


def rehearse(drill: Drill) -> str:
    """Put an older release live, go back, and wait until a reader that follows the remote sees it.

    Raises:
        PromptopsError: no prompt has two releases, or a step fails.
    """
    repository = drill.original
    # Releases arrive there first, so that no other environment has to have them.
    environment = repository.config.environment_names[0]
    versions: dict[str, list[str]] = {}
    yanked = list_all_yanked(repository)
    for tag in sorted(list_tags(repository), key=lambda one: one[1]):
        if not tag[1].is_prerelease and tag not in yanked:
            versions.setdefault(tag[0], []).append(str(tag[1]))
    name = next((one for one, known in versions.items() if len(known) > 1), None)
    if name is None:
        raise PromptopsError(
            "no prompt has two releases, so nothing can be rolled back",
            hint="promptops bump NAME and promptops release NAME make a second one",
        )
    older, newer = versions[name][-2:]
    head = read_heads(repository).get(environment)
    entry = head.state.entries.get(name) if head is not None else None
    if entry is not None and entry.paused is not None:
        drill.promptops("resume", name, "--env", environment, "--reason", "a drill", "--yes")
    with drill.step(f"{name} {older} and then {newer} live in {environment}"):
        for one in (older, newer):
            _deploy(drill, f"{name}@{one}", environment)
    with open_registry(
        drill.url, refresh=0, cache=drill.folder / "reader", environment=environment
    ) as reader:
        if reader.get(name).version != newer:
            raise PromptopsError("the drill failed: the reader does not see what is live")
        with drill.step(f"rollback to {older}, until a reader saw it"):
            reason = "a drill"
            drill.promptops("rollback", name, "--env", environment, "--reason", reason, "--yes")
            deadline = time.monotonic() + _WAIT_SECONDS
            while reader.get(name).version != older:
                if time.monotonic() > deadline:
                    raise PromptopsError("the drill failed: the reader never saw the rollback")
                time.sleep(0.05)
    return f"{name} went back from {newer} to {older} in {drill.steps[-1].seconds:.1f} s"


def _deploy(drill: Drill, ref: str, environment: str) -> None:
    drill.promptops("promote", ref, "--to", environment, "--reason", "a drill", "--yes", "--again")
