"""Install the hooks that check commits and pushes.

An existing hook runs before ours and is restored when ours is removed. Hooks may depend on their
file name and folder, so it is moved with the same name to a separate folder with links to its
neighbours.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from promptops.errors import NotAFileError, RefusedError
from promptops.files import read_file
from promptops.git.hooks import hooks_folder
from promptops.repository.writing import write_atomically

if TYPE_CHECKING:
    from promptops.repository.repository import Repository

_KEPT = "before-promptops"
_PYTHON = re.compile("^python=.*$", re.MULTILINE)
# Without -P, Python could import a file of the repository as a module.
_COMMIT_SCRIPT = """\
#!/bin/sh
# promptops hook: `promptops hook uninstall` removes it.
before="$(dirname -- "$0")/before-promptops/pre-commit"
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
echo " hint: install promptops from where your team has it, or commit with --no-verify" >&2
exit 1
"""
# Both hooks read the list of refs, so the first one must not consume it.
_RECEIVE_SCRIPT = """\
#!/bin/sh
# promptops hook: `promptops hook uninstall --server` removes it.
before="$(dirname -- "$0")/before-promptops/pre-receive"
python=PYTHON
judge() {
    if [ -n "$python" ] && [ -x "$python" ]; then
        "$python" -P -m promptops hook pre-receive
    elif command -v promptops >/dev/null 2>&1; then
        promptops hook pre-receive
    else
        echo "error: this server judges what is pushed, and promptops is not installed there" >&2
        echo " hint: install promptops on the server from a source you trust" >&2
        return 2
    fi
}
if [ -x "$before" ]; then
    refs="$(cat)"
    printf '%s\\n' "$refs" | "$before" "$@" || exit $?
    printf '%s\\n' "$refs" | judge
else
    judge
fi
"""


class HookKind(Enum):
    """The supported hooks."""

    COMMIT = ("pre-commit", _COMMIT_SCRIPT)
    RECEIVE = ("pre-receive", _RECEIVE_SCRIPT)

    def __init__(self, file: str, script: str) -> None:
        self.file = file
        self.script = script
        self.mark = script.split("\n")[1]

    def keep(self, hook: Path) -> Path:
        """Return where the existing hook of this path is kept."""
        return hook.parent / _KEPT / self.file

    def write(self, python: str) -> str:
        """Return the script that runs promptops by the interpreter `python` or from PATH."""
        import shlex

        return self.script.replace("python=PYTHON", f"python={shlex.quote(python)}", 1)

    def is_ours(self, script: str) -> bool:
        """Return whether any version of promptops wrote this."""
        return self.mark in script.split("\n")[:2]


class HookResult(StrEnum):
    """The possible changes of the hook."""

    INSTALLED = "installed"
    UPDATED = "updated"
    KEPT = "kept"
    REMOVED = "removed"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class HookChange:
    """The change of a hook.

    Attributes:
        path: the hook's file.
        result: what was done with it.
        other: the other hook that runs before ours, or was restored; or None.
    """

    path: Path
    result: HookResult
    other: Path | None = None


def install_hook(
    repository: Repository,
    python: str,
    *,
    kind: HookKind = HookKind.COMMIT,
    dry_run: bool = False,
) -> HookChange:
    """Write the hook where git looks for it.

    `python` is the interpreter with promptops. A hook in the work tree is shared and does not name
    it.

    Raises:
        RefusedError: the folder is shared with other repositories, another tool generates it, or
            another hook cannot be kept.
    """
    path, is_shared = _locate(repository, kind)
    if is_shared:
        _refuse_generated(repository, path)
    kept = kind.keep(path)
    if not dry_run:
        _move_former(path, kept)
    script = kind.write("" if is_shared else python)
    present = _read(path)
    other = kept if os.path.lexists(kept) else None
    if present == script:
        return HookChange(path, HookResult.KEPT, other)
    if present is not None and kind.is_ours(present):
        if not dry_run:
            write_atomically(path, script.encode(), mode=0o755)
        return HookChange(path, HookResult.UPDATED, other)
    if present is not None:
        if other is not None:
            raise RefusedError(
                f"{path} is not from promptops, and {_KEPT}/{kept.name} already exists",
                hint="merge the two hooks, then run the command again",
            )
        other = kept
        if not dry_run:
            _keep(path, kept)
    if not dry_run:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, script.encode(), mode=0o755)
    return HookChange(path, HookResult.INSTALLED, other)


def uninstall_hook(
    repository: Repository, *, kind: HookKind = HookKind.COMMIT, dry_run: bool = False
) -> HookChange:
    """Remove the hook, and restore the previous one.

    Raises RefusedError if our hook was edited.
    """
    path, _ = _locate(repository, kind)
    present = _read(path)
    if present is None or not kind.is_ours(present):
        return HookChange(path, HookResult.ABSENT)
    written = _PYTHON.search(present)
    if written is None or present != kind.script.replace("python=PYTHON", written[0], 1):
        raise RefusedError(
            f"{path} was changed since promptops wrote it",
            hint="remove the lines of promptops by hand",
        )
    kept = kind.keep(path)
    other = path if os.path.lexists(kept) else None
    if not dry_run and other is not None:
        _put_back(kept, path)
    elif not dry_run:
        path.unlink()
    return HookChange(path, HookResult.REMOVED, other)


def _locate(repository: Repository, kind: HookKind) -> tuple[Path, bool]:
    """Return the hook's file, and whether it is in the work tree."""
    folder = hooks_folder(repository.git)
    real = folder.resolve()
    own = repository.git.common_dir.resolve()
    is_shared = False
    if kind is HookKind.COMMIT:
        top = repository.require_work_tree()
        is_shared = real.is_relative_to(top.resolve()) and not real.is_relative_to(own)
    elif not repository.git.is_bare:
        raise RefusedError(
            f"{repository.git.folder} is not a bare repository, so nobody pushes to it",
            hint="run the command in the bare repository on the server: "
            "promptops -C PATH hook install --server",
        )
    if not is_shared and not real.is_relative_to(own):
        raise RefusedError(
            f"core.hooksPath is {folder}, which is not a folder of this repository",
            hint=_ELSEWHERE[kind],
        )
    path = folder / kind.file
    if path.is_dir():
        raise NotAFileError(f"{path} is a folder", hint="remove it, then run the command again")
    return path, is_shared


