"""Fetch releases from the remote, and ask whether it has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.errors import ConflictError, RemoteError, RemoteRefNotFoundError
from promptops.git.refs import read_refs, short_name
from promptops.git.remote import fetch, list_remote

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from promptops.repository.repository import Repository

# For more names than this, list all releases: command lines are limited.
_MANY = 100


def sync_releases(repository: Repository, names: Iterable[str]) -> None:
    """Fetch the remote's releases and yanks of `names`, and its default branch.

    Without these refs this clone could use a version number twice. Raises RemoteError if the remote
    cannot be asked, and ConflictError if a local tag differs from the remote's.
    """
    if repository.remote is None:
        return
    names = list(names)
    patterns = [f"prompts/{name}@*" for name in names] if len(names) <= _MANY else ["prompts/*"]
    # The remote's yank replaces a local one that was not pushed.
    refspecs = [f"refs/tags/{one}:refs/tags/{one}" for one in patterns]
    refspecs += [f"+refs/tags/yanked/{one}:refs/tags/yanked/{one}" for one in patterns]
    try:
        repository.learn_default_branch()
        branch = repository.default_branch
        if branch is not None:
            refspecs.append(f"+refs/heads/{branch}:refs/remotes/{repository.remote}/{branch}")
        limits = repository.config.timeouts.usual
        fetch(repository.git, repository.remote, refspecs, limits=limits)
    except ConflictError as error:
        found = _find_diverged(repository, repository.remote, patterns)
        if found is None:
            raise
        raise ConflictError(
            f"the tag {found} here differs from the one on {repository.remote}",
            hint=f"if the local tag was never pushed, remove it: git tag -d {found}; otherwise "
            f"the tag on {repository.remote} was moved, which is not allowed",
        ) from error
    except RemoteError as error:
        raise offer_local(error) from error


def offer_local(error: RemoteError) -> RemoteError:
    """Return the same error with a hint on how to work while the remote is unreachable."""
    away = "use --local to work without the remote"
    error.hint = f"{error.hint}; {away}" if error.hint else away
    return error


def _find_diverged(repository: Repository, remote: str, patterns: Sequence[str]) -> str | None:
    """Return the short name of a release tag that differs from the remote's; None if there is
    none.
    """
    tags = [f"refs/tags/{one}" for one in patterns]
    there = list_remote(repository.git, remote, tags, limits=repository.config.timeouts.usual)
    here = read_refs(repository.git, [ref for ref in there if not ref.endswith("^{}")])
    return next((short_name(ref) for ref in here if here[ref].oid != there[ref]), None)


def is_published(repository: Repository, ref: str) -> bool:
    """Return whether the remote has the tag `ref`. True without a remote."""
    if repository.remote is None:
        return True
    try:
        limits = repository.config.timeouts.usual
        fetch(repository.git, repository.remote, [ref], limits=limits)
    except RemoteRefNotFoundError:
        return False
    return True
