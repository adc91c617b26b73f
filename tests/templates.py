"""Folders that many tests begin with: built once in a process, then copied for each test."""

from __future__ import annotations

import hashlib
import os
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
    copy_folder(template, folder)
    _readdress(folder, template)


def copy_folder(source: Path, target: Path) -> None:
    """Copy what is in a folder: contents and modes, which takes a third of `shutil.copytree`."""
    target.mkdir(parents=True, exist_ok=True)
    _copy(source, target)


def _copy(source: Path | str, target: Path | str) -> None:
    with os.scandir(source) as entries:
        for entry in entries:
            place = os.path.join(target, entry.name)  # noqa: PTH118 - for speed
            if entry.is_symlink():
                os.symlink(os.readlink(entry.path), place)  # noqa: PTH115, PTH211
            elif entry.is_dir():
                os.makedirs(place, exist_ok=True)  # noqa: PTH103
                _copy(entry.path, place)
            else:
                with open(entry.path, "rb") as file:  # noqa: PTH123
                    content = file.read()
                mode = entry.stat().st_mode & 0o7777
                # New, so that nothing is written through a file that is there already.
                descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
                with open(descriptor, "wb") as file:  # noqa: PTH123
                    file.write(content)
                    if mode not in (0o444, 0o644, 0o755):
                        os.fchmod(descriptor, mode)


def _readdress(folder: Path, before: Path) -> None:
    """Give the repositories in a folder the folder's new path in place of the one before."""
    for pattern in ("*/.git/config", "*/config", ".git/config"):
        for file in folder.glob(pattern):
            text = file.read_text()
            if str(before) in text:
                file.write_text(text.replace(str(before), str(folder)))