_ELSEWHERE = {
    HookKind.COMMIT: "add the line `promptops validate --staged` to the hook there, or use "
    "hooks of this repository: git config core.hooksPath .githooks",
    HookKind.RECEIVE: "have the pre-receive hook there run `promptops hook pre-receive` with "
    "its standard input",
}


def _read(path: Path) -> str | None:
    """Return the hook's text; None if there is none. A dangling link counts as another tool's
    hook.
    """
    try:
        return read_file(path).decode(errors="replace")
    except FileNotFoundError:
        return "" if os.path.lexists(path) else None


def _refuse_generated(repository: Repository, path: Path) -> None:
    """Refuse a folder that Git ignores: the tool that generates it would overwrite the hook."""
    done = repository.git.run("check-ignore", "--quiet", "--", str(path), check=False)
    if done.code == 0:
        raise RefusedError(
            f"{path.parent} is generated by another tool: Git ignores it",
            hint="add the line `promptops validate --staged` to the hook which that tool runs "
            "(with husky: .husky/pre-commit)",
        )


def _move_former(path: Path, kept: Path) -> None:
    """Move a hook that an earlier version of promptops kept under another name."""
    former = path.with_name(f"{path.name}.{_KEPT}")
    if os.path.lexists(former) and not os.path.lexists(kept):
        _keep(former, kept)
        former.unlink()


def _keep(path: Path, kept: Path) -> None:
    """Copy a hook, so that one exists at any time. A link stays a link."""
    import shutil

    kept.parent.mkdir(exist_ok=True)
    for sibling in path.parent.iterdir():
        link = kept.with_name(sibling.name)
        if sibling not in {path, kept.parent} and link != kept and not os.path.lexists(link):
            with suppress(OSError):  # a system without symbolic links
                link.symlink_to(Path("..", sibling.name), sibling.is_dir())
    if path.is_symlink():
        kept.symlink_to(Path("..", path.readlink()))
    else:
        shutil.copy2(path, kept)


def _put_back(kept: Path, path: Path) -> None:
    if kept.is_symlink():
        target = kept.readlink()
        kept.unlink()
        kept.symlink_to(target if target.is_absolute() else Path(*target.parts[1:]))
    kept.replace(path)
    for link in kept.parent.iterdir():
        if link.is_symlink():
            link.unlink()
    with suppress(OSError):  # other files
        kept.parent.rmdir()
