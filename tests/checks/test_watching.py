"""Watching files: each kind of change is seen once, and nothing else is."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from promptops.checks.watching import watch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_each_change_is_noticed_once(tmp_path: Path) -> None:
    folder = tmp_path / "prompts"
    one = tmp_path / "promptops.toml"
    changes: list[Callable[[], object]] = [
        folder.mkdir,  # an empty folder is no change
        lambda: (folder / "a.md").write_text("a"),
        lambda: (folder / ".a.md.swp").write_text("a"),
        lambda: (folder / "a.md").write_text("longer"),
        lambda: one.write_text("x"),
        (folder / "a.md").is_file,
        lambda: (folder / "a.md").rename(folder / "b.md"),
        (folder / "b.md").unlink,
        lambda: (folder / "loop").symlink_to(folder),
        (folder / "deep").mkdir,
        lambda: (folder / "deep" / "c.md").write_text("c"),
    ]
    done = iter(enumerate(changes))
    waits: list[int] = []

    def wait(_seconds: float) -> None:
        number, change = next(done)
        waits.append(number)
        change()

    noticed = islice(watch(lambda: [folder, one], wait), 7)
    assert [waits[-1] if waits else -1 for _ in noticed] == [-1, 1, 3, 4, 6, 7, 10]
