"""Watching files: each kind of change is seen once, and nothing else is."""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from promptops.checks.watching import list_watched, look, watch
from promptops.forge.places import ALL_OWNERS
from promptops.repository.repository import open_repository

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.repositories import Repo


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


def test_a_file_that_is_replaced_or_touched_is_another_and_a_missing_one_is_none(
    tmp_path: Path,
) -> None:
    file = tmp_path / "a.md"
    file.write_text("a")
    states = [look([file, tmp_path / "none"])]
    (tmp_path / "b").write_text("a")
    os.utime(tmp_path / "b", ns=(file.stat().st_mtime_ns,) * 2)
    (tmp_path / "b").replace(file)
    states.append(look([file]))
    os.utime(file, ns=(1, 1))
    states.append(look([file]))
    file.unlink()
    states.append(look([file]))
    assert [list(one) for one in states] == [[str(file)]] * 3 + [[]]
    assert len({str(one) for one in states}) == 4


@pytest.mark.parametrize(
    ("text", "folders"),
    [
        ("", {"prompts", "evals"}),
        ('prompts = "ai"\nevals = "quality"', {"ai", "quality"}),
        # Whoever mends it wants to see the result.
        ("prompts = [", {"prompts", "evals"}),
    ],
)
def test_the_configured_folders_are_watched_even_if_the_configuration_is_broken(
    repo: Repo, text: str, folders: set[str]
) -> None:
    repo.write("promptops.toml", text)
    watched = {
        with_owners: {
            path.relative_to(repo.path).as_posix()
            for path in list_watched(open_repository(repo.path), with_owners=with_owners)
        }
        for with_owners in (False, True)
    }
    assert watched[False] == {*folders, "promptops.toml", "pyproject.toml"}
    assert watched[True] - watched[False] == set(ALL_OWNERS)
