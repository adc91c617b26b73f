"""Drill: do readers continue while the source of prompts is unavailable, and return to it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.errors import PromptopsError, count_of
from promptops.runtime.registry import open_registry

if TYPE_CHECKING:
    from promptops.readiness.drills.scratch import Drill


def rehearse(drill: Drill) -> str:
    """Remove the remote, read, start a new reader, and restore the remote.

    Raises:
        PromptopsError: nothing is live, or a step fails.
    """
    environment = drill.original.config.default_environment
    aside = drill.remote.with_name("aside.git")
    cache = drill.folder / "reader"
    with open_registry(drill.url, refresh=0, cache=cache, environment=environment) as reader:
        live = reader.list()
        if not live:
            raise PromptopsError(f"nothing is live in {environment}", hint="run promptops promote")
        names = [one.name for one in live if one.paused is None]
        before = {name: reader.get(name).digest for name in names}
        drill.remote.rename(aside)
        with drill.step(f"the source is down: {count_of(len(names), 'prompt')} from memory"):
            _compare(before, {name: reader.get(name).digest for name in names})
        with drill.step("the source is down: a reader that starts now, from its copy on disk"):
            anew = open_registry(drill.url, refresh=0, cache=cache, environment=environment)
            with anew:
                found = {name: anew.get(name) for name in names}
            _compare(before, {name: one.digest for name, one in found.items()})
            if not all(one.is_stale for one in found.values()):
                raise PromptopsError("the drill failed: an old answer is not marked as stale")
        aside.rename(drill.remote)
        with drill.step("the source is up: answers are fresh"):
            reader.refresh()
            if any(reader.get(name).is_stale for name in names):
                raise PromptopsError("the drill failed: the reader did not recover")
    return f"{count_of(len(names), 'prompt')} served while the source was down, marked as stale"


def _compare(before: dict[str, str], after: dict[str, str]) -> None:
    if before != after:
        raise PromptopsError("the drill failed: another content was served")
