"""Folders that many tests begin with: built once in a process, then copied for each test."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def copy_template(
    build: Callable[[Path], object], folder: Path, base: Path, recipe: str = ""
) -> None:
    """Copy what `build` makes of an empty folder to `folder`, with the addresses in it.

    It is made once below `base`, under the name of the function, so `build` must depend on
    nothing but the folder and what `recipe` says. Repositories in it that name one another by
    path do so in the copy.
    """
    name = f"{build.__module__}.{build.__qualname__}"
    name += f"-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}" if recipe else ""
    template = base / "templates" / name
    if not template.exists():
        making = template.with_name(f"{template.name}.making")
        making.mkdir(parents=True)
        build(making)
        making.rename(template)
        _readdress(template, making)
    shutil.copytree(template, folder, symlinks=True, dirs_exist_ok=True)
    _readdress(folder, template)


def _readdress(folder: Path, before: Path) -> None:
    """Give the repositories in a folder the folder's new path in place of the one before."""
    for pattern in ("*/.git/config", "*/config", ".git/config"):
        for file in folder.glob(pattern):
            text = file.read_text()
            if str(before) in text:
                file.write_text(text.replace(str(before), str(folder)))
