"""Copies of sources on this machine that no longer follow them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inline_snapshot import snapshot

from tests.protection.doctor.pieces import NOW_SECONDS, ask, ask_one

if TYPE_CHECKING:
    from tests.repositories import Repo


def write_mirror(cache: Path, name: str, state: dict[str, Any] | None) -> None:
    folder = cache / "mirrors" / name
    folder.mkdir(parents=True)
    if state is not None:
        text = json.dumps({"schema": "promptops.cache/v1", "seen": {}, "facts": {}, **state})
        (folder / "state.json").write_text(text)


def test_mirrors_that_no_longer_follow_are_named(sound: Repo, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    write_mirror(cache, "fresh", {"fetched_at": NOW_SECONDS - 60})
    assert ask_one(sound, "mirrors", cache).seen == snapshot("1 mirror is up to date")
    write_mirror(cache, "old", {"fetched_at": NOW_SECONDS - 3 * 86_400})
    write_mirror(cache, "refused", {"fetched_at": NOW_SECONDS, "facts": {"doubtful": "yes"}})
    write_mirror(cache, "unfinished", None)
    found = {Path(one.place).name: one.seen for one in ask(sound, "mirrors", cache)}
    assert found == {
        "old": "a mirror was last updated 3 days ago",
        "refused": "a mirror refused a state of its source",
        "unfinished": "a mirror was never finished",
    }
