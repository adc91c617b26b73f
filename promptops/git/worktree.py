"""Lists what lies in a work tree, as the next commits could contain it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.errors import GitError

if TYPE_CHECKING:
    from promptops.git.process import Git


def list_ignored(git: Git, folder: str) -> list[str]:
    """List what Git ignores below a folder, relative to it; a folder ends in `/`.

    A folder that is ignored as a whole is `/`. A tracked file is never ignored, whatever
    `.gitignore` says. Empty in a bare repository.
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

    Files that Git does not know yet count, and so do links and submodules. Empty in a bare
    repository.
    """
    if git.work_tree is None:
        return []
    args = ("ls-files", "-z", "--full-name", "--cached", "--others", "--exclude-standard")
    output = git.run(*args).stdout.decode("utf-8", "surrogateescape")
    # A path in conflict is listed once for each side.
    return sorted({path for path in output.split("\0") if path})


def move_file(git: Git, source: str, target: str) -> None:
    """Move a file of the work tree, in the index as well where Git knows it.

    Paths are from the repository's top. GitError when `target` exists.
    """
    done = git.run(
        "mv", "--", f"{git.work_tree}/{source}", f"{git.work_tree}/{target}", check=False
    )
    if done.code == 0:
        return
    if git.work_tree is None or "not under version control" not in done.stderr:
        raise GitError(f"cannot move {source}: {done.stderr.strip()}")
    (git.work_tree / source).rename(git.work_tree / target)
