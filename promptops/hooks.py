"""The pre-commit hook that checks what is about to be committed, for who uses no hook manager.

A hook that is there already is kept beside ours, runs first, and is put back when ours goes.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from promptops.errors import NotAFileError, RefusedError
from promptops.git.hooks import hooks_folder

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.repository import Repository

_MARK = "# promptops hook: `promptops hook uninstall` removes it."
_KEPT = "pre-commit.before-promptops"
_PYTHON = re.compile("^python=.*$", re.MULTILINE)
# Without -P, a file of the repository could pass for a module of the program.
_SCRIPT = f"""\
#!/bin/sh
{_MARK}
before="$(dirname -- "$0")/{_KEPT}"
if [ -x "$before" ]; then
    "$before" "$@" || exit $?
fi
python=PYTHON
if [ -n "$python" ] && [ -x "$python" ]; then
    exec "$python" -P -m promptops validate --staged
fi
if command -v promptops >/dev/null 2>&1; then
    exec promptops validate --staged
fi
echo "error: this repository checks prompts before each commit, and promptops is not installed" >&2
echo " hint: install git-promptops, or commit with --no-verify" >&2
exit 1
"""


class HookDeed(StrEnum):
    """What became of the hook."""

    INSTALLED = "installed"
    UPDATED = "updated"
    KEPT = "kept"
    REMOVED = "removed"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class HookChange:
    """What was done, or would be.

    Attributes:
        path: the hook's file.
        deed: what became of it.
        other: the hook of somebody else that runs before ours, or was put back; or None.
    """

    path: Path
    deed: HookDeed
    other: Path | None = None


def install_hook(repository: Repository, python: str, *, dry_run: bool = False) -> HookChange:
    """Write the hook where git looks for it.

    `python` is the interpreter that has promptops; a hook in the work tree, which others share,
    does not name it. Raises RefusedError where the folder serves other repositories too, or where
    both places for a hook are taken.
    """
    path, is_shared = _locate(repository)
    kept = path.with_name(_KEPT)
    script = _write_script("" if is_shared else python)
    present = _read(path)
    other = kept if os.path.lexists(kept) else None
    if present == script:
        return HookChange(path, HookDeed.KEPT, other)
    if present is not None and _is_ours(present):
        if not dry_run:
            _replace(path, script)
        return HookChange(path, HookDeed.UPDATED, other)
    if present is not None:
        if other is not None:
            raise RefusedError(
                f"{path} is not from promptops, and {kept.name} is there already",
                hint="make one hook of the two, then run the command again",
            )
        other = kept
        if not dry_run:
            _copy(path, kept)
    if not dry_run:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, script)
    return HookChange(path, HookDeed.INSTALLED, other)


def uninstall_hook(repository: Repository, *, dry_run: bool = False) -> HookChange:
    """Remove the hook, and put back the one that was there before.

    Raises RefusedError for a hook of ours that somebody has changed.
    """
    path, _ = _locate(repository)
    present = _read(path)
    if present is None or not _is_ours(present):
        return HookChange(path, HookDeed.ABSENT)
    written = _PYTHON.search(present)
    if written is None or present != _SCRIPT.replace("python=PYTHON", written[0]):
        raise RefusedError(
            f"{path} was changed since promptops wrote it",
            hint="take the lines of promptops out of it by hand",
        )
    kept = path.with_name(_KEPT)
    other = path if os.path.lexists(kept) else None
    if not dry_run and other is not None:
        kept.replace(path)
    elif not dry_run:
        path.unlink()
    return HookChange(path, HookDeed.REMOVED, other)


def _locate(repository: Repository) -> tuple[Path, bool]:
    """The hook's file, and whether it lies in the work tree."""
    top = repository.require_work_tree()
    folder = hooks_folder(repository.git)
    real = folder.resolve()
    own = repository.git.common_dir.resolve()
    is_shared = real.is_relative_to(top.resolve()) and not real.is_relative_to(own)
    if not is_shared and not real.is_relative_to(own):
        raise RefusedError(
            f"core.hooksPath is {folder}, which is not a folder of this repository",
            hint="add the line `promptops validate --staged` to the hook there, or give this "
            "repository hooks of its own: git config core.hooksPath .githooks",
        )
    path = folder / "pre-commit"
    if path.is_dir():
        raise NotAFileError(f"{path} is a folder", hint="remove it, then run the command again")
    return path, is_shared


def _write_script(python: str) -> str:
    import shlex

    return _SCRIPT.replace("python=PYTHON", f"python={shlex.quote(python)}")


def _is_ours(script: str) -> bool:
    return _MARK in script.split("\n")[:2]


def _read(path: Path) -> str | None:
    """The hook's text; None when there is none, and a hook that leads nowhere is somebody's."""
    try:
        return path.read_bytes().decode(errors="replace")
    except FileNotFoundError:
        return "" if os.path.lexists(path) else None


def _copy(path: Path, target: Path) -> None:
    """A copy, so that at no time there is no hook; a link stays a link."""
    import shutil

    shutil.copy2(path, target, follow_symlinks=False)


def _replace(path: Path, script: str) -> None:
    new = path.with_name(f".{path.name}.promptops")
    try:
        new.write_bytes(script.encode())
        new.chmod(0o755)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
