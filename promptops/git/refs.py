"""List refs by prefix, and update them by compare-and-swap.

Every update names the ref's expected value, so losing a race is an error and never an overwrite.
Several updates are one transaction.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from promptops.errors import ConflictError, GitError, UsageError
from promptops.files import read_file
from promptops.git.process import failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from promptops.git.process import Completed, Git


class Ref(NamedTuple):
    """A ref and its object.

    Attributes:
        name: the full name, `refs/...`.
        oid: the id of its object; for an annotated tag, of the tag object.
        kind: the object's kind; empty if not requested.
        peeled: for an annotated tag, the tagged object; else the same as `oid`.
    """

    name: str
    oid: str
    kind: str
    peeled: str


class RefUpdate(NamedTuple):
    """One update of a ref.

    Attributes:
        name: the full name, `refs/...`.
        new: the new object id; None deletes the ref.
        old: the expected object id; None: the ref must not exist.
    """

    name: str
    new: str | None
    old: str | None


# https://git-scm.com/docs/git-check-ref-format, for full names.
_BAD_NAME = re.compile(
    r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|/\Z|\.\Z|\.lock(?:/|\Z)|\A(?!refs/)"
)

_SIMPLE = "%(refname)%00%(objectname)%00%00"
_PEELED = "%(refname)%00%(objectname)%00%(objecttype)%00%(*objectname)"


def check_ref_name(name: str) -> str:
    """Return a full ref name if Git accepts it.

    Raises:
        UsageError: Git refuses it, or it is not a full name.
    """
    if _BAD_NAME.search(name):
        message = f"{name!r} is not a full ref name"
        raise UsageError(message, hint="see `git help check-ref-format`")
    return name


def list_refs(git: Git, prefix: str, *, peel: bool = True) -> list[Ref]:
    """List the refs whose full name begins with a prefix, sorted by name.

    Args:
        git: the repository.
        prefix: such as `refs/tags/prompts/` or `refs/tags/prompts/a@`.
        peel: whether to read `kind` and `peeled`, which makes listing several times slower.

    Raises:
        UsageError: the prefix is not the beginning of a ref name.
        GitError: git failed.
    """
    check_ref_name(f"{prefix}x")
    # Git seeks directly to an exact folder; `*` does not match a slash, hence the second pattern.
    patterns = (prefix,) if prefix.endswith("/") else (f"{prefix}*", f"{prefix}*/**")
    return [ref for ref in _for_each(git, patterns, peel=peel) if ref.name.startswith(prefix)]


def list_refs_below(git: Git, prefixes: Sequence[str]) -> list[Ref]:
    """List the refs whose full name begins with one of the prefixes, without opening objects.

    Starts one git process. No prefix may end in a slash. Raises as `list_refs`.
    """
    if not prefixes:
        return []
    for prefix in prefixes:
        check_ref_name(f"{prefix}x")
    patterns = [f"{prefix}*" for prefix in prefixes]
    return [
        ref for ref in _for_each(git, patterns, peel=False) if ref.name.startswith(tuple(prefixes))
    ]


def read_refs(git: Git, names: Sequence[str], *, peel: bool = False) -> dict[str, Ref]:
    """Read refs by full name in one process; missing refs are left out.

    Raises:
        GitError: a ref's file is damaged, for example empty after a crash.
    """
    wanted = {check_ref_name(name) for name in names}
    if not wanted:
        return {}
    return {
        ref.name: ref for ref in _for_each(git, sorted(wanted), peel=peel) if ref.name in wanted
    }


def read_ref(git: Git, name: str) -> str | None:
    """Return the object id of a ref, by its full name; None if the ref does not exist."""
    ref = read_refs(git, (name,)).get(name)
    return None if ref is None else ref.oid


def update_refs(git: Git, updates: Sequence[RefUpdate], message: str) -> None:
    """Update refs in one transaction, if each has its expected value.

    Args:
        git: the repository.
        updates: at most one for each ref.
        message: one line for the reflog.

    Raises:
        ConflictError: another process updated, created or deleted a ref; nothing has changed.
        GitError: the branch is checked out in a worktree, the name conflicts with another ref, a
            lock is held, or git failed; nothing has changed.
    """
    if not updates:
        return
    for update in updates:
        check_ref_name(update.name)
    if any(update.name.startswith("refs/heads/") for update in updates):
        _refuse_checked_out(git, updates)
    lines = ["start", *(_instruction(update) for update in updates), "prepare", "commit", ""]
    args = (
        # The default of 0.1 s is too short when twenty processes compete.
        *("-c", "core.filesRefLockTimeout=2000", "-c", "core.packedRefsTimeout=5000"),
        *("update-ref", "--no-deref", "-m", " ".join(message.split()) or "promptops"),
        *("--stdin", "-z"),
    )
    done = git.run(*args, stdin="\0".join(lines).encode(), check=False)
    if done.code != 0:
        _refuse_update(args, done)


def checked_out_branches(git: Git) -> dict[str, Path]:
    """Return the full name of every branch that is checked out in a worktree -> the worktree's
    folder.
    """
    branches = {}
    folder = Path()
    for line in git.run("worktree", "list", "--porcelain", "-z").stdout.split(b"\0"):
        key, _, value = line.partition(b" ")
        if key == b"worktree":
            folder = Path(os.fsdecode(value))
        elif key == b"branch":
            branches[value.decode("utf-8", "surrogateescape")] = folder
    return branches


def current_branch(git: Git) -> str | None:
    """Return the short name of the current branch, even without commits; None if HEAD is
    detached.
    """
    done = git.run("symbolic-ref", "--quiet", "HEAD", check=False)
    if done.code == 0 and done.text.startswith("refs/heads/"):
        return done.text.removeprefix("refs/heads/")
    return None


def stale_locks(git: Git) -> list[Path]:
    """List the lock files of refs, index and configuration, sorted.

    Git holds them only for moments; an old one was left by a crash. promptops' own lock files are
    permanent and are not listed.
    """
    found: set[Path] = set()
    for folder in {git.common_dir, git.git_dir}:
        held = folder.glob("*.lock")
        found.update(path for path in held if not path.name.startswith("promptops-"))
        for parent, _, files in os.walk(folder / "refs"):
            found.update(Path(parent, name) for name in files if name.endswith(".lock"))
    return sorted(found)


def _for_each(git: Git, patterns: Sequence[str], *, peel: bool) -> Iterable[Ref]:
    format_ = _PEELED if peel else _SIMPLE
    done = git.run("for-each-ref", f"--format={format_}", "--", *patterns)
    broken = re.search(r"ignoring (?:broken|dangling) ref (\S+)", done.stderr)
    if broken:
        raise GitError(
            f"the ref {broken[1]} is damaged: it does not contain an object id",
            hint=f"find its commit with `git reflog {broken[1]}`, then set it with `git "
            "update-ref`, or fetch it again",
        )
    for line in done.stdout.decode("utf-8", "surrogateescape").splitlines():
        name, oid, kind, peeled = line.split("\0")
        yield Ref(name, oid, kind, peeled or oid)


def _instruction(update: RefUpdate) -> str:
    if update.new is None:
        if update.old is None:
            return f"verify {update.name}\0"
        return f"delete {update.name}\0{update.old}"
    if update.old is None:
        return f"create {update.name}\0{update.new}"
    return f"update {update.name}\0{update.new}\0{update.old}"


def _refuse_checked_out(git: Git, updates: Sequence[RefUpdate]) -> None:
    if _is_elsewhere(git, {update.name for update in updates}):
        return
    branches = checked_out_branches(git)
    for update in updates:
        folder = branches.get(update.name)
        if folder is not None:
            branch = update.name.removeprefix("refs/heads/")
            raise GitError(
                f"the branch {branch} is checked out in {folder}, so it cannot be moved",
                hint=f"switch that worktree to another branch: git -C {folder} switch main",
            )


def _is_elsewhere(git: Git, names: set[str]) -> bool:
    """Return whether the only worktree is certainly on another branch, without starting git.

    Reads HEAD and `worktrees`, see gitrepository-layout(5). If HEAD is a link, is detached, or
    names the placeholder branch of the reftable format, return False: git has to decide.
    """
    head = git.common_dir / "HEAD"
    if git.is_bare or head.is_symlink() or (git.common_dir / "worktrees").exists():
        return False
    try:
        kind, _, name = read_file(head).decode().partition(": ")
    except (OSError, UnicodeDecodeError):
        return False
    name = name.removesuffix("\n")
    is_branch = kind == "ref" and name.startswith("refs/heads/") and name != _NOT_IN_FILES
    return is_branch and name not in names


_NOT_IN_FILES = "refs/heads/.invalid"


def _refuse_update(args: Sequence[str], done: Completed) -> NoReturn:
    said = done.stderr
    if "File exists" in said and ".lock" in said:
        raise failure(args, done)
    in_the_way = re.search(r"'(refs/[^']+)' exists; cannot create '(refs/[^']+)'", said)
    if in_the_way:
        raise _in_the_way(*in_the_way.groups())
    lost = re.search(
        r"cannot lock ref '([^']+)': (?:is at \w+ but expected|reference already exists"
        r"|unable to resolve reference)",
        said,
    )
    if lost:
        raise ConflictError(
            f"{short_name(lost[1])} was moved by someone else in the meantime",
            hint="check its new state, then run the command again",
        )
    raise failure(args, done)


def _in_the_way(existing: str, wanted: str) -> GitError:
    hint = f"rename it: git branch -m {short_name(existing)} ANOTHER-NAME"
    kind = "branch"
    if not existing.startswith("refs/heads/"):
        kind = "tag" if existing.startswith("refs/tags/") else "ref"
        hint = f"rename or remove the {kind} {short_name(existing)}"
    return GitError(
        f"the {kind} {short_name(existing)} conflicts with {short_name(wanted)}: a name cannot "
        "be both a ref and a folder of refs",
        hint=hint,
    )


def short_name(name: str) -> str:
    """Return a full ref name without `refs/heads/` or a similar prefix, for messages.

    The full name is returned if the short one would be the full name of another ref.
    """
    for prefix in ("refs/heads/", "refs/tags/", "refs/remotes/"):
        short = name.removeprefix(prefix)
        if short != name and not short.startswith("refs/"):
            return short
    return name
