"""List files of a work tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.errors import GitError

if TYPE_CHECKING:
    from promptops.git.process import Git


def list_ignored(git: Git, folder: str) -> list[str]:
    """List ignored files and folders below a folder, relative to it; folders end in `/`.

    If the folder itself is ignored, the list is `/`. A tracked file is never ignored. Empty in a
    bare repository.
    """
    if git.work_tree is None:
        return []
    args = ("ls-files", "-z", "--full-name", "--others", "--ignored", "--exclude-standard")
    output = git.run(*args, "--directory", "--", f":(top,literal){folder}").stdout
    prefix = f"{folder}/"
    paths = output.decode("utf-8", "surrogateescape").split("\0")
    if any(path.endswith("/") and prefix.startswith(path) for path in paths):
        return ["/"]
    return sorted(path.removeprefix(prefix) for path in paths if path.startswith(prefix))


def list_work_files(git: Git) -> list[str]:
    """List the paths, from the repository's top, of all files that are not ignored, sorted.

    Untracked files, links and submodules are included. Empty in a bare repository.
    """
    if git.work_tree is None:
        return []
    args = ("ls-files", "-z", "--full-name", "--cached", "--others", "--exclude-standard")
    output = git.run(*args).stdout.decode("utf-8", "surrogateescape")
    # Git lists a conflicting path once for each side.
    return sorted({path for path in output.split("\0") if path})


def move_file(git: Git, source: str, target: str) -> None:
    """Move a file of the work tree, and its index entry if it is tracked.

    Paths are from the repository's top. Raises GitError if `target` exists.
    """
    done = git.run(
        "mv", "--", f"{git.work_tree}/{source}", f"{git.work_tree}/{target}", check=False
    )
    if done.code == 0:
        return
    if git.work_tree is None or "not under version control" not in done.stderr:
        raise GitError(f"cannot move {source}: {done.stderr.strip()}")
    (git.work_tree / source).rename(git.work_tree / target)
